//! What happens to a write between authorization and storage.
//!
//! Mutating plugins run in order over the object as decoded; validating ones see it as it would be
//! stored. One plugin = one file and one row. Mirrors `apiserver/pkg/admission` and
//! `pkg/kubeapiserver/options/plugins.go` (v1.35).

mod attributes;
mod chain;
mod namespace_lifecycle;

pub use attributes::{Attributes, Operation};
pub use chain::{Chain, Mutate, Validate};

use crate::registry::Registry;

/// The plugins of a cluster, in their order.
pub fn default_chain(registry: &Registry) -> Chain {
    let lifecycle = || {
        Box::new(namespace_lifecycle::NamespaceLifecycle::new(
            registry.clone(),
        ))
    };
    Chain {
        mutating: vec![lifecycle()],
        validating: vec![],
    }
}
