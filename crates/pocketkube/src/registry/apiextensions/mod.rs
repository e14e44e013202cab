//! `apiextensions.k8s.io`: definitions of new kinds, and the kinds that they define.
//!
//! `customresourcedefinition` is a kind like any other; `custom` makes rows of the resource table
//! out of definitions. When that happens is the business of the controller that follows the
//! definitions. Mirrors `apiextensions-apiserver/pkg` (v1.35).

mod custom;
pub mod customresourcedefinition;

use super::ResourceDef;

pub use custom::{is_served, restore, serve, withdraw};

pub const GROUP: &str = "apiextensions.k8s.io";

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![customresourcedefinition::resource()]
}
