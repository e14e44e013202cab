//! How far a learner has come: plain data, rebuilt from the entries of the journal.
//!
//! [`Progress::apply`] is the only place where it changes. `merge` joins two records of one kata,
//! `exchange` writes and reads the file that moves progress to another computer.

mod entry;
mod exchange;
mod merge;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use entry::Entry;
pub use exchange::{Exchange, ExchangeError};

use super::exam::Exam;
use crate::course::KataId;

/// Everything remembered about one learner.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    pub katas: BTreeMap<KataId, KataProgress>,
    /// Every exam, oldest first; the last one may be under way.
    #[serde(default)]
    pub exams: Vec<Exam>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KataProgress {
    /// The attempt under way, or the last one.
    pub attempt: Attempt,
    /// Every time it was solved, oldest first.
    #[serde(default)]
    pub solved: Vec<Solved>,
    /// The attempt before the last reset, which may be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Attempt>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attempt {
    /// Counts from 1; 0 is a kata never begun.
    pub number: u32,
    pub started: Option<Timestamp>,
    /// What its parameters were drawn from; the learner's own seed where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Time spent with the kata open.
    #[serde(default)]
    pub seconds: u64,
    /// Indices of the hints shown.
    #[serde(default)]
    pub hints: Vec<usize>,
    #[serde(default)]
    pub solution_seen: bool,
    #[serde(default)]
    pub solved: bool,
    /// What was typed, as far as the shell told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// One command of the learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub at: Timestamp,
    pub command: String,
    /// How it ended; 0 is well.
    pub exit: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Solved {
    pub at: Timestamp,
    pub attempt: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    pub seconds: u64,
    pub hints: usize,
    #[serde(default, alias = "solution_seen")]
    pub solution_seen: bool,
}

impl Progress {
    pub fn kata(&self, id: &KataId) -> Option<&KataProgress> {
        self.katas.get(id)
    }

    pub fn is_solved(&self, id: &KataId) -> bool {
        self.kata(id).is_some_and(|kata| !kata.solved.is_empty())
    }

    /// The attempt under way or the last one; number 0 where there was none.
    pub fn attempt(&self, id: &KataId) -> Attempt {
        self.kata(id)
            .map(|kata| kata.attempt.clone())
            .unwrap_or_default()
    }

    /// What the parameters of a kata are drawn from: the attempt's own seed, or the learner's.
    pub fn seed_of(&self, id: &KataId, own: u64) -> u64 {
        if let Some(exam) = self.exam().filter(|exam| exam.kata(id).is_some()) {
            return exam.seed;
        }
        let attempt = self.kata(id).map(|kata| &kata.attempt);
        attempt.and_then(|attempt| attempt.seed).unwrap_or(own)
    }

    /// The exam that has begun and not ended.
    pub fn exam(&self) -> Option<&Exam> {
        self.exams.last().filter(|exam| exam.ended.is_none())
    }

    /// Whether it is part of the exam under way.
    pub fn is_examined(&self, id: &KataId) -> bool {
        self.exam().is_some_and(|exam| exam.kata(id).is_some())
    }

    /// Opening it begins an attempt: there was none, or none since the exam that it is part of.
    pub fn begins_anew(&self, id: &KataId) -> bool {
        let attempt = self.kata(id).map(|kata| &kata.attempt);
        let Some(attempt) = attempt.filter(|attempt| attempt.number > 0) else {
            return true;
        };
        let exam = self.exam().filter(|exam| exam.kata(id).is_some());
        exam.is_some_and(|exam| attempt.started.is_none_or(|started| started < exam.began))
    }

    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::SeedTaken { .. } => {}
            Entry::ExamBegan { exam } => self.exams.push((**exam).clone()),
            Entry::ExamJudged { kata, score } => {
                if let Some(exam) = self.exam_under_way() {
                    exam.judged(kata, score);
                }
            }
            Entry::ExamEnded { at } => {
                if let Some(exam) = self.exam_under_way() {
                    exam.ended = Some(*at);
                }
            }
            entry => {
                if let Some(id) = entry.kata() {
                    self.katas.entry(id.clone()).or_default().apply(entry);
                }
            }
        }
    }

    fn exam_under_way(&mut self) -> Option<&mut Exam> {
        self.exams.last_mut().filter(|exam| exam.ended.is_none())
    }
}

impl KataProgress {
    fn apply(&mut self, entry: &Entry) {
        let attempt = &mut self.attempt;
        match entry {
            Entry::Started { at, seed, .. } => {
                let next = Attempt {
                    number: attempt.number + 1,
                    started: Some(*at),
                    seed: *seed,
                    ..Attempt::default()
                };
                let before = std::mem::replace(attempt, next);
                self.before = (before.number > 0).then(|| Box::new(before));
            }
            Entry::Spent { seconds, .. } => {
                attempt.seconds = attempt.seconds.saturating_add(*seconds);
            }
            Entry::HintShown { hint, .. } => {
                if !attempt.hints.contains(hint) {
                    attempt.hints.push(*hint);
                }
            }
            Entry::SolutionShown { .. } => attempt.solution_seen = true,
            Entry::Solved { at, .. } => {
                if !attempt.solved {
                    attempt.solved = true;
                    self.solved.push(Solved {
                        at: *at,
                        attempt: attempt.number,
                        seed: attempt.seed,
                        seconds: attempt.seconds,
                        hints: attempt.hints.len(),
                        solution_seen: attempt.solution_seen,
                    });
                }
            }
            Entry::Walked { steps, .. } => attempt.steps.clone_from(steps),
            Entry::Restored { .. } => self.restore(),
            Entry::Imported { record, .. } => self.merge(record),
            Entry::SeedTaken { .. }
            | Entry::ExamBegan { .. }
            | Entry::ExamJudged { .. }
            | Entry::ExamEnded { .. } => {}
        }
    }

    /// Goes on with the attempt before the last reset. What was seen since has been seen.
    fn restore(&mut self) {
        let Some(before) = self.before.take() else {
            return;
        };
        let since = std::mem::replace(&mut self.attempt, *before);
        let attempt = &mut self.attempt;
        attempt.seconds = attempt.seconds.saturating_add(since.seconds);
        attempt.solution_seen |= since.solution_seen;
        for hint in since.hints {
            if !attempt.hints.contains(&hint) {
                attempt.hints.push(hint);
            }
        }
    }
}
