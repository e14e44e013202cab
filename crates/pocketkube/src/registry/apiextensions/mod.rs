//! `apiextensions.k8s.io`: definitions of new kinds, and the kinds that they define.
//!
//! `customresourcedefinition` is a kind like any other; `custom` makes rows of the resource table
//! out of definitions. When that happens is the business of the controller that follows the
//! definitions. Mirrors `apiextensions-apiserver/pkg` (v1.35).

mod custom;
pub mod customresourcedefinition;

use serde_json::Value;

use super::ResourceDef;
use crate::api::meta;
use crate::api::tree;

pub use custom::{is_served, restore, serve, withdraw};

pub const GROUP: &str = "apiextensions.k8s.io";

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![customresourcedefinition::resource()]
}

/// A write of the status changes nothing else, metadata included.
fn keep_all_but_status(new: &mut Value, old: &Value) {
    let sent = new.take();
    *new = old.clone();
    tree::restore(new, &sent, "status");
    let metadata = meta::metadata_mut(new);
    for field in ["managedFields", "resourceVersion"] {
        match &sent["metadata"][field] {
            Value::Null => metadata.remove(field),
            value => metadata.insert(field.to_owned(), value.clone()),
        };
    }
}
