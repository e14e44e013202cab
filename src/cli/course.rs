//! `kubekata course`: where the course comes from, and how one from a git repository is brought up
//! to date.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::app::App;
use super::{GOOD, Misuse};
use crate::course::Origin;

/// The course that is learned
///
/// A course of a git repository stays at the commit that its revision led to when it was fetched.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show where the course comes from
    Status,
    /// Fetch the course anew, and stay at the commit that its revision leads to now
    Update,
}

pub fn run(app: &App, args: &Args) -> Result<ExitCode> {
    match args.command {
        None | Some(Command::Status) => status(app),
        Some(Command::Update) => update(app),
    }
}

fn status(app: &App) -> Result<ExitCode> {
    let course = app.course()?;
    say!("course   {}", course.title);
    match &app.global.course {
        None => say!("from     this program"),
        Some(origin) => say!("from     {origin}"),
    }
    if let Some(Origin::Git(origin)) = &app.global.course
        && let Some(pinned) = app.git_courses()?.pinned(origin)
    {
        say!("commit   {}", pinned.commit);
    }
    say!("katas    {}", course.katas.len());
    Ok(GOOD)
}

fn update(app: &App) -> Result<ExitCode> {
    let Some(Origin::Git(origin)) = &app.global.course else {
        let message = "only a course of a git repository is fetched: --course URL#REV";
        return Err(Misuse(message.to_owned()).into());
    };
    let courses = app.git_courses()?;
    let before = courses.pinned(origin).map(|pinned| pinned.commit);
    let now = courses.fetch(origin)?.commit;
    match before {
        Some(before) if before == now => say!("{now} is what {} still leads to", origin.revision),
        Some(before) => say!("{before} became {now}"),
        None => say!("fetched {now}"),
    }
    // With all of its mistakes, before anybody learns with it.
    app.course()?;
    Ok(GOOD)
}
