//! Everything the screen shows, and nothing that acts.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::coach::Coach;
use super::control::ClockReading;
use super::progress::{Attempt, Progress, Step};
use super::review::Due;
use super::solution::Compared;
use crate::check::{Outcome, Verdict};
use crate::course::{Course, Difficulty, Hint, Kata, KataId, KataInstance, KataKind};
use crate::sandbox::{ClusterView, ShellEnvironment};

#[derive(Debug, Clone)]
pub struct State {
    pub course: Arc<Course>,
    /// The learner's seed, from which every kata draws its parameters.
    pub seed: u64,
    /// The seed was named for this run: attempts that were drawn from another one begin anew.
    pub seed_given: bool,
    pub progress: Progress,
    pub sandbox: SandboxState,
    pub open: Option<OpenKata>,
    /// Looks over the learner's shoulder, and says little.
    pub coach: Coach,
    /// What stands in the open kata's namespaces.
    pub cluster: Arc<ClusterView>,
    /// Oldest first; the learner dismisses them.
    pub messages: Vec<Message>,
    /// A question that waits for yes or no.
    pub confirm: Option<Confirm>,
    /// How the cluster's clock ran when it was last set, and when that was heard.
    pub clock: Option<ClockReading>,
    pub(super) clock_heard: Option<Timestamp>,
    /// The last tick.
    pub now: Option<Timestamp>,
    pub quitting: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxState {
    Starting,
    Ready(SandboxInfo),
    Failed(String),
}

/// What the title line says of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxInfo {
    /// `embedded`, `kind`, `context:NAME`.
    pub kind: String,
    pub version: String,
    pub nodes: usize,
    /// How fast its clock runs: `×1`, `×20`.
    pub speed: String,
    /// Whether this process hosts it, or another one.
    pub hosted_here: bool,
    /// The server's address, where it listens.
    pub address: Option<String>,
}

/// The kata on the screen.
#[derive(Debug, Clone)]
pub struct OpenKata {
    pub kata: Arc<KataInstance>,
    pub phase: Phase,
    pub tasks: Vec<TaskState>,
    /// The last verdict of each check that was judged.
    pub verdicts: BTreeMap<String, Verdict>,
    /// Indices into the kata's hints, in the order in which they were shown.
    pub hints: Vec<usize>,
    pub attempt: u32,
    /// Whole seconds spent on this attempt.
    pub seconds: u64,
    /// This attempt was solved, now or on an earlier day.
    pub solved: bool,
    pub solution_shown: bool,
    /// How to start the learner's shell, once the scene stands.
    pub shell: Option<Arc<ShellEnvironment>>,
    /// What was typed in this attempt, as far as the shell tells.
    pub steps: Vec<Step>,
    /// Where what the learner has differs from the solution, once that was looked at.
    pub compared: Option<Vec<Compared>>,
    /// Seconds spent that are not in the journal yet.
    pub(super) unrecorded: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The scene is being set; says what is done right now.
    Preparing(String),
    Working,
    /// Every task is done: the debrief is shown.
    Debrief,
    /// The scene could not be set.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskState {
    pub id: String,
    pub text: String,
    pub checks: Vec<String>,
    pub status: TaskStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    Open,
    Partial { done: usize, of: usize },
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirm {
    Reset,
    UndoReset,
    EndExam,
    ShowSolution,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub level: Level,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
    Error,
}

/// A track on the course map.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackLine {
    pub id: String,
    pub title: String,
    pub about: String,
    pub solved: usize,
    pub katas: Vec<KataLine>,
}

/// A kata on the course map.
#[derive(Debug, Clone, PartialEq)]
pub struct KataLine {
    pub id: KataId,
    pub title: String,
    pub kind: KataKind,
    pub difficulty: Difficulty,
    pub minutes: u32,
    pub status: KataStatus,
    /// When it is worth doing again, once it was solved.
    pub due: Option<Due>,
    /// The same in words: `now`, `in 3 days`.
    pub again: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KataStatus {
    Open,
    /// Begun and not solved.
    Started,
    /// Solved at least once; the numbers are those of the last time.
    Solved {
        hints: usize,
        seconds: u64,
    },
}

impl State {
    pub fn new(course: Arc<Course>, seed: u64, progress: Progress) -> Self {
        Self {
            course,
            seed,
            seed_given: false,
            progress,
            sandbox: SandboxState::Starting,
            open: None,
            coach: Coach::default(),
            cluster: Arc::default(),
            messages: Vec::new(),
            confirm: None,
            clock: None,
            clock_heard: None,
            now: None,
            quitting: false,
        }
    }

    /// What the parameters of a kata are drawn from.
    pub fn seed_of(&self, id: &KataId) -> u64 {
        match self.seed_given {
            true => self.seed,
            false => self.progress.seed_of(id, self.seed),
        }
    }

    /// The course map with the learner's progress on it.
    pub fn map(&self) -> Vec<TrackLine> {
        let track_line = |track: &crate::course::Track| {
            let katas: Vec<KataLine> = track
                .lessons
                .iter()
                .filter_map(|lesson| self.course.kata(lesson.kata.as_ref()?))
                .map(|kata| self.line(kata))
                .collect();
            TrackLine {
                id: track.id.clone(),
                title: track.title.clone(),
                about: track.about.clone(),
                solved: katas
                    .iter()
                    .filter(|kata| matches!(kata.status, KataStatus::Solved { .. }))
                    .count(),
                katas,
            }
        };
        self.course.tracks.iter().map(track_line).collect()
    }

