//! The rules that Pods obey, with Kubernetes' words; every mistake is reported at once.
//!
//! Each file mirrors a part of `pkg/apis/core/validation/validation.go` (v1.35). `metadata` itself
//! is checked for all kinds alike, elsewhere.

mod annotations;
mod containers;
mod env;
mod ephemeral;
mod host;
mod images;
mod network;
mod pod_level;
mod probes;
mod resize;
mod scheduling;
mod security;
mod spec;
mod status;
mod update;
mod volumes;
mod windows;

use serde_json::Value;

use crate::api::field::ErrorList;
use crate::api::meta;
use crate::registry::validation::Field;

pub use ephemeral::ephemeral_containers_update;
pub use resize::resize;
pub use spec::pod_spec;
pub use status::status_update;
pub use update::update;

pub(crate) use annotations::pod_annotations;
pub(crate) use scheduling::{node_selector, taint_effect, tolerations};
pub(crate) use security::{all_containers, annotations_match_fields};
pub(crate) use volumes::{
    INITIATOR_NAME_TOO_LONG, MAX_INITIATOR_NAME, SOURCE_RULES, SourceRule, csi_driver_name,
    is_initiator, no_backsteps, one_too_many, starts_as_initiator,
};

/// Whose PodSpec it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// A Pod of this name; empty while it has none.
    Pod(&'a str),
    /// The template of a workload.
    Template,
}

/// A new Pod.
pub fn create(pod: &Value) -> ErrorList {
    let root = Field::new(pod, "");
    let spec = root.child("spec");
    let mut errors = pod_rules(pod);
    let ephemeral = spec.child("ephemeralContainers");
    if !ephemeral.is_empty() {
        errors.push(ephemeral.forbidden("cannot be set on create"));
    }
    if !spec.child("nodeName").is_empty() && !spec.child("schedulingGates").is_empty() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        errors.push(spec.child("nodeName").forbidden(detail));
    }
    errors.extend(annotations_match_fields(&root.child("metadata"), &spec));
    errors
}

/// What is true of every Pod, new or changed.
fn pod_rules(pod: &Value) -> ErrorList {
    let root = Field::new(pod, "");
    let spec = root.child("spec");
    let annotations = root.child("metadata").child("annotations");
    let mut errors = pod_annotations(&annotations, &spec);
    errors.extend(pod_spec(&spec, Owner::Pod(meta::name(pod))));
    errors.extend(volumes::tokens_need_an_account(&spec));
    for list in ["containers", "initContainers"] {
        for container in spec.child(list).items() {
            errors.extend(images::no_padding(&container));
        }
    }
    errors
}

#[cfg(test)]
mod tests;
