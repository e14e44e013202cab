//! Changes of the cluster, as far as they can make a waiting Pod schedulable.
//!
//! Mirrors `pkg/scheduler/framework/events.go` (v1.35).

use k8s_openapi::api::core::v1::{Node, Pod};

use crate::client::Kind;

/// What became different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterChange {
    NodeAdded,
    NodeAllocatable,
    NodeLabels,
    NodeTaints,
    /// Cordoned or uncordoned.
    NodeUnschedulable,
    /// A Pod was placed on a node.
    PodPlaced,
    /// The labels of a placed Pod changed, or it began to end.
    PodChanged,
    /// A placed Pod is gone, or has ended.
    PodGone,
    /// A namespace came, or its labels changed.
    Namespace,
    /// A claim, a volume or a storage class came or changed.
    Volumes,
}

/// Every change between two versions of a node that a rule may care for.
pub fn node_changes(old: &Node, new: &Node) -> Vec<ClusterChange> {
    let mut changes = Vec::new();
    let allocatable = |node: &Node| node.status.as_ref().and_then(|s| s.allocatable.clone());
    if allocatable(old) != allocatable(new) {
        changes.push(ClusterChange::NodeAllocatable);
    }
    if old.labels() != new.labels() {
        changes.push(ClusterChange::NodeLabels);
    }
    let taints = |node: &Node| node.spec.as_ref().and_then(|spec| spec.taints.clone());
    if taints(old) != taints(new) {
        changes.push(ClusterChange::NodeTaints);
    }
    let cordoned = |node: &Node| {
        let spec = node.spec.as_ref();
        spec.and_then(|spec| spec.unschedulable).unwrap_or_default()
    };
    if cordoned(old) != cordoned(new) {
        changes.push(ClusterChange::NodeUnschedulable);
    }
    changes
}

/// Whether a placed Pod changed in a way that other Pods' rules can see.
pub fn placed_pod_changed(old: &Pod, new: &Pod) -> bool {
    old.labels() != new.labels()
        || old.is_terminating() != new.is_terminating()
        || old.spec != new.spec
}
