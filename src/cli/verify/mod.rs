//! `kubekata verify`: proves katas. The start is not solved, the solution passes every check, and
//! each wrong answer is refused by exactly the checks that kata.yaml names.
//!
//! Katas are proven several at once, each in a cluster of its own, which its cases share as long as
//! they leave it as they found it (see [`shared`]). Its time jumps from one timer to the next (see
//! [`stage`]), except while bash and the real kubectl run scripts, as a learner would type them. On somebody's cluster (`--sandbox`) they happen one after the other, in real time.

mod attention;
mod case;
mod foreign;
mod judgement;
mod script;
mod shared;
mod stage;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use self::case::{Case, Outcome, Spent, What};
use self::stage::Stages;
use super::app::App;
use super::junit::{self, Suite};
use super::{GOOD, Misuse, refused};
use crate::course::{Course, KataInstance};
use crate::sandbox::Choice;

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
    app.allow_programs("verify")?;
    script::require_tools().await?;
    let first_seed = app.global.seed.unwrap_or(1);
    let mut cases = Vec::new();
    for name in chosen(&course, &args.katas)? {
        let kata = course.find(&name).context("a kata of this course")?;
        for seed in first_seed..first_seed + args.seeds.max(1) {
            cases.extend(cases_of(&course, Arc::new(kata.instance(seed)?)));
        }
    }
    let (jobs, began) = match app.global.sandbox {
        Choice::Embedded => (args.jobs.unwrap_or_else(parallelism).max(1), Instant::now()),
        // They would be in each other's way.
        _ => (1, Instant::now()),
    };
    let outcomes = match app.global.sandbox {
        Choice::Embedded => prove(app, cases, jobs).await?,
        _ => foreign::prove(app, cases).await?,
    };
    print_sum(app, &outcomes, began.elapsed(), jobs);
    if let Some(path) = &args.junit {
        junit::write(path, &suites(&outcomes))?;
    }
    let proven = outcomes.iter().all(|outcome| outcome.failure.is_none());
    Ok(if proven { GOOD } else { refused() })
}

/// The outcomes in the order of the cases; each is printed as soon as it is there.
async fn prove(app: &App, cases: Vec<Case>, jobs: usize) -> Result<Vec<Outcome>> {
    let mut stages = Stages::open(cases, jobs)?;
    let mut outcomes = Vec::new();
    while let Some((place, outcome)) = stages.next().await {
        print(app, &outcome);
        outcomes.push((place, outcome));
    }
    stages.close()?;
    outcomes.sort_by_key(|(place, _)| *place);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
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

fn cases_of(course: &Arc<Course>, kata: Arc<KataInstance>) -> Vec<Case> {
    let mut whats = vec![What::Solution];
    whats.extend(kata.also.keys().cloned().map(What::Also));
    whats.extend(kata.wrong.keys().cloned().map(What::Wrong));
    whats
        .into_iter()
        .map(|what| Case {
            kata: kata.clone(),
            what,
            course: course.clone(),
        })
        .collect()
}

fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn print(app: &App, outcome: &Outcome) {
    if let Some(why) = &outcome.skipped {
        let mark = app.out.partial("skipped");
        say!(" {mark}  {:32} {:32} {why}", outcome.title, outcome.what);
        return;
    }
    let mark = match outcome.failure {
        None => app.out.good("proven"),
        Some(_) => app.out.bad("failed"),
    };
    say!(
        " {mark}  {:32} {:32} {:5.2} s, of it {:5.2} s in scripts",
        outcome.title,
        outcome.what,
        outcome.spent.whole().as_secs_f64(),
        outcome.spent.scripts.as_secs_f64(),
    );
    if let Some(failure) = &outcome.failure {
        for line in failure.lines() {
            say!("           {line}");
        }
    }
}

/// What one kata cost, with all of its cases.
struct Sum<'a> {
    title: &'a str,
    spent: Spent,
}

fn sums(outcomes: &[Outcome]) -> Vec<Sum<'_>> {
    let mut sums: Vec<Sum<'_>> = Vec::new();
    for outcome in outcomes {
        match sums.iter_mut().find(|sum| sum.title == outcome.title) {
            Some(sum) => sum.spent += outcome.spent,
            None => sums.push(Sum {
                title: &outcome.title,
                spent: outcome.spent,
            }),
        }
    }
    sums
}

fn print_sum(app: &App, outcomes: &[Outcome], wall: Duration, jobs: usize) {
    let sums = sums(outcomes);
    let mut all = Spent::default();
    for sum in &sums {
        all += sum.spent;
    }
    let average = |time: Duration| time.as_secs_f64() / sums.len().max(1) as f64;
    say!("");
    say!(
        "{} cases of {} katas in {:.2} s, {jobs} at once",
        outcomes.len(),
        sums.len(),
        wall.as_secs_f64(),
    );
    say!(
        "a kata costs {:.2} s in scripts and {:.2} s above them: \
         {:.2} for clusters, {:.2} for scenes, {:.2} for checks",
        average(all.scripts),
        average(all.above_scripts()),
        average(all.cluster),
        average(all.scene),
        average(all.checks),
    );
    if !all.program.is_zero() {
        say!("programs ran for {:.2} s", all.program.as_secs_f64());
    }
    if let Some(most) = sums.iter().max_by_key(|sum| sum.spent.above_scripts()) {
        let above = most.spent.above_scripts().as_secs_f64();
        say!("the most is {above:.2} s above its scripts, {}", most.title);
    }
    match outcomes.iter().filter(|it| it.failure.is_some()).count() {
        0 => say!("{}", app.out.good("all proven")),
        failed => say!("{}", app.out.bad(&format!("{failed} failed"))),
    }
}

fn suites(outcomes: &[Outcome]) -> Vec<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    for outcome in outcomes {
        let case = junit::Case {
            name: outcome.what.clone(),
            time: outcome.spent.whole(),
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
