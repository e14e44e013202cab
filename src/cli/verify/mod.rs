//! `kubekata verify`: proves katas. The start is not solved, the solution passes every check, and
//! each wrong answer is refused by exactly the checks that kata.yaml names.
//!
//! Each case runs in a cluster of its own, in scaled time, several at once. Scripts are run by
//! bash with the real kubectl, as a learner would type them.

mod case;
mod script;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::{StreamExt, stream};

use self::case::{Case, Outcome, What};
use super::app::App;
use super::junit::{self, Suite};
use super::{GOOD, Misuse, refused};
use crate::course::{Course, KataInstance};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The katas to prove; all where none is named
    katas: Vec<String>,
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Prove each kata for so many learners
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,
    /// How many cases run at once; as many as there are processors unless it says otherwise
    #[arg(long, short, value_name = "N")]
    jobs: Option<usize>,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    script::require_tools().await?;
    let first_seed = app.global.seed.unwrap_or(1);
    let mut cases = Vec::new();
    for name in chosen(&course, &args.katas)? {
        let kata = course.find(&name).context("a kata of this course")?;
        for seed in first_seed..first_seed + args.seeds.max(1) {
            cases.extend(cases_of(Arc::new(kata.instance(seed)?)));
        }
    }
    let jobs = args.jobs.unwrap_or_else(parallelism).max(1);
    let began = Instant::now();
    let mut results: Vec<(usize, Outcome)> = stream::iter(cases.into_iter().enumerate())
        .map(|(index, case)| async move { (index, case.prove().await) })
        .buffer_unordered(jobs)
        .inspect(|(_, outcome)| print(app, outcome))
        .collect()
        .await;
    results.sort_by_key(|(index, _)| *index);
    let outcomes: Vec<Outcome> = results.into_iter().map(|(_, outcome)| outcome).collect();
    print_sum(app, &outcomes, began.elapsed());
    if let Some(path) = &args.junit {
        junit::write(path, &suites(&outcomes))?;
    }
    let proven = outcomes.iter().all(|outcome| outcome.failure.is_none());
    Ok(if proven { GOOD } else { refused() })
}

fn chosen(course: &Course, names: &[String]) -> Result<Vec<String>> {
    if names.is_empty() {
        let all = course.katas_in_order();
        return Ok(all.map(|kata| kata.id.to_string()).collect());
    }
    for name in names {
        if course.find(name).is_none() {
            return Err(Misuse(format!("no kata {name}")).into());
        }
    }
    Ok(names.to_vec())
}

fn cases_of(kata: Arc<KataInstance>) -> Vec<Case> {
    let mut whats = vec![What::Solution];
    whats.extend(kata.wrong.keys().cloned().map(What::Wrong));
    whats
        .into_iter()
        .map(|what| Case {
            kata: kata.clone(),
            what,
        })
        .collect()
}

fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn print(app: &App, outcome: &Outcome) {
    let mark = match outcome.failure {
        None => app.out.good("proven"),
        Some(_) => app.out.bad("failed"),
    };
    say!(
        " {mark}  {:32} {:24} {:5.2} s, of it {:4.2} s in scripts",
        outcome.title,
        outcome.what,
        outcome.time.as_secs_f64(),
        outcome.scripts.as_secs_f64(),
    );
    if let Some(failure) = &outcome.failure {
        for line in failure.lines() {
            say!("           {line}");
        }
    }
}

fn print_sum(app: &App, outcomes: &[Outcome], wall: Duration) {
    let failed = outcomes.iter().filter(|it| it.failure.is_some()).count();
    let above: Duration = outcomes.iter().map(Outcome::above_scripts).sum();
    let mut katas: Vec<&str> = outcomes.iter().map(|it| it.title.as_str()).collect();
    katas.sort_unstable();
    katas.dedup();
    let per_kata = above.as_secs_f64() / katas.len().max(1) as f64;
    say!("");
    say!(
        "{} cases of {} katas in {:.2} s; {per_kata:.2} s a kata above its scripts",
        outcomes.len(),
        katas.len(),
        wall.as_secs_f64(),
    );
    match failed {
        0 => say!("{}", app.out.good("all proven")),
        _ => say!("{}", app.out.bad(&format!("{failed} failed"))),
    }
}

fn suites(outcomes: &[Outcome]) -> Vec<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    for outcome in outcomes {
        let case = junit::Case {
            name: outcome.what.clone(),
            time: outcome.time,
            failure: outcome.failure.clone(),
        };
        match suites.iter_mut().find(|suite| suite.name == outcome.title) {
            Some(suite) => suite.cases.push(case),
            None => suites.push(Suite {
                name: outcome.title.clone(),
                cases: vec![case],
            }),
        }
    }
    suites
}
