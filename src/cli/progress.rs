//! `kubekata progress`: carry what is remembered to another computer, or back.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::app::{App, Learner};
use super::output::{counted, span};
use super::{GOOD, Misuse};
use crate::sandbox::write_private;
use crate::session::{Entry, Exchange};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write everything that is remembered into one file
    Export {
        /// Where to; the standard output where it is left out
        file: Option<PathBuf>,
    },
    /// Join what a file remembers with what is known here; the better record of each is kept
    Import {
        file: PathBuf,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
    },
}

pub fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let learner = app.learner()?;
    match &args.what {
        What::Export { file } => export(app, &learner, file.as_deref()),
        What::Import { file, dry_run } => import(app, learner, file, *dry_run),
    }
}

fn export(app: &App, learner: &Learner, file: Option<&Path>) -> Result<ExitCode> {
    let exchange = Exchange::new(learner.own_seed, learner.progress.clone(), app.now());
    let text = exchange.to_text()?;
    match file {
        None => say!("{}", text.trim_end()),
        Some(file) => {
            write_private(file, &text)?;
            let katas = counted(learner.progress.katas.len(), "kata");
            say!("{katas} written to {}", file.display());
        }
    }
    Ok(GOOD)
}

fn import(app: &App, mut learner: Learner, file: &Path, dry_run: bool) -> Result<ExitCode> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file.display().to_string();
    let exchange = Exchange::read(&name, &text).map_err(|error| Misuse(error.to_string()))?;
    let course = app.course()?;
    let mut entries = Vec::new();
    if learner.progress.katas.is_empty() && learner.own_seed != exchange.seed {
        // Nothing was drawn here yet: the katas shall be the same on both computers.
        entries.push(Entry::SeedTaken {
            seed: exchange.seed,
        });
    }
    for (kata, record) in learner.progress.news_in(&exchange.progress) {
        let best = record.solved.iter().map(|solved| solved.seconds).min();
        let how = match best {
            Some(seconds) => format!(
                "solved {}, best in {}",
                times(record.solved.len()),
                span(seconds)
            ),
            None => "begun".to_owned(),
        };
        let known = match course.kata(kata) {
            Some(_) => "",
            None => " (not in this course)",
        };
        say!("{kata}: {how}{known}");
        entries.push(Entry::Imported {
            kata: kata.clone(),
            record: Box::new(record),
        });
    }
    let past = |began| {
        learner
            .progress
            .exams
            .iter()
            .any(|exam| exam.began == began)
    };
    for exam in &exchange.progress.exams {
        // An exam under way is taken where it began; its clusters are there.
        let (Some(ended), false) = (exam.ended, past(exam.began)) else {
            continue;
        };
        if learner.progress.exam().is_some() {
            say!("exams are left out while one is under way here");
            break;
        }
        say!("an exam with {} %", exam.percent());
        let exam = Box::new(exam.clone());
        entries.push(Entry::ExamBegan { exam });
        entries.push(Entry::ExamEnded { at: ended });
    }
    match (entries.is_empty(), dry_run) {
        (true, _) => say!("nothing new: everything in it is known here"),
        (false, true) => say!("nothing was changed (--dry-run)"),
        (false, false) => {
            let count = entries.len();
            learner.record_all(entries)?;
            say!("{} taken over", counted(count, "record"));
        }
    }
    Ok(GOOD)
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        _ => format!("{count} times"),
    }
}
