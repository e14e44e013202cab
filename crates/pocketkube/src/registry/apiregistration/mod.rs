//! The kinds of the `apiregistration.k8s.io` group: one file and one row each.

pub mod apiservice;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![apiservice::resource()]
}
