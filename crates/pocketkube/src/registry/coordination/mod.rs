//! The kinds of the `coordination.k8s.io` group: one file and one row each.

pub mod lease;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![lease::resource()]
}
