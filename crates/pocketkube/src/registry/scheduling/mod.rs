//! The kinds of the scheduling.k8s.io group: one file and one row each.

mod priorityclass;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![priorityclass::resource()]
}
