//! Nodes introduce themselves and say again and again that they are alive.
//!
//! One task serves all nodes: a lease every ten seconds, the status when it changed or five
//! minutes have passed. Mirrors `component-helpers/apimachinery/lease` and
//! `pkg/kubelet/kubelet_node_status.go` (v1.35).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node as NodeObject;
use k8s_openapi::api::storage::v1::CSINode;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::node::Node;
use super::registration::{boot_id, changed_conditions, node_object, node_status};
use crate::api::StatusError;
use crate::api::meta::format_micro_time;
use crate::client::{EventType, Kind, Patch};
use crate::clock::Clock;

/// The namespace of the Leases.
pub(crate) const LEASES: &str = "kube-node-lease";
const LEASE_SECONDS: i32 = 40;
/// Drivers of the tree that CSI drivers have replaced.
const MIGRATED: &str = "kubernetes.io/aws-ebs,kubernetes.io/azure-disk,kubernetes.io/azure-file,kubernetes.io/cinder,kubernetes.io/gce-pd,kubernetes.io/portworx-volume,kubernetes.io/vsphere-volume";
/// Nodes renew their Leases so often.
pub(crate) const RENEWAL: Duration = Duration::from_secs(10);
const STATUS_REPORT: Duration = Duration::from_secs(300);

/// The nodes that are alive, shared with whoever switches them off.
pub type Alive = Arc<Mutex<BTreeMap<String, Arc<Node>>>>;

/// Creates the Node, or takes over one that exists, and its lease.
pub async fn register(node: &Node) -> Result<(), StatusError> {
    let name = &node.config.name;
    let now = node.clock.now();
    let mut object = node_object(&node.config);
    object["status"] = node_status(node, None, now);
    let wanted: NodeObject = serde_json::from_value(object)
        .map_err(|error| StatusError::internal(format!("the Node object: {error}")))?;
    match node.client.create(&wanted).await {
        Ok(created) => {
            node.recorder
                .event(&created, EventType::Normal, "Starting", "Starting kubelet.")
        }
        Err(error) if error.is_already_exists() => {
            let labels =
                json!({"metadata": {"labels": node_object(&node.config)["metadata"]["labels"]}});
            node.client
                .patch::<NodeObject>("", name, Patch::Merge(labels))
                .await?;
            let old: NodeObject = node.client.get("", name).await?;
            let tell = |kind, reason: &str, message: String| {
                node.recorder.event(&old, kind, reason, message);
            };
            tell(
                EventType::Normal,
                "Starting",
                "Starting kubelet.".to_owned(),
            );
            let info = old
                .status
                .as_ref()
                .and_then(|status| status.node_info.as_ref());
            let boot = boot_id(node);
            if info.is_some_and(|info| info.boot_id != boot) {
                let message = format!("Node {name} has been rebooted, boot id: {boot}");
                tell(EventType::Warning, "Rebooted", message);
            }
            write_status(node, &old).await?;
        }
        Err(error) => return Err(error),
    }
    introduce_drivers(node).await?;
    renew(node).await
}

/// Says which storage drivers the node has: none, until somebody registers one.
///
/// Mirrors `pkg/volume/csi/nodeinfomanager` (v1.35).
async fn introduce_drivers(node: &Node) -> Result<(), StatusError> {
    let name = &node.config.name;
    let owner: NodeObject = node.client.get("", name).await?;
    let drivers = json!({
        "metadata": {
            "name": name,
            "annotations": {"storage.alpha.kubernetes.io/migrated-plugins": MIGRATED},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Node", "name": name, "uid": owner.uid()},
            ],
        },
        "spec": {"drivers": []},
    });
    let drivers: CSINode = serde_json::from_value(drivers)
        .map_err(|error| StatusError::internal(format!("the CSINode object: {error}")))?;
    match node.client.create(&drivers).await {
        Err(error) if !error.is_already_exists() => Err(error),
        _ => Ok(()),
    }
}

/// Says at once how the node is.
pub async fn report(node: &Node) -> Result<(), StatusError> {
    let old: NodeObject = node.client.get("", &node.config.name).await?;
    write_status(node, &old).await
}

async fn write_status(node: &Node, old: &NodeObject) -> Result<(), StatusError> {
    let name = &node.config.name;
    let status = json!({"status": node_status(node, Some(old), node.clock.now())});
    node.client
        .patch_status::<NodeObject>("", name, Patch::Strategic(status))
        .await?;
    for changed in changed_conditions(node, old) {
        let message = format!("Node {name} status is now: {}", changed.event);
        node.recorder
            .event(old, EventType::Normal, changed.event, message);
    }
    Ok(())
}

/// Keeps all nodes alive, for ever. Their turns are spread over the period.
pub async fn keep_alive(alive: Alive, clock: Clock) {
    let mut reported: HashMap<String, Reported> = HashMap::new();
    loop {
        let nodes: Vec<Arc<Node>> = alive.lock().values().cloned().collect();
        let share = u32::try_from(nodes.len().max(1)).unwrap_or(u32::MAX);
        let begun = clock.now();
        for (turn, node) in nodes.iter().enumerate() {
            // Small fleets beat at once; large ones must not all write in the same moment.
            let offset = RENEWAL * u32::try_from(turn).unwrap_or_default() / share;
            if nodes.len() > 10 {
                let at = begun.saturating_add(offset).unwrap_or(begun);
                clock.sleep_until(at).await;
            }
            if !alive.lock().contains_key(&node.config.name) {
                continue;
            }
            let own = reported.entry(node.config.name.clone()).or_default();
            if let Err(error) = beat(node, own).await {
                tracing::debug!(%error, node = node.config.name, "could not report a node as alive");
            }
        }
        let next = begun.saturating_add(RENEWAL).unwrap_or(begun);
        clock.sleep_until(next).await;
    }
}

/// What was reported of a node last.
#[derive(Default)]
struct Reported {
    status: Value,
    at: Option<Timestamp>,
}

async fn beat(node: &Node, reported: &mut Reported) -> Result<(), StatusError> {
    renew(node).await?;
    let now = node.clock.now();
    let images = node_status(node, None, now)["images"].take();
    let is_due = reported
        .at
        .is_none_or(|at| node.clock.since(at) >= STATUS_REPORT);
    if !is_due && reported.status == images {
        return Ok(());
    }
    report(node).await?;
    reported.status = images;
    reported.at = Some(now);
    Ok(())
}

/// Renews the node's lease; makes it where there is none.
async fn renew(node: &Node) -> Result<(), StatusError> {
    let name = &node.config.name;
    let now = format_micro_time(node.clock.now());
    let patch = json!({"spec": {"renewTime": now}});
    let renewed = node
        .client
        .patch::<Lease>(LEASES, name, Patch::Merge(patch))
        .await;
    match renewed {
        Err(error) if error.is_not_found() => {}
        other => return other.map(|_| ()),
    }
    let owner: NodeObject = node.client.get("", name).await?;
    let lease = json!({
        "metadata": {
            "name": name,
            "namespace": LEASES,
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Node", "name": name, "uid": owner.uid()},
            ],
        },
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": now,
        },
    });
    let lease: Lease = serde_json::from_value(lease)
        .map_err(|error| StatusError::internal(format!("the Lease object: {error}")))?;
    match node.client.create(&lease).await {
        Err(error) if !error.is_already_exists() => Err(error),
        _ => Ok(()),
    }
}
