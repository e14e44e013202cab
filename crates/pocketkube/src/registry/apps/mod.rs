//! The kinds of the apps group: one file and one row each.

pub mod int_or_percent;
pub mod replicaset;
pub mod workload;

mod controllerrevision;
mod daemonset;
mod deployment;
mod statefulset;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![
        controllerrevision::resource(),
        daemonset::resource(),
        deployment::resource(),
        replicaset::resource(),
        statefulset::resource(),
    ]
}
