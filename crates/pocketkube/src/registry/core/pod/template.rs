//! Pod templates: the part of a workload that its Pods are made from.
//!
//! Every kind with a `spec.template` uses these two functions. Mirrors `ValidatePodTemplateSpec` in
//! `pkg/apis/core/validation/validation.go` and the defaulting of `PodTemplateSpec` (v1.35).

use serde_json::Value;

use super::{defaults, validation};
use crate::api::field::{ErrorList, Path};
use crate::api::meta::map_at;
use crate::api::names::{self, NameUse};
use crate::api::validate;
use crate::registry::validation::Field;
use validation::Owner;

/// Fills in a template. Pods made from it get the rest when they are created.
pub fn default(template: &mut Value) {
    map_at(template, "spec");
    defaults::pod_spec(&mut template["spec"]);
}

/// Every mistake in a template.
pub fn validate(template: &Field<'_>) -> ErrorList {
    let metadata = template.child("metadata");
    let spec = template.child("spec");
    let mut errors = metadata_errors(template);
    errors.extend(validation::pod_spec(&spec, Owner::Template));
    errors.extend(validation::annotations_match_fields(&metadata, &spec));
    let ephemeral = spec.child("ephemeralContainers");
    if !ephemeral.is_empty() {
        errors.push(ephemeral.forbidden("ephemeral containers not allowed in pod template"));
    }
    errors
}

/// Labels and annotations of a template. Their paths lack `metadata`, as upstream's do.
pub fn metadata_errors(template: &Field<'_>) -> ErrorList {
    let metadata = template.child("metadata");
    let (labels, annotations) = (metadata.child("labels"), metadata.child("annotations"));
    let mut errors = validate::labels(labels.value, &template.path.child("labels"));
    let path = template.path.child("annotations");
    errors.extend(validate::annotations(annotations.value, &path));
    errors.extend(validation::pod_annotations(
        &Field::new(annotations.value, path),
        &template.child("spec"),
    ));
    errors
}

/// The template of a workload that keeps its Pods running: they restart always and have no end.
pub fn validate_long_running(template: &Field<'_>, kind: &str) -> ErrorList {
    let spec = template.child("spec");
    let mut errors = validate(template);
    errors.extend(spec.child("restartPolicy").must_be_one_of(&["Always"]));
    errors.extend(
        spec.child("activeDeadlineSeconds")
            .must_not_be_set(&format!("activeDeadlineSeconds in {kind} is not Supported")),
    );
    errors
}

/// Warnings about a workload: its name, which Pods inherit, and its template.
pub fn warnings(name: &str, template: &Value, path: &Path) -> Vec<String> {
    let faults = names::name_is_dns_label(name, NameUse::Whole);
    let mut warnings = Vec::new();
    if !name.is_empty() && !faults.is_empty() {
        warnings.push(format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [{}]",
            faults.join(" ")
        ));
    }
    warnings.extend(super::warnings::warnings(&Field::new(
        template,
        path.clone(),
    )));
    warnings
}
