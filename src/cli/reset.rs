//! `kubekata reset`: everything of a kata is deleted and set anew.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;

use super::app::App;
use super::start::begin;
use super::{GOOD, Misuse, refused};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata; the one under way where it is left out
    kata: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
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
    if !args.yes && !confirmed(&question)? {
        say!("nothing was changed");
        return Ok(refused());
    }
    begin(app, &mut learner, &kata, true).await?;
    Ok(GOOD)
}

fn confirmed(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        let message = format!("{question} Say so with --yes");
        return Err(Misuse(message).into());
    }
    print!("{question} [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
