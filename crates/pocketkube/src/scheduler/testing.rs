//! Nodes, Pods and snapshots for the tests of rules.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::cache::Cache;
use super::framework::Snapshot;

/// A ready node with 4 CPUs, 8 GiB and room for 110 Pods.
pub(super) fn node(name: &str, spec: Value) -> Value {
    json!({
        "metadata": {"name": name, "uid": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": spec,
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
    })
}

/// A Pod from a whole object, or from its spec alone.
pub(super) fn pod(value: Value) -> Pod {
    let mut value = if value["spec"].is_object() {
        value
    } else {
        json!({"metadata": {"name": "pod"}, "spec": value})
    };
    let name = value["metadata"]["name"].clone();
    value["metadata"]["uid"] = name;
    value["metadata"]["namespace"] = json!("default");
    serde_json::from_value(value).expect("a Pod")
}

pub(super) fn snapshot(nodes: Vec<Value>, placed: Vec<Value>) -> Snapshot {
    let mut cache = Cache::default();
    for node in nodes {
        let node = serde_json::from_value(node).expect("a node");
        cache.set_node(Arc::new(node));
    }
    for placed in placed {
        cache.set_pod(Arc::new(pod(placed)));
    }
    cache.settle();
    cache.snapshot().clone()
}
