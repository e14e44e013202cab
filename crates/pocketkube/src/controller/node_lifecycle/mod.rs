//! Watches over nodes: one whose kubelet falls silent becomes Unknown and is tainted, and its Pods
//! are no longer ready.
//!
//! [`health`] judges silence, [`taints`] says which taints a node should have; evicting Pods is
//! the work of `taint_eviction`. Unlike upstream every node is handled at once: there are no
//! eviction rates per zone. Mirrors `pkg/controller/nodelifecycle` (v1.35).

mod health;
mod taints;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, ObjectReference, Pod};
use parking_lot::Mutex;
use serde_json::json;

use super::conditions::{FALSE, TRUE};
use super::{Controller, ControllerContext, SyncError, pod, run};
use crate::client::{
    Change, Client, EventRecorder, EventType, Index, Kind, Lister, Patch, WorkQueue,
    retry_on_conflict, time,
};
use crate::clock::Clock;

const WORKERS: usize = 8;
/// Where kubelets renew their leases.
const LEASES: &str = "kube-node-lease";

struct NodeLifecycle {
    nodes: Lister<Node>,
    pods: Index<Pod>,
    client: Client,
    recorder: EventRecorder,
    queue: Arc<WorkQueue<String>>,
    clock: Clock,
    /// When each node was last seen alive, by this process.
    alive: Mutex<HashMap<String, Timestamp>>,
}

pub(super) fn start(context: ControllerContext) {
    let nodes = context.informers.get::<Node>();
    let leases = context.informers.get::<Lease>();
    let pods = context.informers.get::<Pod>();
    let controller = Arc::new(NodeLifecycle {
        nodes: nodes.lister(),
        pods: pods.lister().by_node(),
        client: context.client.clone(),
        recorder: context.recorder("node-controller"),
        queue: context.queue(),
        clock: context.clock.clone(),
        alive: Mutex::default(),
    });
    let handler = controller.clone();
    nodes.subscribe(move |change| handler.node_changed(change));
    let handler = controller.clone();
    leases.subscribe(move |change| {
        let lease = change.object();
        if lease.namespace() == LEASES {
            handler.saw(lease.name());
        }
    });
    let queue = (controller.queue.clone(), WORKERS);
    run(
        &context,
        "node-lifecycle-controller",
        queue,
        controller,
        async move {
            nodes.wait_synced().await;
            leases.wait_synced().await;
            pods.wait_synced().await;
        },
    );
}

impl NodeLifecycle {
    fn node_changed(&self, change: &Change<Node>) {
        let node = change.object();
        match change {
            Change::Added(_) => {
                self.saw(node.name());
                let message = format!("Registered Node {} in Controller", node.name());
                self.tell(node, "RegisteredNode", message);
            }
            Change::Updated { old, new } if health::heartbeat(old) != health::heartbeat(new) => {
                self.saw(node.name());
            }
            Change::Updated { .. } => {}
            Change::Deleted(_) => {
                self.alive.lock().remove(node.name());
                let message = format!("Removing Node {} from Controller", node.name());
                self.tell(node, "RemovingNode", message);
                return;
            }
        }
        self.queue.add(node.name().to_owned());
    }

    fn saw(&self, node: &str) {
        self.alive.lock().insert(node.to_owned(), self.clock.now());
    }

    fn tell(&self, node: &Node, reason: &str, what: String) {
        let message = format!("Node {} event: {what}", node.name());
        self.record(node, reason, message);
    }

    fn record(&self, node: &Node, reason: &str, message: String) {
        let about = ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Node".to_owned()),
            name: Some(node.name().to_owned()),
            uid: Some(node.uid().to_owned()),
            ..ObjectReference::default()
        };
        self.recorder
            .event_about(about, EventType::Normal, reason, message);
    }

    async fn mark_unknown(&self, node: &Node) -> Result<Node, SyncError> {
        let mut changed = node.clone();
        if !health::mark_unknown(&mut changed, self.clock.now()) {
            return Ok(changed);
        }
        let was_ready = health::ready_status(node) == Some(TRUE);
        let written = self.client.update_status(&changed).await?;
        if was_ready {
            let name = node.name();
            let message = format!("Node {name} status is now: NodeNotReady");
            self.record(node, "NodeNotReady", message);
            self.mark_pods_not_ready(name).await?;
        }
        Ok(written)
    }

    /// A node that nobody hears of can't be known to serve.
    async fn mark_pods_not_ready(&self, node: &str) -> Result<(), SyncError> {
        for pod in self.pods.get(node).iter().filter(|pod| pod::is_ready(pod)) {
            let outcome = retry_on_conflict(|| async {
                let mut latest: Pod = self.client.get(pod.namespace(), pod.name()).await?;
                let status = latest.status.get_or_insert_default();
                let conditions = status.conditions.iter_mut().flatten();
                for ready in conditions.filter(|own| own.type_ == "Ready" && own.status == TRUE) {
                    ready.status = FALSE.to_owned();
                    ready.last_transition_time = Some(time(self.clock.now()));
                }
                self.client.update_status(&latest).await.map(drop)
            });
            match outcome.await {
                Err(error) if error.is_not_found() => continue,
                outcome => outcome?,
            }
            let message = "Node is not ready";
            self.recorder
                .event(&**pod, EventType::Warning, "NodeNotReady", message);
        }
        Ok(())
    }

    async fn write_taints(&self, node: &Node) -> Result<(), SyncError> {
        let Some(taints) = taints::wanted(node, self.clock.now()) else {
            return Ok(());
        };
        let taints = (!taints.is_empty()).then_some(taints);
        let patch = Patch::Merge(json!({
            "metadata": {"resourceVersion": node.resource_version()},
            "spec": {"taints": taints},
        }));
        self.client.patch::<Node>("", node.name(), patch).await?;
        Ok(())
    }
}

