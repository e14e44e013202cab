//! The Node object of a simulated node, and its status.
//!
//! Looks like a node of kind. Mirrors `pkg/kubelet/kubelet_node_status.go` and
//! `pkg/kubelet/nodestatus/setters.go` (v1.35).

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node as NodeObject, NodeCondition};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::node::{Node, NodeConfig};
use super::pressure::Pressure;
use crate::api::meta::format_time;

/// The release that nodes report.
pub const VERSION: &str = "v1.35.0";

const MOST_IMAGES: usize = 50;

/// The object with which a node introduces itself.
pub fn node_object(config: &NodeConfig) -> Value {
    let name = &config.name;
    let mut labels = json!({
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    });
    if !config.zone.is_empty() {
        labels["topology.kubernetes.io/zone"] = json!(config.zone);
    }
    if !config.region.is_empty() {
        labels["topology.kubernetes.io/region"] = json!(config.region);
    }
    let mut spec = json!({
        "podCIDR": config.pod_cidr.to_string(),
        "podCIDRs": [config.pod_cidr.to_string()],
        "providerID": format!("kind://docker/kubekata/{name}"),
    });
    if config.is_control_plane {
        labels["node-role.kubernetes.io/control-plane"] = json!("");
        labels["node.kubernetes.io/exclude-from-external-load-balancers"] = json!("");
    }
    for (label, value) in &config.labels {
        labels[label] = json!(value);
    }
    let mut taints = json!(config.taints);
    if let (true, Some(taints)) = (config.is_tainted, taints.as_array_mut()) {
        let of_role =
            json!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"});
        taints.insert(0, of_role);
    }
    if taints.as_array().is_some_and(|taints| !taints.is_empty()) {
        spec["taints"] = taints;
    }
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": spec,
    })
}

/// The status as it is now. Times of transitions come from `old`, the status before.
pub fn node_status(node: &Node, old: Option<&NodeObject>, now: Timestamp) -> Value {
    let config = &node.config;
    let resources = json!({
        "cpu": config.cpu,
        "ephemeral-storage": "61202244Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": config.memory,
        "pods": config.pods.to_string(),
    });
    json!({
        "addresses": [
            {"type": "InternalIP", "address": config.ip},
            {"type": "Hostname", "address": config.name},
        ],
        "capacity": resources,
        "allocatable": resources,
        "conditions": conditions(node, old, now),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "images": images(node),
        "nodeInfo": node_info(node),
        "runtimeHandlers": [
            {"name": "", "features": {"recursiveReadOnlyMounts": true, "userNamespaces": true}},
            {"name": "runc", "features": {"recursiveReadOnlyMounts": true, "userNamespaces": true}},
        ],
        "features": {"supplementalGroupsPolicy": true},
    })
}

/// A condition as the kubelet sees it now, and the event that tells of its coming.
pub struct Condition {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: &'static str,
    pub event: &'static str,
}

/// All conditions, in the order of kubelets.
fn judged(node: &Node) -> Vec<Condition> {
    let pressures = node.pressures();
    let pressed = Pressure::ALL.into_iter().map(|pressure| {
        let words = pressure.words();
        let (status, (reason, message, event)) = match pressures.contains(&pressure) {
            true => ("True", words.on),
            false => ("False", words.off),
        };
        Condition {
            kind: words.condition,
            status,
            reason,
            message,
            event,
        }
    });
    let ready = Condition {
        kind: "Ready",
        status: "True",
        reason: "KubeletReady",
        message: "kubelet is posting ready status",
        event: "NodeReady",
    };
    pressed.chain([ready]).collect()
}

/// The conditions that are not what `old` says of them.
pub fn changed_conditions(node: &Node, old: &NodeObject) -> Vec<Condition> {
    let status = old.status.as_ref();
    let before = status.and_then(|status| status.conditions.as_deref());
    let before = before.unwrap_or_default();
    let is_news = |own: &Condition| {
        let same = |old: &NodeCondition| old.type_ == own.kind && old.status == own.status;
        !before.iter().any(same)
    };
    judged(node).into_iter().filter(is_news).collect()
}

fn conditions(node: &Node, old: Option<&NodeObject>, now: Timestamp) -> Value {
    let status = old.and_then(|old| old.status.as_ref());
    let before = status.and_then(|status| status.conditions.as_deref());
    let before = before.unwrap_or_default();
    judged(node)
        .iter()
        .map(|judged| {
            let same = before
                .iter()
                .find(|own| own.type_ == judged.kind && own.status == judged.status);
            let since = same.and_then(|own| own.last_transition_time.as_ref());
            json!({
                "type": judged.kind,
                "status": judged.status,
                "reason": judged.reason,
                "message": judged.message,
                "lastHeartbeatTime": format_time(now),
                "lastTransitionTime": format_time(since.map_or(now, |time| time.0)),
            })
        })
        .collect()
}

/// The largest images first, as kubelets list them.
fn images(node: &Node) -> Value {
    let mut images = node.runtime.images().list();
    images.sort_by_key(|image| std::cmp::Reverse(image.size));
    images
        .iter()
        .take(MOST_IMAGES)
        .map(|image| {
            let mut names = vec![image.repo_digest.clone()];
            names.extend(image.repo_tags.iter().cloned());
            json!({"names": names, "sizeBytes": image.size})
        })
        .collect()
}

fn node_info(node: &Node) -> Value {
    let config = &node.config;
    json!({
        "architecture": "amd64",
        "bootID": boot_id(node),
        "containerRuntimeVersion": "containerd://2.2.0",
        "kernelVersion": "6.12.57+deb13-amd64",
        "kubeProxyVersion": "",
        "kubeletVersion": VERSION,
        "machineID": identifier("machine", &config.name).replace('-', ""),
        "operatingSystem": "linux",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "systemUUID": identifier("system", &config.name),
    })
}

/// Another one after every boot.
pub fn boot_id(node: &Node) -> String {
    match node.boots.load(Ordering::Relaxed) {
        0 => identifier("boot", &node.config.name),
        boots => identifier(&format!("boot {boots}"), &node.config.name),
    }
}

/// An identifier that a node keeps from one start to the next.
fn identifier(what: &str, node: &str) -> String {
    let digest = Sha256::digest(format!("{what}/{node}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}
