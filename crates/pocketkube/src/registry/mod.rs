//! The kinds this cluster serves, and everything that is the same for all of them.
//!
//! A kind is one file exporting one [`ResourceDef`] and one row in its group's list. Routes,
//! discovery, OpenAPI, tables and RBAC names all read these rows; a CustomResourceDefinition adds
//! rows at run time. The order of hooks, create, update and delete live once, in [`store`].

mod resource;
mod strategy;
mod table;

pub use resource::{
    ALL_VERBS, ResourceDef, ScalePaths, Scope, SelectableField, Subresource, SubresourceKind, Verb,
};
pub use strategy::{HookContext, NameValidator, Objects, Reservation, Strategy};
pub use table::ResourceTable;

pub mod apps;
pub mod coordination;
pub mod core;
pub mod discovery;
