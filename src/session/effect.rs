//! What a session asks its driver to do.

use std::sync::Arc;

use super::progress::Entry;
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
    /// Judge the kata's checks and picture its namespaces, again on every change.
    Watch(Arc<KataInstance>),
    Unwatch,
    /// Judge everything that is watched again.
    Rejudge,
    /// Write this down for good.
    Record(Entry),
    /// Leave in good order.
    Quit,
}
