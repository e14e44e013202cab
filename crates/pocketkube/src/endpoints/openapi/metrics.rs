//! The types of `metrics.k8s.io`, which `k8s-openapi` does not bring.
//!
//! Mirrors `k8s.io/metrics/pkg/apis/metrics/v1beta1/types.go`.

use serde_json::{Value, json};

use super::definitions::REFERENCE_PREFIX;
use crate::api::GroupVersionKind;
use crate::registry::metrics::GROUP;

const PREFIX: &str = "io.k8s.metrics.pkg.apis.metrics.v1beta1.";
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// The kinds of the group with the names of their definitions.
pub(super) fn kinds() -> Vec<(GroupVersionKind, String)> {
    let kinds = ["NodeMetrics", "PodMetrics"].into_iter();
    kinds
        .map(|kind| {
            let name = format!("{PREFIX}{kind}");
            (GroupVersionKind::new(GROUP, "v1beta1", kind), name)
        })
        .collect()
}

/// Every definition of the group but the lists.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let usage = json!({
        "type": "object",
        "description": "What is used at present: cpu in cores, memory as the working set in bytes.",
        "additionalProperties": reference("io.k8s.apimachinery.pkg.api.resource.Quantity", None),
    });
    let container = json!({
        "type": "object",
        "description": "What one container uses.",
        "required": ["name", "usage"],
        "properties": {
            "name": {"type": "string", "description": "The container's name in the Pod's spec."},
            "usage": usage,
        },
    });
    let containers = json!({
        "type": "array",
        "description": "What each container uses, all of them measured over the same time.",
        "items": reference(&format!("{PREFIX}ContainerMetrics"), None),
        "x-kubernetes-list-type": "atomic",
    });
    vec![
        (format!("{PREFIX}ContainerMetrics"), container),
        (
            format!("{PREFIX}NodeMetrics"),
            measured("node", ("usage", usage)),
        ),
        (
            format!("{PREFIX}PodMetrics"),
            measured("pod", ("containers", containers)),
        ),
    ]
}

fn measured(what: &str, (field, schema): (&str, Value)) -> Value {
    let window = "When the measuring ended; it began one window earlier.";
    let mut properties = json!({
        "apiVersion": {"type": "string", "description": "The version of the schema that this object follows."},
        "kind": {"type": "string", "description": "The kind of the object."},
        "metadata": reference(&format!("{META}ObjectMeta"), Some("The object's metadata.")),
        "timestamp": reference(&format!("{META}Time"), Some(window)),
        "window": {"type": "string", "description": "How long was measured."},
    });
    properties[field] = schema;
    json!({
        "type": "object",
        "description": format!("What a {what} uses."),
        "required": ["timestamp", "window", field],
        "properties": properties,
    })
}

fn reference(name: &str, words: Option<&str>) -> Value {
    let reference = json!({"$ref": format!("{REFERENCE_PREFIX}{name}")});
    match words {
        Some(words) => json!({"description": words, "allOf": [reference]}),
        None => reference,
    }
}
