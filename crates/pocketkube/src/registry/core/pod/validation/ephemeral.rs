//! Ephemeral containers: added to a running Pod for a look, never changed or removed.
//!
//! Mirrors `validateEphemeralContainers` and `ValidatePodEphemeralContainersUpdate`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::annotations::{fixed_annotations, is_mirror};
use super::spec::SpecContext;
use super::{containers, images, pod_rules};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{elements, text};
use crate::api::validate::semantically_equal;
use crate::registry::core::pod::diff;
use crate::registry::validation::Field;

const NOT_FOR_EPHEMERAL: &str = "cannot be set for an Ephemeral Container";

/// Fields of containers that ephemeral ones do not have.
const FORBIDDEN: &[&str] = &[
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

/// `spec.ephemeralContainers`.
pub fn ephemeral(spec: &Field<'_>, context: &SpecContext<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let others: BTreeSet<&str> = ["containers", "initContainers"]
        .iter()
        .flat_map(|list| elements(&spec.value[*list]))
        .map(|container| text(container, "name"))
        .collect();
    let mut seen = others.clone();
    for container in spec.child("ephemeralContainers").items() {
        errors.extend(containers::common(&container, context));
        errors.extend(images::no_padding(&container));
        let name = container.child("name");
        if !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
        let target = container.child("targetContainerName");
        if !target.is_empty() && !others.contains(target.text()) {
            errors.push(target.not_found());
        }
        for field in FORBIDDEN {
            let field = container.child(field);
            if !field.is_empty() {
                errors.push(field.forbidden(NOT_FOR_EPHEMERAL));
            }
        }
        for mount in container.child("volumeMounts").items() {
            for field in ["subPath", "subPathExpr"] {
                let field = mount.child(field);
                if !field.is_empty() {
                    errors.push(field.forbidden(NOT_FOR_EPHEMERAL));
                }
            }
        }
    }
    errors
}

/// A Pod whose ephemeral containers change.
pub fn ephemeral_containers_update(new: &Value, old: &Value) -> ErrorList {
    if is_mirror(old) {
        let detail = "static pods do not support ephemeral containers";
        return vec![Error::forbidden(Path::nameless(), detail)];
    }
    let mut errors = pod_rules(new);
    let annotations = &new["metadata"]["annotations"];
    let annotations = Field::new(annotations, "metadata.annotations");
    errors.extend(fixed_annotations(
        &annotations,
        &old["metadata"]["annotations"],
    ));
    let path = Path::new("spec.ephemeralContainers");
    let present = elements(&new["spec"]["ephemeralContainers"]);
    for container in elements(&old["spec"]["ephemeralContainers"]) {
        let name = text(container, "name");
        match present.iter().find(|other| text(other, "name") == name) {
            None => errors.push(Error::forbidden(
                path.clone(),
                &format!("existing ephemeral containers {name:?} may not be removed\n"),
            )),
            Some(changed) if !semantically_equal(changed, container) => {
                let difference =
                    diff::go_diff("api.core.v1.EphemeralContainer", container, changed);
                errors.push(Error::forbidden(
                    path.clone(),
                    &format!(
                        "existing ephemeral containers {name:?} may not be changed\n{difference}"
                    ),
                ));
            }
            Some(_) => {}
        }
    }
    errors
}
