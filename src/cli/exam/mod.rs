//! `kubekata exam`: a timed set of katas without hints, with credit for every task.
//!
//! It is kept in the journal: it survives quitting, and its time goes on meanwhile.

mod print;

use std::process::ExitCode;

use anyhow::{Context, Result};

use self::print::{as_json, print_review, print_status};
use super::app::{App, Learner};
use super::{GOOD, Misuse, refused, start};
use crate::check::Patience;
use crate::course::{Course, Difficulty, KataId, KataInstance};
use crate::sandbox::{Observer, Sandbox};
use crate::session::{self, Entry, Exam, Score, TaskStatus, Wish, new_seed};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Draw an exam and begin it; its time counts from now
    Start(StartArgs),
    /// How much time is left and what is done, as it was judged last
    Status {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Set the scene of a kata of the exam; of the next one that is not done where it is left out
    Open { kata: Option<String> },
    /// Judge the katas of the exam that were opened
    Check {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Judge everything once more, end the exam and look back at it
    Finish {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Look back at the last exam that has ended
    Review {
        /// For programs
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
struct StartArgs {
    /// Only katas of this track; may be given several times
    #[arg(long = "track", value_name = "TRACK")]
    tracks: Vec<String>,
    /// Only katas that are so difficult
    #[arg(long, value_name = "LEVEL", value_parser = difficulty)]
    difficulty: Option<Difficulty>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 5)]
    katas: usize,
    /// The time for the whole; as long as the katas say where it is left out
    #[arg(long, value_name = "N")]
    minutes: Option<u32>,
    /// For programs
    #[arg(long)]
    json: bool,
}

fn difficulty(text: &str) -> Result<Difficulty, String> {
    [Difficulty::Easy, Difficulty::Medium, Difficulty::Hard]
        .into_iter()
        .find(|it| it.as_str() == text)
        .ok_or_else(|| "easy, medium or hard".to_owned())
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let mut learner = app.learner()?;
    match &args.what {
        What::Start(args) => begin(app, &course, &mut learner, args),
        What::Status { json } => {
            let exam = under_way(&learner)?;
            show(app, &course, &exam, *json)?;
            Ok(GOOD)
        }
        What::Open { kata } => open(app, &course, &mut learner, kata.as_deref()).await,
        What::Check { json } => {
            under_way(&learner)?;
            judge(app, &course, &mut learner).await?;
            let exam = under_way(&learner)?;
            show(app, &course, &exam, *json)?;
            let done = exam.next().is_none();
            Ok(if done { GOOD } else { refused() })
        }
        What::Finish { json } => {
            under_way(&learner)?;
            judge(app, &course, &mut learner).await?;
            learner.record(Entry::ExamEnded { at: app.now() })?;
            review(app, &course, &learner, *json)
        }
        What::Review { json } => review(app, &course, &learner, *json),
    }
}

fn under_way(learner: &Learner) -> Result<Exam> {
    let words = "no exam is under way; `kubekata exam start` begins one";
    let exam = learner.progress.exam().cloned();
    exam.ok_or_else(|| Misuse(words.to_owned()).into())
}

fn begin(app: &App, course: &Course, learner: &mut Learner, args: &StartArgs) -> Result<ExitCode> {
    if learner.progress.exam().is_some() {
        let words = "an exam is under way; `kubekata exam finish` ends it";
        return Err(Misuse(words.to_owned()).into());
    }
    if let Some(track) = args
        .tracks
        .iter()
        .find(|wanted| !course.tracks.iter().any(|track| track.id == **wanted))
    {
        let known: Vec<&str> = course
            .tracks
            .iter()
            .map(|track| track.id.as_str())
            .collect();
        let words = format!("no track {track}; there are {}", known.join(", "));
        return Err(Misuse(words).into());
    }
    let wish = Wish {
        tracks: args.tracks.clone(),
        difficulty: args.difficulty,
        count: args.katas,
        minutes: args.minutes,
        seed: app.global.seed.unwrap_or_else(new_seed),
    };
    let Some(exam) = Exam::draw(course, &wish, app.now()) else {
        let words = "no kata is as wished: leave out --track or --difficulty";
        return Err(Misuse(words.to_owned()).into());
    };
    learner.record(Entry::ExamBegan {
        exam: Box::new(exam.clone()),
    })?;
    show(app, course, &exam, args.json)?;
    Ok(GOOD)
}

async fn open(
    app: &App,
    course: &Course,
    learner: &mut Learner,
    name: Option<&str>,
) -> Result<ExitCode> {
    let exam = under_way(learner)?;
    let id: KataId = match name {
        Some(name) => app.kata(course, learner, Some(name))?.id.clone(),
        None => match exam.next() {
            Some(kata) => kata.kata.clone(),
            None => {
                say!("every kata is done; `kubekata exam finish` ends the exam");
                return Ok(GOOD);
            }
        },
    };
    if exam.kata(&id).is_none() {
        return Err(Misuse(format!("{id} is not part of the exam")).into());
    }
    let kata = course.kata(&id).context("a kata of this course")?;
    let kata = learner.instance(kata)?;
    let fresh = learner.progress.begins_anew(&id);
    start::begin(app, learner, &kata, fresh).await?;
    Ok(GOOD)
}

/// Judges every kata of the exam that was opened in it, and writes down how far it is.
async fn judge(app: &App, course: &Course, learner: &mut Learner) -> Result<()> {
    let exam = under_way(learner)?;
    let opened = exam
        .katas
        .iter()
        .filter(|it| !learner.progress.begins_anew(&it.kata));
    let opened: Vec<KataId> = opened.map(|it| it.kata.clone()).collect();
    if opened.is_empty() {
        return Ok(());
    }
    let sandbox = app.sandbox(&learner.places).await?;
    for id in opened {
        let Some(kata) = course.kata(&id) else {
            continue;
        };
        let kata = learner.instance(kata)?;
        let done = done_tasks(sandbox.as_ref(), &kata).await?;
        record_score(app, learner, &kata, done)?;
    }
    sandbox.close().await
}

async fn done_tasks(sandbox: &dyn Sandbox, kata: &KataInstance) -> Result<Vec<String>> {
    let observer = Observer::new(sandbox.client());
    let judge = session::judge(sandbox, &observer, kata)?;
    let patience = Patience::WhileMoving(super::check::QUIET);
    let verdicts = judge.settle(patience).await;
    Ok(session::judge_tasks(kata, &verdicts)
        .into_iter()
        .filter(|task| task.status == TaskStatus::Done)
        .map(|task| task.id)
        .collect())
}

/// Writes down how far a kata of the exam under way is, where that is news.
pub fn record_score(
    app: &App,
    learner: &mut Learner,
    kata: &KataInstance,
    done: Vec<String>,
) -> Result<()> {
    let at = app.now();
    let news = |exam: &Exam| exam.is_news(&kata.id, &done, at);
    if !learner.progress.exam().is_some_and(news) {
        return Ok(());
    }
    let all = done.len() == kata.tasks.len();
    learner.record(Entry::ExamJudged {
        kata: kata.id.clone(),
        score: Score { at, done },
    })?;
    if all {
        learner.record_solved(kata, at)?;
    }
    Ok(())
}

fn show(app: &App, course: &Course, exam: &Exam, json: bool) -> Result<()> {
    if json {
        let json = as_json(course, exam, app.now());
        say!("{}", serde_json::to_string_pretty(&json)?);
    } else {
        print_status(&app.out, course, exam, app.now());
    }
    Ok(())
}

fn review(app: &App, course: &Course, learner: &Learner, json: bool) -> Result<ExitCode> {
    let ended = learner.progress.exams.iter().rev();
    let Some(exam) = ended.into_iter().find(|exam| exam.ended.is_some()) else {
        return Err(Misuse("no exam has ended yet".to_owned()).into());
    };
    if json {
        let json = as_json(course, exam, app.now());
        say!("{}", serde_json::to_string_pretty(&json)?);
    } else {
        print_review(&app.out, course, exam);
    }
    Ok(if exam.is_passed() { GOOD } else { refused() })
}
