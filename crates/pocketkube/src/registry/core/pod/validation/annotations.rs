//! Annotations that mean something to Pods.
//!
//! Mirrors `ValidatePodSpecificAnnotations` and `ValidatePodSpecificAnnotationUpdates`.

use serde_json::Value;

use super::security::all_containers;
use super::volumes;
use crate::api::field::{Error, ErrorList};
use crate::api::tree::{entries, text};
use crate::registry::validation::Field;

const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Annotations of a Pod or of a template.
pub fn pod_annotations(annotations: &Field<'_>, spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let values = annotations.value;
    if !values[MIRROR].is_null() && text(spec.value, "nodeName").is_empty() {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        errors.push(at(annotations, MIRROR).invalid(detail));
    }
    if let Some(cost) = values[DELETION_COST].as_str()
        && !is_deletion_cost(cost)
    {
        errors.push(at(annotations, DELETION_COST).invalid("must be a 32bit integer"));
    }
    for (key, profile) in entries(values) {
        let field = Field::new(profile, annotations.path.child(key));
        if key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
            errors.extend(seccomp_profile(&field));
        }
        if let Some(container) = key.strip_prefix(APP_ARMOR) {
            errors.extend(app_armor_profile(&at(annotations, key), container, spec));
        }
    }
    errors
}

/// Annotations that may not come, go or change.
pub fn fixed_annotations(annotations: &Field<'_>, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    for (key, value) in entries(old) {
        if annotations.value[key.as_str()] == *value {
            continue;
        }
        if key.starts_with(APP_ARMOR) {
            let detail = "may not remove or update AppArmor annotations";
            errors.push(at(annotations, key).forbidden(detail));
        }
        if key == MIRROR {
            let detail = "may not remove or update mirror pod annotation";
            errors.push(at(annotations, key).forbidden(detail));
        }
    }
    for (key, _) in entries(annotations.value) {
        if !old[key.as_str()].is_null() {
            continue;
        }
        if key.starts_with(APP_ARMOR) {
            errors.push(at(annotations, key).forbidden("may not add AppArmor annotations"));
        }
        if key == MIRROR {
            errors.push(at(annotations, key).forbidden("may not add mirror pod annotation"));
        }
    }
    errors
}

pub fn is_mirror(pod: &Value) -> bool {
    !pod["metadata"]["annotations"][MIRROR].is_null()
}

fn at<'a>(annotations: &Field<'a>, key: &str) -> Field<'a> {
    Field::new(&annotations.value[key], annotations.path.key(key))
}

/// A 32-bit number without a plus or leading zeros.
fn is_deletion_cost(cost: &str) -> bool {
    cost.parse::<i32>()
        .is_ok_and(|number| number.to_string() == cost)
}

fn seccomp_profile(profile: &Field<'_>) -> ErrorList {
    match profile.text() {
        "runtime/default" | "docker/default" | "unconfined" => ErrorList::new(),
        words => match words.strip_prefix("localhost/") {
            Some(file) => {
                let file = Value::from(file);
                volumes::local_descending(&Field::new(&file, profile.path.clone()))
            }
            None => vec![profile.invalid("must be a valid seccomp profile")],
        },
    }
}

fn app_armor_profile(profile: &Field<'_>, container: &str, spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if !all_containers(spec).any(|known| text(known.value, "name") == container) {
        errors.push(Error::invalid(
            profile.path.clone(),
            container,
            "container not found",
        ));
    }
    let words = profile.text();
    if !matches!(words, "" | "runtime/default" | "unconfined") && !words.starts_with("localhost/") {
        let detail = format!("invalid AppArmor profile name: {words:?}");
        errors.push(profile.invalid(&detail));
    }
    errors
}
