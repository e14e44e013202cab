//! `kubekata review`: do a solved kata again when it is worth it, with other names and numbers.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::app::App;
use super::output::Tone;
use super::start::begin;
use super::{GOOD, Misuse};
use crate::course::KataId;
use crate::session::review::{Due, due_list, next_seed};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// This kata, whether it is due or not; the most urgent one where it is left out
    kata: Option<String>,
    /// Only show what is due, and when the others will be
    #[arg(long, conflicts_with = "kata")]
    list: bool,
    /// The list, for programs
    #[arg(long, conflicts_with = "kata")]
    json: bool,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let mut learner = app.learner()?;
    let now = app.now();
    let list = due_list(&course, &learner.progress);
    if args.json {
        let line = |(id, due): &(KataId, Due)| {
            json!({
                "kata": id,
                "due": due.at,
                "isDue": due.is_now(now),
                "intervalDays": due.interval,
            })
        };
        let lines: Vec<_> = list.iter().map(line).collect();
        say!("{}", serde_json::to_string_pretty(&lines)?);
        return Ok(GOOD);
    }
    if args.list {
        for (id, due) in &list {
            let tone = if due.is_now(now) {
                Tone::Accent
            } else {
                Tone::Dim
            };
            say!(
                "  {}  {id}",
                app.out.paint(tone, &format!("{:>11}", due.words(now)))
            );
        }
        if list.is_empty() {
            say!("nothing is solved yet");
        }
        return Ok(GOOD);
    }
    let id = match args.kata.as_deref() {
        Some(name) => app.kata(&course, &learner, Some(name))?.id.clone(),
        None => match list.iter().find(|(_, due)| due.is_now(now)) {
            Some((id, _)) => id.clone(),
            None => {
                match list.first() {
                    Some((id, due)) => say!("nothing is due; {id} comes {}", due.words(now)),
                    None => {
                        say!("nothing is due: no kata is solved, or the solved ones are under way")
                    }
                }
                return Ok(GOOD);
            }
        },
    };
    let record = learner
        .progress
        .kata(&id)
        .filter(|record| !record.solved.is_empty());
    let Some(record) = record else {
        return Err(Misuse(format!("{id} is not solved yet: kubekata start {id}")).into());
    };
    let seed = match app.global.seed {
        Some(seed) => seed,
        None => next_seed(learner.own_seed, record),
    };
    let Some(kata) = course.kata(&id) else {
        return Ok(GOOD);
    };
    let kata = kata.instance(seed)?;
    begin(app, &mut learner, &kata, true).await?;
    Ok(GOOD)
}
