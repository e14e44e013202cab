//! What a question about access must say. Mirrors
//! `pkg/apis/authorization/validation/validation.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{is_empty, text};
use crate::api::validate::label_selector;

/// The question is about a resource or about a path, not both.
pub(super) fn validate_subject_matter(spec: &Value) -> ErrorList {
    let path = Path::new("spec");
    let (resource, other) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let mut errors = match (resource.is_null(), other.is_null()) {
        (false, false) => vec![Error::invalid(
            path.child("nonResourceAttributes"),
            other.clone(),
            "cannot be specified in combination with resourceAttributes",
        )],
        (true, true) => vec![Error::invalid(
            path.child("resourceAttributes"),
            other.clone(),
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )],
        _ => vec![],
    };
    let selector = &resource["labelSelector"];
    if !selector.is_null() {
        let path = path.child("resourceAttributes").child("labelSelector");
        errors.extend(label_selector(selector, &path));
    }
    errors
}

/// Somebody is asked about.
pub(super) fn validate_subject(spec: &Value) -> ErrorList {
    if !text(spec, "user").is_empty() || !is_empty(&spec["groups"]) {
        return ErrorList::new();
    }
    vec![Error::invalid(
        Path::new("spec.user"),
        "",
        "at least one of user or group must be specified",
    )]
}
