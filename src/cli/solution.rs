//! `kubekata solution`: the way the author would go. That it was seen is remembered.

use std::process::ExitCode;

use anyhow::Result;

use super::GOOD;
use super::app::App;
use super::output::Tone;
use crate::session::Entry;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata; the one under way where it is left out
    kata: Option<String>,
}

pub fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let mut learner = app.learner()?;
    let kata = app.kata(&course, &learner, args.kata.as_deref())?;
    let kata = learner.instance(kata)?;
    if learner.progress.attempt(&kata.id).number > 0 {
        let kata = kata.id.clone();
        learner.record(Entry::SolutionShown { kata })?;
    }
    // The script first: it says what the other files are for.
    let mut files: Vec<_> = kata.solution.iter().collect();
    files.sort_by_key(|file| (file.name != "solve.sh", file.name.as_str()));
    for file in files {
        say!(
            "{}\n",
            app.out.paint(Tone::Dim, &format!("# {}", file.name))
        );
        say!("{}", file.text);
    }
    Ok(GOOD)
}
