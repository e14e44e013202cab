//! The kinds this cluster serves, and everything that is the same for all of them.
//!
//! A kind is one file exporting one [`ResourceDef`] and one row in its group's list. Routes,
//! discovery, OpenAPI, tables and RBAC names all read these rows; a CustomResourceDefinition adds
//! rows at run time. The order of hooks lives once: [`Registry::create`], [`Registry::update`],
//! [`Registry::delete`]. Mirrors `pkg/registry` and `apiserver/pkg/registry` (v1.35).

mod convert;
mod create;
mod delete;
mod resource;
mod store;
mod strategy;
mod table;
#[cfg(test)]
mod testing;
mod update;

pub use crate::api::validate::Scope;
pub use convert::{ConversionWebhook, Convert};
pub use create::generate_name;
pub(crate) use create::new_uid;
pub use delete::{DeleteOptions, Deletion, Propagation};
pub use resource::{
    ALL_VERBS, Conversion, CustomKind, ResourceDef, ScalePaths, SelectableField, Subresource,
    SubresourceKind, Verb,
};
pub use store::{Admit, Registry, Unasked, WriteContext};
pub use strategy::{HookContext, Objects, PlainStrategy, Reservation, Strategy};
pub use table::ResourceTable;
pub use update::Change;

pub mod admissionregistration;
pub mod apiextensions;
pub mod apiregistration;
pub mod apps;
pub mod authentication;
pub mod authorization;
pub mod autoscaling;
pub mod batch;
pub mod certificates;
pub mod coordination;
pub mod core;
pub mod discovery;
pub mod events;
pub mod flowcontrol;
pub mod metrics;
pub mod networking;
pub mod node;
pub mod policy;
pub mod rbac;
pub mod scheduling;
pub mod storage;
pub mod validation;

/// Every built-in resource.
pub fn built_in_resources() -> Vec<ResourceDef> {
    [
        core::resources(),
        admissionregistration::resources(),
        apiregistration::resources(),
        apiextensions::resources(),
        apps::resources(),
        authentication::resources(),
        authorization::resources(),
        autoscaling::resources(),
        batch::resources(),
        certificates::resources(),
        coordination::resources(),
        discovery::resources(),
        events::resources(),
        flowcontrol::resources(),
        metrics::resources(),
        networking::resources(),
        node::resources(),
        policy::resources(),
        rbac::resources(),
        scheduling::resources(),
        storage::resources(),
    ]
    .concat()
}
