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
        "description": "The memory usage is the memory working set.",
        "additionalProperties": reference("io.k8s.apimachinery.pkg.api.resource.Quantity", None),
    });
    let container = json!({
        "type": "object",
        "description": "ContainerMetrics sets resource usage metrics of a container.",
        "required": ["name", "usage"],
        "properties": {
            "name": {"type": "string", "description": "Container name corresponding to the one from pod.spec.containers."},
            "usage": usage,
        },
    });
    let containers = json!({
        "type": "array",
        "description": "Metrics for all containers are collected within the same time window.",
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
    let capital = if what == "node" { "Node" } else { "Pod" };
    let window = "The following fields define time interval from which metrics were collected from the interval [Timestamp-Window, Timestamp].";
    let mut properties = json!({
        "apiVersion": {"type": "string", "description": "APIVersion defines the versioned schema of this representation of an object."},
        "kind": {"type": "string", "description": "Kind is a string value representing the REST resource this object represents."},
        "metadata": reference(&format!("{META}ObjectMeta"), Some("Standard object's metadata.")),
        "timestamp": reference(&format!("{META}Time"), Some(window)),
        "window": {"type": "string", "description": "The length of the time interval."},
    });
    properties[field] = schema;
    json!({
        "type": "object",
        "description": format!("{capital}Metrics sets resource usage metrics of a {what}."),
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
