//! How far a learner has come: plain data, rebuilt from the entries of the journal.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::course::KataId;

/// Everything remembered about one learner.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub katas: BTreeMap<KataId, KataProgress>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KataProgress {
    /// The attempt under way, or the last one.
    pub attempt: Attempt,
    /// Every time it was solved, oldest first.
    pub solved: Vec<Solved>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts from 1; 0 is a kata never begun.
    pub number: u32,
    pub started: Option<Timestamp>,
    /// Time spent with the kata open.
    pub seconds: u64,
    /// Indices of the hints shown.
    pub hints: Vec<usize>,
    pub solution_seen: bool,
    pub solved: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Solved {
    pub at: Timestamp,
    pub attempt: u32,
    pub seconds: u64,
    pub hints: usize,
    pub solution_seen: bool,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
pub enum Entry {
    /// An attempt began with a fresh scene.
    Started {
        kata: KataId,
        at: Timestamp,
    },
    /// So much more time was spent.
    Spent {
        kata: KataId,
        seconds: u64,
    },
    HintShown {
        kata: KataId,
        hint: usize,
    },
    SolutionShown {
        kata: KataId,
    },
    Solved {
        kata: KataId,
        at: Timestamp,
    },
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

    pub fn apply(&mut self, entry: &Entry) {
        let kata = self.katas.entry(entry.kata().clone()).or_default();
        let attempt = &mut kata.attempt;
        match entry {
            Entry::Started { at, .. } => {
                *attempt = Attempt {
                    number: attempt.number + 1,
                    started: Some(*at),
                    ..Attempt::default()
                }
            }
            Entry::Spent { seconds, .. } => attempt.seconds += seconds,
            Entry::HintShown { hint, .. } => {
                if !attempt.hints.contains(hint) {
                    attempt.hints.push(*hint);
                }
            }
            Entry::SolutionShown { .. } => attempt.solution_seen = true,
            Entry::Solved { at, .. } => {
                if !attempt.solved {
                    attempt.solved = true;
                    kata.solved.push(Solved {
                        at: *at,
                        attempt: attempt.number,
                        seconds: attempt.seconds,
                        hints: attempt.hints.len(),
                        solution_seen: attempt.solution_seen,
                    });
                }
            }
        }
    }
}

impl Entry {
    pub fn kata(&self) -> &KataId {
        match self {
            Self::Started { kata, .. }
            | Self::Spent { kata, .. }
            | Self::HintShown { kata, .. }
            | Self::SolutionShown { kata }
            | Self::Solved { kata, .. } => kata,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_attempt_forgets_hints_but_not_that_it_was_solved() {
        let kata = KataId::new("pods/first");
        let at = Timestamp::UNIX_EPOCH;
        let mut progress = Progress::default();
        for entry in [
            Entry::Started {
                kata: kata.clone(),
                at,
            },
            Entry::HintShown {
                kata: kata.clone(),
                hint: 0,
            },
            Entry::Spent {
                kata: kata.clone(),
                seconds: 90,
            },
            Entry::Solved {
                kata: kata.clone(),
                at,
            },
            Entry::Started {
                kata: kata.clone(),
                at,
            },
        ] {
            progress.apply(&entry);
        }
        assert!(progress.is_solved(&kata));
        let attempt = progress.attempt(&kata);
        assert_eq!((attempt.number, attempt.hints.len()), (2, 0));
        assert_eq!(progress.katas[&kata].solved[0].seconds, 90);
    }
}
