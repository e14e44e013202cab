//! Coming from client-side apply: what the `last-applied-configuration` annotation allows.
//!
//! Mirrors `lastappliedmanager.go` and `lastappliedupdater.go` of
//! `apimachinery/pkg/util/managedfields/internal` (v1.35).

use serde_json::{Map, Value};

use super::set::Set;
use super::typed;
use super::types::ObjectSchema;
use crate::api::gvk::GroupVersionKind;
use crate::api::meta;
use crate::api::validate::ANNOTATIONS_SIZE_LIMIT;

/// The manager of `kubectl apply --server-side`, which alone knows the annotation.
pub(super) const MANAGER: &str = "kubectl";
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The fields that are still as they were applied last; kubectl may take them from anybody.
pub(super) fn unchanged(schema: ObjectSchema<'_>, live: &Value, kind: &GroupVersionKind) -> Set {
    let Some(last) = meta::annotation(live, ANNOTATION)
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .filter(|last| meta::api_version(last) == kind.api_version())
        .filter(|last| typed::validate(last, schema.root()).is_empty())
    else {
        return Set::default();
    };
    let comparison = typed::compare(&last, live, schema.root());
    typed::paths_of(&last, schema.root())
        .difference(&comparison.modified)
        .difference(&comparison.added)
        .difference(&comparison.removed)
}

/// Keeps the annotation of an object that has one in step with what was applied.
pub(super) fn renew(object: &mut Value, applied: &Value) {
    if meta::annotation(object, ANNOTATION).is_none_or(str::is_empty) {
        return;
    }
    let mut applied = applied.clone();
    let annotations = applied.pointer_mut("/metadata/annotations");
    if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
        annotations.remove(ANNOTATION);
    }
    let Some(annotations) = object["metadata"]["annotations"].as_object_mut() else {
        return;
    };
    annotations.insert(ANNOTATION.to_owned(), format!("{applied}\n").into());
    if size(annotations) > ANNOTATIONS_SIZE_LIMIT {
        annotations.remove(ANNOTATION);
    }
}

fn size(annotations: &Map<String, Value>) -> usize {
    let sizes = annotations
        .iter()
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len));
    sizes.sum()
}
