//! The kinds of the `node.k8s.io` group: one file and one row each.

mod runtimeclass;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![runtimeclass::resource()]
}
