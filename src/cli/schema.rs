//! `kubekata schema`: the formats of a course's files, for editors that check while one types.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use super::GOOD;
use crate::{check, course};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kind of file
    #[arg(value_enum)]
    of: File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum File {
    /// katas/TRACK/SLUG/kata.yaml
    Kata,
    /// checks/TRACK/SLUG.yaml
    Checks,
    /// lessons/course.yaml
    Course,
    /// The front matter of a lesson
    Lesson,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let schema: Value = match args.of {
        File::Kata => course::kata_schema(),
        File::Checks => check::schema(),
        File::Course => course::course_schema(),
        File::Lesson => course::lesson_schema(),
    };
    say!("{}", serde_json::to_string_pretty(&schema)?);
    Ok(GOOD)
}
