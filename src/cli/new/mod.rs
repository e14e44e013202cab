//! `kubekata new`: a course or a kata to begin with, complete and ready to be changed.

mod course;
mod kata;
mod place;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::app::App;
use super::{GOOD, Misuse};
use crate::course::Origin;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A kata with its lesson, checks, solution and two wrong answers
    Kata {
        /// Where it belongs: track/slug
        id: String,
    },
    /// A course without katas, in a new folder
    Course {
        /// The folder
        folder: PathBuf,
    },
}

pub fn run(app: &App, args: &Args) -> Result<ExitCode> {
    match &args.what {
        What::Kata { id } => kata::write(&root(app)?, id)?,
        What::Course { folder } => course::write(folder)?,
    }
    Ok(GOOD)
}

/// The folder of the course; here where none is named.
fn root(app: &App) -> Result<PathBuf> {
    match &app.global.course {
        None => Ok(PathBuf::from(".")),
        Some(Origin::Folder(folder)) => Ok(folder.clone()),
        Some(Origin::Git(origin)) => {
            let message = format!("{origin} is written to by its authors; clone it first");
            Err(Misuse(message).into())
        }
    }
}
