//! The kinds of the `apps` group: one file and one row each.

pub mod int_or_percent;
pub mod workload;

mod deployment;
mod replica_set;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![deployment::resource(), replica_set::resource()]
}
