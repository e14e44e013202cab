//! The lines of the journal: what happened, one thing each.
//!
//! Fields that came with a later format are optional, so that a line of an earlier one still reads.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{KataProgress, Step};
use crate::course::KataId;
use crate::session::exam::{Exam, Score};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
pub enum Entry {
    /// An attempt began with a fresh scene.
    Started {
        kata: KataId,
        at: Timestamp,
        /// What its parameters are drawn from; the learner's own seed where it is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
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
    /// What the learner typed on the way of this attempt; replaces what was known of it.
    Walked {
        kata: KataId,
        steps: Vec<Step>,
    },
    /// The last reset was taken back: the attempt before it goes on.
    Restored {
        kata: KataId,
    },
    /// A record from elsewhere, to be joined with what is known here.
    Imported {
        kata: KataId,
        record: Box<KataProgress>,
    },
    /// From here on the learner's own seed is this one.
    SeedTaken {
        seed: u64,
    },
    ExamBegan {
        exam: Box<Exam>,
    },
    /// How far one kata of the exam under way is, by its checks.
    ExamJudged {
        kata: KataId,
        score: Score,
    },
    ExamEnded {
        at: Timestamp,
    },
}

impl Entry {
    /// The kata it is about; exams and seeds are about none.
    pub fn kata(&self) -> Option<&KataId> {
        match self {
            Self::Started { kata, .. }
            | Self::Spent { kata, .. }
            | Self::HintShown { kata, .. }
            | Self::SolutionShown { kata }
            | Self::Solved { kata, .. }
            | Self::Walked { kata, .. }
            | Self::Restored { kata }
            | Self::Imported { kata, .. }
            | Self::ExamJudged { kata, .. } => Some(kata),
            Self::SeedTaken { .. } | Self::ExamBegan { .. } | Self::ExamEnded { .. } => None,
        }
    }
}
