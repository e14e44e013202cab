//! The kinds of the core group: one file and one row each.

pub mod configmap;
pub mod endpoints;
pub mod event;
pub mod namespace;
pub mod node;
pub mod pod;
pub mod resources;
pub mod secret;
pub mod service;
pub mod serviceaccount;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![
        configmap::resource(),
        endpoints::resource(),
        event::resource(),
        namespace::resource(),
        node::resource(),
        pod::resource(),
        secret::resource(),
        service::resource(),
        serviceaccount::resource(),
    ]
}