#[async_trait]
impl Controller for NodeLifecycle {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let Some(node) = self.nodes.get("", name) else {
            return Ok(());
        };
        let now = self.clock.now();
        let alive = self.alive.lock().get(name).copied().unwrap_or(now);
        let node = match health::silence_left(&node, alive, now) {
            Some(left) => {
                // Looked at again when the node could have become silent, and not before.
                self.queue.add_after(name.clone(), left);
                (*node).clone()
            }
            None => self.mark_unknown(&node).await?,
        };
        self.write_taints(&node).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::*;
    use crate::client::fake::Harness;

    const SECOND: Duration = Duration::from_secs(1);

    async fn cluster() -> Harness {
        let harness = Harness::new();
        start(harness.context());
        let node = json!({
            "metadata": {"name": "node-1"},
            "status": {"conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady",
                 "lastHeartbeatTime": "2026-01-02T03:04:05Z"},
                {"type": "MemoryPressure", "status": "False"},
            ]},
        });
        harness.given::<Node>(node).await;
        let lease = json!({"metadata": {"name": "node-1", "namespace": LEASES}, "spec": {}});
        harness.given::<Lease>(lease).await;
        let pod = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"nodeName": "node-1", "containers": []},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        });
        harness.given::<Pod>(pod).await;
        harness
    }

    async fn renew(harness: &Harness) {
        let moment = crate::api::meta::format_micro_time(harness.clock.now());
        let patch = Patch::Merge(json!({"spec": {"renewTime": moment}}));
        harness
            .client
            .patch::<Lease>(LEASES, "node-1", patch)
            .await
            .unwrap();
    }

    async fn conditions(harness: &Harness) -> Vec<String> {
        let node: Node = harness.get("", "node-1").await;
        let conditions = node.status.unwrap().conditions.unwrap().into_iter();
        conditions
            .map(|own| {
                format!(
                    "{}={} {}",
                    own.type_,
                    own.status,
                    own.reason.unwrap_or_default()
                )
            })
            .collect()
    }

    async fn taints(harness: &Harness) -> Vec<String> {
        let node: Node = harness.get("", "node-1").await;
        let taints = node.spec.and_then(|spec| spec.taints).unwrap_or_default();
        taints
            .iter()
            .map(|taint| format!("{}:{}", taint.key, taint.effect))
            .collect()
    }

    async fn set_ready(harness: &Harness, status: &str) {
        let conditions: Value =
            json!([{"type": "Ready", "status": status, "reason": "KubeletReady"}]);
        let patch = Patch::Merge(json!({"status": {"conditions": conditions}}));
        harness
            .client
            .patch::<Node>("", "node-1", patch)
            .await
            .unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_renews_its_lease_is_left_alone() {
        let harness = cluster().await;
        for _ in 0..20 {
            renew(&harness).await;
            harness.pass(10 * SECOND).await;
        }
        assert_eq!(conditions(&harness).await[0], "Ready=True KubeletReady");
        let events = harness.events().await;
        assert_eq!(
            events,
            ["Normal RegisteredNode (1): Node node-1 event: Registered Node node-1 in Controller"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_node_becomes_unknown_and_recovers() {
        let harness = cluster().await;
        harness.pass(49 * SECOND).await;
        assert_eq!(conditions(&harness).await[0], "Ready=True KubeletReady");
        harness.pass(5 * SECOND).await;
        assert_eq!(
            conditions(&harness).await,
            [
                "Ready=Unknown NodeStatusUnknown",
                "MemoryPressure=Unknown NodeStatusUnknown",
                "DiskPressure=Unknown NodeStatusNeverUpdated",
                "PIDPressure=Unknown NodeStatusNeverUpdated",
            ]
        );
        assert_eq!(
            taints(&harness).await,
            [
                "node.kubernetes.io/unreachable:NoSchedule",
                "node.kubernetes.io/unreachable:NoExecute"
            ]
        );
        let pod: Pod = harness.get("default", "web").await;
        assert!(!pod::is_ready(&pod));
        let events = harness.events().await;
        assert!(events.contains(
            &"Normal NodeNotReady (1): Node node-1 status is now: NodeNotReady".to_owned()
        ));
        assert!(events.contains(&"Warning NodeNotReady (1): Node is not ready".to_owned()));

        renew(&harness).await;
        set_ready(&harness, "True").await;
        harness.pass(SECOND).await;
        assert_eq!(taints(&harness).await, Vec::<String>::new());
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_says_it_is_not_ready_is_tainted_as_such() {
        let harness = cluster().await;
        set_ready(&harness, "False").await;
        harness.pass(SECOND).await;
        assert_eq!(
            taints(&harness).await,
            [
                "node.kubernetes.io/not-ready:NoSchedule",
                "node.kubernetes.io/not-ready:NoExecute"
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn cordoning_is_a_taint_beside_those_of_users() {
        let harness = cluster().await;
        let own = json!({"key": "team", "value": "a", "effect": "NoSchedule"});
        let patch = Patch::Merge(json!({"spec": {"unschedulable": true, "taints": [own]}}));
        harness
            .client
            .patch::<Node>("", "node-1", patch)
            .await
            .unwrap();
        harness.pass(SECOND).await;
        assert_eq!(
            taints(&harness).await,
            [
                "team:NoSchedule",
                "node.kubernetes.io/unschedulable:NoSchedule"
            ]
        );
    }
}
