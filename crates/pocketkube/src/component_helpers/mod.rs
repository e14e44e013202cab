//! Rules that several control loops share: which nodes fit, and which volume fits a claim.
//!
//! Pure functions of typed objects. Mirrors `staging/src/k8s.io/component-helpers` (v1.35).

pub mod node_selector;
pub mod volume;
