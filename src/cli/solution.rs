//! `kubekata solution`: the way the author would go. That it was seen is remembered.

use std::process::ExitCode;

use anyhow::Result;

use super::app::{App, Learner};
use super::output::Tone;
use super::{GOOD, Misuse};
use crate::course::KataInstance;
use crate::session::{self, Comparison, Entry};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata; the one under way where it is left out
    kata: Option<String>,
    /// Only where what you have differs from it
    #[arg(long)]
    diff: bool,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let mut learner = app.learner()?;
    let kata = app.kata(&course, &learner, args.kata.as_deref())?;
    let kata = learner.instance(kata)?;
    if learner.progress.is_examined(&kata.id) {
        return Err(Misuse(session::NO_HELP.to_owned()).into());
    }
    if learner.progress.attempt(&kata.id).number > 0 {
        let kata = kata.id.clone();
        learner.record(Entry::SolutionShown { kata })?;
    }
    if args.diff {
        return diff(app, &learner, &kata).await;
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

/// Where the learner's objects differ from what the solution would make of them.
async fn diff(app: &App, learner: &Learner, kata: &KataInstance) -> Result<ExitCode> {
    let sandbox = app.sandbox(&learner.places).await?;
    let compared = session::compare(&sandbox.client(), kata).await?;
    sandbox.close().await?;
    if compared.is_empty() {
        say!("the solution is made of commands only: `kubekata solution` shows them");
    }
    for object in compared {
        match object.outcome {
            Comparison::Same => say!("{}", app.out.good(&format!("{}  the same", object.title))),
            Comparison::Missing => {
                say!("{}", app.out.open(&format!("{}  not there", object.title)))
            }
            Comparison::Refused(why) => say!("{}  {why}", app.out.bad(&object.title)),
            Comparison::Differs(lines) => {
                say!(
                    "{}",
                    app.out
                        .partial(&format!("{}  - solution, + yours", object.title))
                );
                for line in lines {
                    let tone = match line.sign {
                        '-' => Tone::Bad,
                        '+' => Tone::Good,
                        _ => Tone::Plain,
                    };
                    let text = format!("{} {}", line.sign, line.text);
                    say!("    {}", app.out.paint(tone, &text));
                }
            }
        }
    }
    Ok(GOOD)
}
