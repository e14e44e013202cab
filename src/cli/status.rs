//! `kubekata status`: the kata under way, the course so far, the cluster.

use std::process::ExitCode;

use anyhow::Result;

use super::GOOD;
use super::app::App;
use super::cluster::print_status;
use super::output::{counted, span};
use crate::session::State;

pub async fn run(app: &App) -> Result<ExitCode> {
    let course = app.course()?;
    let learner = app.learner()?;
    match learner.under_way(&course) {
        Some(kata) => {
            let attempt = learner.progress.attempt(&kata.id);
            let how = if attempt.solved {
                "solved"
            } else {
                "under way"
            };
            println!("kata      {}  {}, {how}", kata.id, kata.title);
            let hints = counted(attempt.hints.len(), "hint");
            println!(
                "attempt   {}, {hints}, {}",
                attempt.number,
                span(attempt.seconds)
            );
            println!("files     {}", learner.places.work(&kata.id).display());
        }
        None => println!("kata      none yet"),
    }
    let seed = learner.seed;
    let places = learner.places.clone();
    let tracks = State::new(course, seed, learner.progress).map();
    let solved: usize = tracks.iter().map(|track| track.solved).sum();
    let all: usize = tracks.iter().map(|track| track.katas.len()).sum();
    println!("course    {solved} of {all} katas");
    println!("seed      {seed}");
    println!("data      {}", places.root().display());
    print_status(&places).await?;
    Ok(GOOD)
}
