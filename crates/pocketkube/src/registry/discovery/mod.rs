//! The kinds of the `discovery.k8s.io` group: one file and one row each.

pub mod endpointslice;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![endpointslice::resource()]
}
