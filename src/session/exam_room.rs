//! An exam in the session: it begins, its katas are scored as they are judged, its time ends.

use jiff::Timestamp;

use super::effect::Effect;
use super::exam::{Exam, Score, Wish};
use super::progress::Entry;
use super::state::{Level, State, TaskStatus};
use super::update::{leave, record, say};
use crate::course::KataId;

/// No help is given in an exam.
pub const NO_HELP: &str = "no help in an exam; end it first";

impl State {
    /// Whether help for the open kata has to wait for the end of an exam.
    pub fn is_examined(&self) -> bool {
        let open = self.open.as_ref().map(|open| &open.kata.id);
        open.is_some_and(|id| self.progress.is_examined(id))
    }
}

pub(super) fn begin(state: &mut State, wish: &Wish) -> Vec<Effect> {
    let now = state.now.unwrap_or(Timestamp::UNIX_EPOCH);
    if state.progress.exam().is_some() {
        say(state, Level::Info, "an exam is under way".to_owned());
        return Vec::new();
    }
    let Some(exam) = Exam::draw(&state.course, wish, now) else {
        say(state, Level::Info, "no kata is as wished".to_owned());
        return Vec::new();
    };
    let mut effects = leave(state);
    effects.extend(record(
        state,
        Entry::ExamBegan {
            exam: Box::new(exam),
        },
    ));
    effects
}

/// The learner ends it, or its time is over.
pub(super) fn end(state: &mut State) -> Vec<Effect> {
    let now = state.now.unwrap_or(Timestamp::UNIX_EPOCH);
    let Some(exam) = state.progress.exam() else {
        return Vec::new();
    };
    let at = now.min(exam.deadline());
    record(state, Entry::ExamEnded { at })
}

/// Time passes: an exam whose time is over ends.
pub(super) fn tick(state: &mut State, now: Timestamp) -> Vec<Effect> {
    let over = |exam: &Exam| exam.is_over(now);
    if !state.progress.exam().is_some_and(over) {
        return Vec::new();
    }
    say(
        state,
        Level::Info,
        "the time of the exam is over".to_owned(),
    );
    end(state)
}

/// The tasks of the open kata were judged: that counts, if it is part of the exam.
pub(super) fn scored(state: &mut State, id: &KataId) -> Vec<Effect> {
    let (Some(open), Some(now)) = (&state.open, state.now) else {
        return Vec::new();
    };
    let done: Vec<String> = open
        .tasks
        .iter()
        .filter(|task| task.status == TaskStatus::Done)
        .map(|task| task.id.clone())
        .collect();
    let news = |exam: &Exam| exam.is_news(id, &done, now);
    // Verdicts come one by one: the first ones would take away what was reached before.
    let judged = open
        .tasks
        .iter()
        .flat_map(|task| &task.checks)
        .all(|check| open.verdicts.contains_key(check));
    if !judged || !state.progress.exam().is_some_and(news) {
        return Vec::new();
    }
    let kata = id.clone();
    let score = Score { at: now, done };
    record(state, Entry::ExamJudged { kata, score })
}
