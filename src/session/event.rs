//! What happens to a session: orders of the learner and facts from the driver.

use std::sync::Arc;

use jiff::Timestamp;

use super::control::ClockReading;
use super::exam::Wish;
use super::progress::Entry;
use super::solution::Compared;
use super::state::SandboxInfo;
use crate::browse;
use crate::check::Verdict;
use crate::course::KataId;
use crate::sandbox::{ApiCall, ClusterView, ShellEnvironment, Typed};

/// Everything that [`super::update`] reacts to.
#[derive(Debug, Clone)]
pub enum Event {
    /// The learner wants something.
    Action(Action),
    /// Wall-clock time, about once a second; time spent is counted from these.
    Tick(Timestamp),
    SandboxReady(SandboxInfo),
    SandboxFailed(String),
    /// What is being done right now, while a kata is prepared.
    KataProgressed {
        kata: KataId,
        doing: String,
    },
    /// The scene stands and the learner can begin.
    KataPrepared {
        kata: KataId,
        /// It was seeded anew, not found as it was left.
        fresh: bool,
        shell: Arc<ShellEnvironment>,
    },
    /// What stood before the last reset stands again.
    KataRestored {
        kata: KataId,
        shell: Arc<ShellEnvironment>,
        /// What the cluster would not take back, in its words.
        refused: Vec<String>,
    },
    KataFailed {
        kata: KataId,
        reason: String,
    },
    /// A check was judged, and its verdict differs from the last one.
    CheckFinished {
        kata: KataId,
        verdict: Verdict,
    },
    ClusterChanged(Arc<ClusterView>),
    /// What the learner's tools asked of the cluster, and what was typed, since the last time.
    Seen {
        kata: KataId,
        calls: Vec<ApiCall>,
        typed: Vec<Typed>,
    },
    SolutionCompared {
        kata: KataId,
        compared: Vec<Compared>,
    },
    /// Another program wrote this into the journal.
    Heard(Entry),
    /// What somebody wanted to look at, or what came of a deed.
    Browsed(browse::News),
    /// The cluster's clock was set, or looked at for the first time.
    ClockTold(ClockReading),
    /// Something could not be written down or read; the session goes on.
    Warned(String),
}

/// An order of the learner.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    OpenKata(KataId),
    /// Do a solved kata again, with other parameters.
    Review(KataId),
    /// Draw an exam and begin it.
    BeginExam(Wish),
    /// Asks first: what was reached by then counts.
    EndExam,
    /// Back to the course map; the cluster keeps what stands in it.
    LeaveKata,
    /// The kata after this one.
    NextKata,
    RevealHint,
    /// Asks first: a solution that was seen is remembered.
    ShowSolution,
    /// Asks first: what the learner made is deleted.
    Reset,
    /// Asks first: what was made since the last reset is deleted, what was there before is back.
    UndoReset,
    ConfirmYes,
    ConfirmNo,
    /// The coach's words were read.
    DismissCoach,
    /// With or without the coach.
    ToggleCoach,
    /// Judge everything again now.
    Recheck,
    DismissMessages,
    /// Try to start the sandbox again.
    RetrySandbox,
    Quit,
}
