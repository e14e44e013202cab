//! What happens to a session: orders of the learner and facts from the driver.

use std::sync::Arc;

use jiff::Timestamp;

use super::state::SandboxInfo;
use crate::check::Verdict;
use crate::course::KataId;
use crate::sandbox::{ClusterView, ShellEnvironment};

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
    /// Something could not be written down or read; the session goes on.
    Warned(String),
}

/// An order of the learner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    OpenKata(KataId),
    /// Back to the course map; the cluster keeps what stands in it.
    LeaveKata,
    /// The kata after this one.
    NextKata,
    RevealHint,
    /// Asks first: a solution that was seen is remembered.
    ShowSolution,
    /// Asks first: what the learner made is deleted.
    Reset,
    ConfirmYes,
    ConfirmNo,
    /// Judge everything again now.
    Recheck,
    DismissMessages,
    /// Try to start the sandbox again.
    RetrySandbox,
    Quit,
}
