//! What several control loops share: which nodes fit, which volume fits a claim, what Pods use.
//!
//! Rules are pure functions of typed objects. Mirrors `staging/src/k8s.io/component-helpers` (v1.35).

pub mod node_selector;
pub mod usage;
pub mod volume;
