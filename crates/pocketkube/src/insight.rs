//! Why things are as they are: what a running cluster can tell about itself.
//!
//! Nothing here changes anything, and nothing is kept for it that the cluster would not keep.

use std::sync::Arc;

use crate::registry::Registry;
use crate::scheduler::{Decision, Decisions};
use crate::trace::{self, TraceError, Traced};

/// What can be asked of a running cluster; clones share it.
#[derive(Clone)]
pub struct Insight {
    pub(crate) registry: Registry,
    pub(crate) decisions: Decisions,
}

impl Insight {
    /// What brought an object about and what came of it, as trees whose roots are where somebody
    /// outside of the cluster acted, or where memory ends. `kind` is a kind, a plural or a short
    /// name, with or without its group behind a dot.
    pub fn trace(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Vec<Traced>, TraceError> {
        trace::trace(&self.registry, kind, namespace, name)
    }

    /// How the scheduler last decided about a Pod, node by node and rule by rule; `None` where it
    /// never did, or that was long ago.
    pub fn decision(&self, namespace: &str, pod: &str) -> Option<Arc<Decision>> {
        self.decisions.find(namespace, pod)
    }

    /// What happened last in the whole cluster, the oldest first, each with the revision of what
    /// it came of; nothing stands below anything.
    pub fn timeline(&self, limit: usize) -> Vec<Traced> {
        trace::timeline(&self.registry, limit)
    }
}
