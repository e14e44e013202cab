//! `kubekata start`: sets the scene of a kata, or goes on where it was left.

use std::process::ExitCode;

use anyhow::Result;

use super::GOOD;
use super::app::{App, Learner};
use super::output::{Output, Tone};
use super::report::task_line;
use crate::course::KataInstance;
use crate::session::{self, Entry, Prepared};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata: track/slug, or its slug alone
    kata: String,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let mut learner = app.learner()?;
    let kata = app.kata(&course, &learner, Some(&args.kata))?;
    let kata = learner.instance(kata)?;
    let fresh = learner.progress.begins_anew(&kata.id);
    begin(app, &mut learner, &kata, fresh).await?;
    Ok(GOOD)
}

/// Prepares the kata and says how to work on it.
pub async fn begin(
    app: &App,
    learner: &mut Learner,
    kata: &KataInstance,
    fresh: bool,
) -> Result<()> {
    let sandbox = app.sandbox(&learner.places).await?;
    let silent = |_: &'static str| std::future::ready(());
    let prepared =
        session::prepare_kata(sandbox.as_ref(), &learner.places, kata, fresh, silent).await?;
    if prepared.fresh {
        learner.record(Entry::Started {
            kata: kata.id.clone(),
            at: app.now(),
            seed: Some(kata.seed),
        })?;
    }
    print(&app.out, kata, &prepared);
    sandbox.close().await
}

fn print(out: &Output, kata: &KataInstance, prepared: &Prepared) {
    say!("{}  {}\n", out.paint(Tone::Strong, &kata.title), kata.id);
    say!("{}\n", out.prose(&kata.story));
    for task in session::judge_tasks(kata, &[]) {
        say!("{}", task_line(out, &task));
    }
    let found = match prepared.fresh {
        true => "",
        false => "\nEverything stands as you left it; `kubekata reset` begins anew.",
    };
    say!("{found}");
    let rows = [
        ("kubekata shell", "a shell in the kata's folder"),
        ("eval \"$(kubekata env)\"", "or your own terminal"),
        ("kubekata check", "how far you are"),
        ("kubekata hint", "a nudge, then more"),
    ];
    for (command, what) in rows {
        say!(
            "  {:24} {}",
            out.paint(Tone::Accent, &format!("{command:24}")),
            out.paint(Tone::Dim, what)
        );
    }
}
