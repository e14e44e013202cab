//! `kubekata status`: the kata under way, the course so far, the cluster.

use std::process::ExitCode;

use anyhow::Result;

use super::GOOD;
use super::app::App;
use super::cluster::print_status;
use super::output::{counted, span};
use crate::session::State;
use crate::session::review::due_list;

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
            say!("kata      {}  {}, {how}", kata.id, kata.title);
            let hints = counted(attempt.hints.len(), "hint");
            say!(
                "attempt   {}, {hints}, {}",
                attempt.number,
                span(attempt.seconds)
            );
            say!("files     {}", learner.places.work(&kata.id).display());
        }
        None => say!("kata      none yet"),
    }
    let now = app.now();
    if let Some(exam) = learner.progress.exam() {
        let (reached, all) = exam.points();
        let left = span(exam.left(now));
        say!("exam      {left} left, {reached} of {all} points");
    }
    let due = due_list(&course, &learner.progress);
    let due = due.iter().filter(|(_, due)| due.is_now(now)).count();
    if due > 0 {
        say!("review    {} due: kubekata review", counted(due, "kata"));
    }
    let seed = learner.seed;
    let places = learner.places.clone();
    let tracks = State::new(course, seed, learner.progress).map();
    let solved: usize = tracks.iter().map(|track| track.solved).sum();
    let all: usize = tracks.iter().map(|track| track.katas.len()).sum();
    say!("course    {solved} of {all} katas");
    say!("seed      {seed}");
    say!("data      {}", places.root().display());
    print_status(&places).await?;
    Ok(GOOD)
}
