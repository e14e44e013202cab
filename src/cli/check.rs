//! `kubekata check`: how far a kata is, once or as it changes.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::app::{App, Learner};
use super::junit::{self, Case, Suite};
use super::output::Tone;
use super::report::Report;
use super::{GOOD, refused, watch};
use crate::check::{Judge, Patience, Verdict};
use crate::course::KataInstance;
use crate::sandbox::Observer;
use crate::session;

/// What is under way is waited for as long as something moves at least this often.
pub(super) const QUIET: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata; the one under way where it is left out
    kata: Option<String>,
    /// Go on until every task is done; with --json a line for each change
    #[arg(long, conflicts_with = "junit")]
    watch: bool,
    /// Give every check all the time it grants, instead of only while something moves
    #[arg(long)]
    wait: bool,
    /// For programs
    #[arg(long)]
    json: bool,
    /// Write the verdicts as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let mut learner = app.learner()?;
    let kata = app.kata(&course, &learner, args.kata.as_deref())?;
    let kata = learner.instance(kata)?;
    learner.attempt(&kata)?;
    let sandbox = app.sandbox(&learner.places).await?;
    let observer = Observer::new(sandbox.client());
    let judge = session::judge(sandbox.as_ref(), &observer, &kata)?;
    let code = if args.watch {
        watch::run(app, &mut learner, &kata, &judge, args.json).await?
    } else {
        once(app, args, &mut learner, &kata, &judge).await?
    };
    sandbox.close().await?;
    Ok(code)
}

async fn once(
    app: &App,
    args: &Args,
    learner: &mut Learner,
    kata: &KataInstance,
    judge: &Judge,
) -> Result<ExitCode> {
    let began = Instant::now();
    let patience = match args.wait {
        true => Patience::Full,
        false => Patience::WhileMoving(QUIET),
    };
    let report = Report::new(kata, judge.settle(patience).await);
    super::exam::record_score(app, learner, kata, report.done())?;
    if report.is_solved() {
        learner.record_solved(kata, app.now())?;
    }
    if let Some(path) = &args.junit {
        junit::write(path, &[suite(&report, began.elapsed())])?;
    }
    if args.json {
        say!("{}", serde_json::to_string_pretty(&report.json())?);
    } else {
        report.print(&app.out);
        if report.is_solved() {
            print_solved(app, learner, kata);
        }
    }
    Ok(if report.is_solved() { GOOD } else { refused() })
}

pub(super) fn print_solved(app: &App, learner: &Learner, kata: &KataInstance) {
    say!("\n{}\n", app.out.good(&format!("solved: {}", kata.title)));
    say!("{}\n", app.out.prose(&kata.debrief));
    let attempt = learner.progress.attempt(&kata.id);
    say!("{}", app.out.paint(Tone::Strong, "Your path"));
    for line in super::report::path_lines(&app.out, &attempt) {
        say!("  {line}");
    }
    say!("");
    say!("  {}", app.out.paint(Tone::Accent, "kubekata next"));
}

fn suite(report: &Report<'_>, time: Duration) -> Suite {
    let case = |verdict: &Verdict| Case {
        name: verdict.check.clone(),
        time: time / u32::try_from(report.verdicts.len()).unwrap_or(1).max(1),
        failure: (!verdict.holds()).then(|| {
            let differences = verdict.differences.iter();
            let lines: Vec<String> = differences
                .map(|it| format!("{}: expected {}, seen {}", it.field, it.expected, it.seen))
                .collect();
            let mut text = vec![verdict.says.trim_end().to_owned()];
            text.extend(lines);
            text.extend(
                verdict
                    .otherwise
                    .as_ref()
                    .map(|why| format!("why: {}", why.trim_end())),
            );
            text.extend(
                verdict
                    .look
                    .iter()
                    .map(|command| format!("look: {command}")),
            );
            text.join("\n")
        }),
    };
    Suite {
        name: report.kata.id.to_string(),
        cases: report.verdicts.iter().map(case).collect(),
    }
}
