//! Deletes Pods that no node will ever finish, and the oldest of too many that have ended.
//!
//! Mirrors `pkg/controller/podgc/gc_controller.go` (v1.35), but wakes up for what happens instead
//! of looking every 20 seconds.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Node, Pod};

use super::taint_eviction::mark_disrupted;
use super::{Controller, ControllerContext, SyncError, pod, run};
use crate::client::{
    Change, Client, DeleteOptions, Index, Kind, Lister, ObjectKey, WorkQueue, retry_on_conflict,
};
use crate::clock::Clock;

/// How many Pods that have ended are kept.
const TERMINATED_LIMIT: usize = 12_500;
/// How long a node must be gone before its Pods are given up.
const QUARANTINE: Duration = Duration::from_secs(40);
const ENDED: &str = "ended";

struct PodGarbageCollector {
    nodes: Lister<Node>,
    pods: Lister<Pod>,
    ended: Index<Pod>,
    client: Client,
    queue: Arc<WorkQueue<Key>>,
    clock: Clock,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    /// A Pod whose node may be gone, or that never had one.
    Pod(ObjectKey),
    /// All Pods that have ended.
    Ended,
}

pub(super) fn start(context: ControllerContext) {
    let nodes = context.informers.get::<Node>();
    let pods = context.informers.get::<Pod>();
    let ended = pods.lister().index(ENDED, |pod: &Pod| {
        let is_ended = pod::is_terminal(pod);
        is_ended.then(|| ENDED.to_owned()).into_iter().collect()
    });
    let controller = Arc::new(PodGarbageCollector {
        nodes: nodes.lister(),
        pods: pods.lister(),
        ended,
        client: context.client.clone(),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let handler = controller.clone();
    pods.subscribe(move |change| handler.pod_changed(change));
    let queue = controller.queue.clone();
    let by_node = pods.lister().by_node();
    nodes.subscribe(move |change| {
        if let Change::Deleted(node) = change {
            for pod in by_node.get(node.name()) {
                queue.add_after(Key::Pod(pod.key()), QUARANTINE);
            }
        }
    });
    let queue = (controller.queue.clone(), 1);
    run(
        &context,
        "pod-garbage-collector",
        queue,
        controller,
        async move {
            nodes.wait_synced().await;
            pods.wait_synced().await;
        },
    );
}

impl PodGarbageCollector {
    fn pod_changed(&self, change: &Change<Pod>) {
        let pod = change.object();
        if self.ended.count(ENDED) > TERMINATED_LIMIT {
            self.queue.add(Key::Ended);
        }
        if matches!(change, Change::Deleted(_)) {
            return;
        }
        let node = pod::node_name(pod);
        if node.is_empty() {
            if pod.is_terminating() {
                self.queue.add(Key::Pod(pod.key()));
            }
        } else if change.old().is_none_or(|old| pod::node_name(old) != node)
            && self.nodes.get("", node).is_none()
        {
            self.queue.add_after(Key::Pod(pod.key()), QUARANTINE);
        }
    }

    async fn collect(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(pod) = self.pods.get_key(key) else {
            return Ok(());
        };
        let node = pod::node_name(&pod);
        if node.is_empty() {
            if !pod.is_terminating() {
                return Ok(());
            }
            // A finalizer may hold it: a Job that replaces only what has failed waits for this.
            if !pod::is_terminal(&pod) {
                self.fail(&pod).await?;
            }
            return self.delete(&pod).await;
        }
        let is_known = self.nodes.get("", node).is_some();
        if is_known || self.client.find::<Node>("", node).await?.is_some() {
            return Ok(());
        }
        if !pod::is_terminal(&pod) {
            let reason = ("DeletionByPodGC", "PodGC: node no longer exists");
            mark_disrupted(&self.client, &pod, reason, self.clock.now()).await?;
            self.fail(&pod).await?;
        }
        self.delete(&pod).await
    }

    /// Nobody else will ever say how the Pod ended.
    async fn fail(&self, pod: &Pod) -> Result<(), SyncError> {
        let outcome = retry_on_conflict(|| async {
            let mut latest: Pod = self.client.get(pod.namespace(), pod.name()).await?;
            if latest.uid() != pod.uid() {
                return Ok(());
            }
            latest.status.get_or_insert_default().phase = Some("Failed".to_owned());
            self.client.update_status(&latest).await.map(drop)
        });
        Ok(outcome.await?)
    }

    async fn delete(&self, pod: &Pod) -> Result<(), SyncError> {
        let options = DeleteOptions::of_uid(pod.uid()).grace_period(0);
        let deleted = self
            .client
            .delete::<Pod>(pod.namespace(), pod.name(), &options);
        match deleted.await {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn delete_surplus(&self) -> Result<(), SyncError> {
        let mut ended = self.ended.get(ENDED);
        ended.retain(|pod| !pod.is_terminating());
        ended.sort_by_key(|pod| (pod.created_at(), pod.key()));
        let surplus = ended.len().saturating_sub(TERMINATED_LIMIT);
        for pod in &ended[..surplus] {
            self.delete(pod).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Controller for PodGarbageCollector {
    type Key = Key;

    async fn sync(&self, key: &Key) -> Result<(), SyncError> {
        match key {
            Key::Pod(pod) => match self.collect(pod).await {
                Err(SyncError::Status(error)) if error.is_not_found() => Ok(()),
                outcome => outcome,
            },
            Key::Ended => self.delete_surplus().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::fake::Harness;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn pods_of_a_node_that_is_gone_are_deleted_after_a_while() {
        let harness = Harness::new();
        start(harness.context());
        harness
            .given::<Node>(json!({"metadata": {"name": "node-1"}}))
            .await;
        let pod = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"nodeName": "node-1", "containers": []},
            "status": {"phase": "Running"},
        });
        harness.given::<Pod>(pod).await;
        harness.pass(100 * SECOND).await;
        let now = DeleteOptions::default();
        harness
            .client
            .delete::<Node>("", "node-1", &now)
            .await
            .unwrap();
        harness.pass(39 * SECOND).await;
        assert_eq!(harness.all::<Pod>().await.len(), 1);
        harness.pass(2 * SECOND).await;
        assert!(harness.all::<Pod>().await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_that_goes_before_it_had_a_node_has_failed() {
        let harness = Harness::new();
        start(harness.context());
        let pod = json!({
            "metadata": {
                "name": "web", "namespace": "default", "finalizers": ["example.com/counted"],
            },
            "spec": {"containers": []},
            "status": {"phase": "Pending"},
        });
        harness.given::<Pod>(pod).await;
        let delete = DeleteOptions::default();
        let deleted = harness.client.delete::<Pod>("default", "web", &delete);
        deleted.await.unwrap();
        harness.pass(SECOND).await;
        let pod: Pod = harness.get("default", "web").await;
        assert!(pod.is_terminating());
        assert_eq!(pod::phase(&pod), "Failed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_comes_back_keeps_its_pods() {
        let harness = Harness::new();
        start(harness.context());
        let pod = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"nodeName": "node-1", "containers": []},
        });
        harness.given::<Pod>(pod).await;
        harness.pass(20 * SECOND).await;
        harness
            .given::<Node>(json!({"metadata": {"name": "node-1"}}))
            .await;
        harness.pass(100 * SECOND).await;
        assert_eq!(harness.all::<Pod>().await.len(), 1);
    }
}
