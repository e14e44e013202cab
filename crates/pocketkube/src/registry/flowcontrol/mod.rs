//! The kinds of the `flowcontrol.apiserver.k8s.io` group: one file and one row each.
//!
//! They are kept and shown; requests of this cluster are not queued by them.

mod flowschema;
mod prioritylevelconfiguration;

use super::ResourceDef;

const GROUP: &str = "flowcontrol.apiserver.k8s.io";

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![
        flowschema::resource(),
        prioritylevelconfiguration::resource(),
    ]
}