    fn line(&self, kata: &Kata) -> KataLine {
        let record = self.progress.kata(&kata.id);
        let due = record.and_then(|record| Due::of(record, kata.minutes));
        KataLine {
            id: kata.id.clone(),
            title: kata.title.clone(),
            kind: kata.kind,
            difficulty: kata.difficulty,
            minutes: kata.minutes,
            status: self.status(&kata.id),
            due,
            again: self.now.and_then(|now| Some(due?.words(now))),
        }
    }

    pub fn status(&self, id: &KataId) -> KataStatus {
        match self.progress.kata(id) {
            None => KataStatus::Open,
            Some(kata) => match kata.solved.last() {
                Some(solved) => KataStatus::Solved {
                    hints: solved.hints,
                    seconds: solved.seconds,
                },
                None => KataStatus::Started,
            },
        }
    }

    /// What to go on with: the first kata that was begun, else the first that is open.
    pub fn next_kata(&self) -> Option<KataId> {
        let with = |wanted: KataStatus| {
            self.course
                .katas_in_order()
                .find(|kata| self.status(&kata.id) == wanted)
                .map(|kata| kata.id.clone())
        };
        with(KataStatus::Started).or_else(|| with(KataStatus::Open))
    }
}

impl OpenKata {
    /// A kata that nobody has begun.
    pub(super) fn new(kata: Arc<KataInstance>, phase: Phase) -> Self {
        let mut open = Self {
            tasks: judge_tasks(&kata, &[]),
            kata,
            phase,
            verdicts: BTreeMap::new(),
            hints: Vec::new(),
            attempt: 0,
            seconds: 0,
            solved: false,
            solution_shown: false,
            shell: None,
            steps: Vec::new(),
            compared: None,
            unrecorded: 0,
        };
        open.take_up(Attempt::default());
        open
    }

    /// Goes on with an attempt. Time that is not written down yet is not part of it.
    pub(super) fn take_up(&mut self, attempt: Attempt) {
        self.hints = attempt.hints;
        self.attempt = attempt.number;
        self.seconds = attempt.seconds + self.unrecorded;
        self.solved = attempt.solved;
        self.solution_shown = attempt.solution_seen;
        self.steps = attempt.steps;
        self.compared = None;
    }

    /// The hints shown, in the order in which they were asked for.
    pub fn shown_hints(&self) -> Vec<&Hint> {
        self.hints
            .iter()
            .filter_map(|index| self.kata.hints.get(*index))
            .collect()
    }

    /// The hint that would come next, if any is left.
    pub fn next_hint(&self) -> Option<usize> {
        let done: Vec<&str> = self
            .tasks
            .iter()
            .filter(|task| task.status == TaskStatus::Done)
            .map(|task| task.id.as_str())
            .collect();
        next_hint(&self.kata, &self.hints, &done)
    }

    /// The first task that is not done.
    pub fn current_task(&self) -> Option<&TaskState> {
        self.tasks
            .iter()
            .find(|task| task.status != TaskStatus::Done)
    }

    /// Verdicts of a task's checks that do not hold, in the order of the task.
    pub fn open_verdicts(&self, task: &TaskState) -> Vec<&Verdict> {
        task.checks
            .iter()
            .filter_map(|check| self.verdicts.get(check))
            .filter(|verdict| verdict.outcome != Outcome::Holds)
            .collect()
    }

    pub fn all_done(&self) -> bool {
        self.tasks
            .iter()
            .all(|task| task.status == TaskStatus::Done)
    }
}

/// The first hint not shown yet, passing over those about tasks that are done.
pub fn next_hint(kata: &KataInstance, shown: &[usize], done: &[&str]) -> Option<usize> {
    kata.hints
        .iter()
        .enumerate()
        .find(|(index, hint)| {
            let about_done = hint
                .task
                .as_deref()
                .is_some_and(|task| done.contains(&task));
            !shown.contains(index) && !about_done
        })
        .map(|(index, _)| index)
}

/// The tasks of a kata as far as `verdicts` say.
pub fn judge_tasks(kata: &KataInstance, verdicts: &[Verdict]) -> Vec<TaskState> {
    let holding: Vec<&str> = verdicts
        .iter()
        .filter(|verdict| verdict.holds())
        .map(|verdict| verdict.check.as_str())
        .collect();
    kata.tasks
        .iter()
        .map(|task| TaskState {
            id: task.id.clone(),
            text: task.text.clone(),
            checks: task.checks.clone(),
            status: TaskStatus::of(&task.checks, &holding),
        })
        .collect()
}

/// How many checks of the tasks have no verdict yet.
pub fn checks_left(kata: &KataInstance, verdicts: &[Verdict]) -> usize {
    let judged = |check: &&String| verdicts.iter().any(|verdict| verdict.check == **check);
    let checks = kata.tasks.iter().flat_map(|task| &task.checks);
    checks.filter(|check| !judged(check)).count()
}

impl TaskStatus {
    /// How many of a task's checks are among those that hold.
    pub(super) fn of(checks: &[String], holding: &[&str]) -> Self {
        let done = checks
            .iter()
            .filter(|check| holding.contains(&check.as_str()))
            .count();
        match done {
            done if done == checks.len() => Self::Done,
            0 => Self::Open,
            done => Self::Partial {
                done,
                of: checks.len(),
            },
        }
    }
}
