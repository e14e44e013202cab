//! `kubekata reset`: everything of a kata is deleted and set anew; `--undo` takes it back.

use std::process::ExitCode;

use anyhow::Result;

use super::app::{App, Learner};
use super::output::confirmed;
use super::start::begin;
use super::{GOOD, Misuse, refused};
use crate::course::KataInstance;
use crate::session::{self, Entry};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata; the one under way where it is left out
    kata: Option<String>,
    /// Take the last reset back: what was there before is put back
    #[arg(long)]
    undo: bool,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let mut learner = app.learner()?;
    let kata = app.kata(&course, &learner, args.kata.as_deref())?;
    let kata = learner.instance(kata)?;
    if args.undo {
        return undo(app, learner, &kata).await;
    }
    let namespaces = kata.namespaces.join(", ");
    let question = format!(
        "delete everything in {namespaces} and begin {} anew?",
        kata.id
    );
    if !app.global.yes && !confirmed(&question)? {
        say!("nothing was changed");
        return Ok(refused());
    }
    begin(app, &mut learner, &kata, true).await?;
    say!("\n`kubekata reset --undo` takes this back.");
    Ok(GOOD)
}

async fn undo(app: &App, mut learner: Learner, kata: &KataInstance) -> Result<ExitCode> {
    let nothing = || Misuse(format!("no reset of {} to take back", kata.id));
    let record = learner.progress.kata(&kata.id);
    let before = record.and_then(|record| record.before.as_ref());
    let seed = before.ok_or_else(nothing)?.seed.unwrap_or(learner.seed);
    let course = app.course()?;
    let before = course.kata(&kata.id).ok_or_else(nothing)?.instance(seed)?;
    let question = format!("put back what {} was before the last reset?", kata.id);
    if !app.global.yes && !confirmed(&question)? {
        say!("nothing was changed");
        return Ok(refused());
    }
    let sandbox = app.sandbox(&learner.places).await?;
    let silent = |_: &'static str| std::future::ready(());
    let places = learner.places.clone();
    let restored = session::restore_kata(sandbox.as_ref(), &places, kata, &before, silent).await?;
    learner.record(Entry::Restored {
        kata: kata.id.clone(),
    })?;
    say!("{}", app.out.good("taken back"));
    for refused in &restored.refused {
        say!("  {}", app.out.bad(refused));
    }
    sandbox.close().await?;
    Ok(GOOD)
}
