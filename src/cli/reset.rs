//! `kubekata reset`: everything of a kata is deleted and set anew.

use std::process::ExitCode;

use anyhow::Result;

use super::app::App;
use super::output::confirmed;
use super::start::begin;
use super::{GOOD, refused};

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
    Ok(GOOD)
}
