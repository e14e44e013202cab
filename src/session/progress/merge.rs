//! Joins two records of one kata, so that the better one of anything is kept.
//!
//! Joining twice changes nothing, and the order does not matter for what was solved.

use super::{Attempt, KataProgress, Progress};

impl Progress {
    /// The records of `other` that would change something here, joined with what is known.
    pub fn news_in<'a>(
        &'a self,
        other: &'a Progress,
    ) -> impl Iterator<Item = (&'a crate::course::KataId, KataProgress)> {
        other.katas.iter().filter_map(|(id, theirs)| {
            let ours = self.kata(id).cloned().unwrap_or_default();
            let mut joined = ours.clone();
            joined.merge(theirs);
            (joined != ours).then_some((id, joined))
        })
    }
}

impl KataProgress {
    /// Takes over what `other` knows and this does not.
    pub(super) fn merge(&mut self, other: &KataProgress) {
        for solved in &other.solved {
            // The same evening may be told by both sides; nobody solves twice in one instant.
            match self.solved.iter_mut().find(|ours| ours.at == solved.at) {
                None => self.solved.push(solved.clone()),
                Some(ours) => {
                    ours.seconds = ours.seconds.max(solved.seconds);
                    ours.hints = ours.hints.max(solved.hints);
                    ours.solution_seen |= solved.solution_seen;
                }
            }
        }
        self.solved.sort_by_key(|solved| solved.at);
        self.attempt.merge(&other.attempt);
    }
}

impl Attempt {
    /// One attempt told twice is joined; of two, the one under way here stays, for its scene
    /// stands here.
    fn merge(&mut self, other: &Attempt) {
        if self.number == 0 {
            *self = other.clone();
            return;
        }
        self.number = self.number.max(other.number);
        if self.started != other.started {
            return;
        }
        self.seconds = self.seconds.max(other.seconds);
        self.solution_seen |= other.solution_seen;
        self.solved |= other.solved;
        for hint in &other.hints {
            if !self.hints.contains(hint) {
                self.hints.push(*hint);
            }
        }
        if self.steps.len() < other.steps.len() {
            self.steps.clone_from(&other.steps);
        }
    }
}
