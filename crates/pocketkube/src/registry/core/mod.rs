//! The kinds of the core group: one file and one row each.

pub mod binding;
pub mod componentstatus;
pub mod configmap;
pub mod endpoints;
pub mod event;
pub mod limitrange;
pub mod namespace;
pub mod node;
pub mod node_labels;
pub mod persistentvolume;
pub mod persistentvolumeclaim;
pub mod pod;
pub mod podtemplate;
pub mod replicationcontroller;
pub mod resourcequota;
pub mod resources;
pub mod secret;
pub mod service;
pub mod serviceaccount;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![
        binding::resource(),
        componentstatus::resource(),
        configmap::resource(),
        endpoints::resource(),
        event::resource(),
        limitrange::resource(),
        namespace::resource(),
        node::resource(),
        persistentvolume::resource(),
        persistentvolumeclaim::resource(),
        pod::resource(),
        podtemplate::resource(),
        replicationcontroller::resource(),
        resourcequota::resource(),
        secret::resource(),
        service::resource(),
        serviceaccount::resource(),
    ]
}
