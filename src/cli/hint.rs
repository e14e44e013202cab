//! `kubekata hint`: the next hint, passing over tasks that are done.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;

use super::app::{App, Learner};
use super::output::Tone;
use super::{GOOD, Misuse};
use crate::course::{Hint, KataInstance};
use crate::sandbox::{self, Choice, Observer, Sandbox};
use crate::session::{self, Entry, TaskStatus};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata; the one under way where it is left out
    kata: Option<String>,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let mut learner = app.learner()?;
    let kata = app.kata(&course, &learner, args.kata.as_deref())?;
    let kata = learner.instance(kata)?;
    let attempt = learner.attempt(&kata)?;
    if learner.progress.is_examined(&kata.id) {
        return Err(Misuse(session::NO_HELP.to_owned()).into());
    }
    let done = done_tasks(app, &learner, &kata).await?;
    let done: Vec<&str> = done.iter().map(String::as_str).collect();
    match session::next_hint(&kata, &attempt.hints, &done) {
        Some(index) => {
            learner.record(Entry::HintShown {
                kata: kata.id.clone(),
                hint: index,
            })?;
            let shown = attempt.hints.len() + 1;
            print(app, &kata.hints[index], shown, kata.hints.len());
        }
        None => say!("no more hints; `kubekata solution` shows the whole way"),
    }
    Ok(GOOD)
}

fn print(app: &App, hint: &Hint, shown: usize, of: usize) {
    let count = format!("hint {shown} of {of}, {}", hint.tier.as_str());
    say!("{}\n", app.out.paint(Tone::Dim, &count));
    say!("{}", app.out.prose(&hint.text));
    if let Some(command) = &hint.command {
        say!("\n  {}", app.out.paint(Tone::Accent, command));
    }
}

/// Tasks that are done right now; none where no cluster runs.
async fn done_tasks(app: &App, learner: &Learner, kata: &KataInstance) -> Result<Vec<String>> {
    let attached: Arc<dyn Sandbox> = match &app.global.sandbox {
        Choice::Embedded => match sandbox::attach_if_running(&learner.places).await? {
            Some(attached) => Arc::new(attached),
            None => return Ok(Vec::new()),
        },
        _ => app.sandbox(&learner.places).await?,
    };
    let observer = Observer::new(attached.client());
    let judge = session::judge(attached.as_ref(), &observer, kata)?;
    let verdicts = judge.glance().await;
    attached.close().await?;
    Ok(session::judge_tasks(kata, &verdicts)
        .into_iter()
        .filter(|task| task.status == TaskStatus::Done)
        .map(|task| task.id)
        .collect())
}
