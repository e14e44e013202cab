//! What a session asks its driver to do.

use std::sync::Arc;

use super::control::Control;
use super::progress::Entry;
use crate::browse;
use crate::course::KataInstance;

/// A request; its outcome comes back as an [`super::Event`].
#[derive(Debug, Clone)]
pub enum Effect {
    BootSandbox,
    /// Seed the kata, unless it stands and `fresh` is false; answers `KataPrepared` or
    /// `KataFailed`.
    PrepareKata {
        kata: Arc<KataInstance>,
        fresh: bool,
    },
    /// Take the last reset back; answers `KataRestored` or `KataFailed`.
    RestoreKata {
        /// What stands.
        now: Arc<KataInstance>,
        /// What stood before.
        before: Arc<KataInstance>,
    },
    /// Judge the kata's checks and picture its namespaces, again on every change.
    Watch(Arc<KataInstance>),
    Unwatch,
    /// See where what the learner has differs from the solution; answers `SolutionCompared`.
    CompareSolution(Arc<KataInstance>),
    /// Judge everything that is watched again.
    Rejudge,
    /// Write this down for good.
    Record(Entry),
    /// Look at something of the open kata's cluster, or act on it; answers `Browsed`.
    Browse(browse::Order),
    /// Do something to the cluster's clock or nodes; answers `Browsed`.
    Control(Control),
    /// Leave in good order.
    Quit,
}
