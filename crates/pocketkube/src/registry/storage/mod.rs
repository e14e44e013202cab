//! The kinds of the `storage.k8s.io` group: one file and one row each.

mod csidriver;
mod csinode;
mod csistoragecapacity;
mod parameters;
pub mod storageclass;
mod volumeattachment;
mod volumeattributesclass;

use super::ResourceDef;

pub const GROUP: &str = "storage.k8s.io";

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![
        csidriver::resource(),
        csinode::resource(),
        csistoragecapacity::resource(),
        storageclass::resource(),
        volumeattachment::resource(),
        volumeattributesclass::resource(),
    ]
}
