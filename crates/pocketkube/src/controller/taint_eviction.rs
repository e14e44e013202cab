//! Deletes Pods from nodes with a NoExecute taint that they don't tolerate (any longer).
//!
//! Mirrors `pkg/controller/tainteviction/taint_eviction.go` (v1.35).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod, PodCondition, Taint, Toleration};
use parking_lot::Mutex;

use super::conditions::TRUE;
use super::{Controller, ControllerContext, SyncError, pod, run};
use crate::api::StatusError;
use crate::client::{
    Client, DeleteOptions, EventRecorder, EventType, Kind, Lister, ObjectKey, WorkQueue,
    retry_on_conflict, time,
};
use crate::clock::Clock;

const WORKERS: usize = 8;

struct TaintEviction {
    nodes: Lister<Node>,
    pods: Lister<Pod>,
    client: Client,
    recorder: EventRecorder,
    queue: Arc<WorkQueue<ObjectKey>>,
    clock: Clock,
    /// Since when each Pod is under notice, with its uid.
    notice: Mutex<HashMap<ObjectKey, (String, Timestamp)>>,
}

pub(super) fn start(context: ControllerContext) {
    let nodes = context.informers.get::<Node>();
    let pods = context.informers.get::<Pod>();
    let controller = Arc::new(TaintEviction {
        nodes: nodes.lister(),
        pods: pods.lister(),
        client: context.client.clone(),
        recorder: context.recorder("taint-eviction-controller"),
        queue: context.queue(),
        clock: context.clock.clone(),
        notice: Mutex::default(),
    });
    let queue = controller.queue.clone();
    let by_node = pods.lister().by_node();
    nodes.subscribe(move |change| {
        let node = change.object();
        let old = change.old().map(|old| no_execute(old)).unwrap_or_default();
        if old != no_execute(node) {
            by_node
                .get(node.name())
                .iter()
                .for_each(|pod| queue.add(pod.key()));
        }
    });
    let handler = controller.clone();
    pods.subscribe(move |change| {
        let new = change.object();
        let is_tainted = |pod: &Pod| {
            let node = handler.nodes.get("", pod::node_name(pod));
            node.is_some_and(|node| !no_execute(&node).is_empty())
        };
        let is_news = change.old().is_none_or(|old| {
            pod::node_name(old) != pod::node_name(new) || tolerations(old) != tolerations(new)
        });
        if (is_news && is_tainted(new)) || handler.notice.lock().contains_key(&new.key()) {
            handler.queue.add(new.key());
        }
    });
    let queue = (controller.queue.clone(), WORKERS);
    run(
        &context,
        "taint-eviction-controller",
        queue,
        controller,
        async move {
            nodes.wait_synced().await;
            pods.wait_synced().await;
        },
    );
}

fn no_execute(node: &Node) -> Vec<&Taint> {
    let taints = node
        .spec
        .iter()
        .flat_map(|spec| spec.taints.iter().flatten());
    taints.filter(|taint| taint.effect == "NoExecute").collect()
}

fn tolerations(pod: &Pod) -> &[Toleration] {
    let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.as_ref());
    tolerations.map(Vec::as_slice).unwrap_or_default()
}

/// How long a Pod may stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stay {
    ForEver,
    For(Duration),
}

/// The shortest time for which any of the taints is tolerated; no time where one isn't.
fn stay(taints: &[&Taint], tolerations: &[Toleration]) -> Stay {
    let mut shortest = Stay::ForEver;
    for taint in taints {
        let matching = tolerations.iter().filter(|own| tolerates(own, taint));
        let mut seconds: Vec<Option<i64>> = matching.map(|own| own.toleration_seconds).collect();
        // Of several tolerations the shortest counts; one without a limit limits nothing.
        seconds.sort_by_key(|seconds| seconds.unwrap_or(i64::MAX));
        let Some(seconds) = seconds.first() else {
            return Stay::For(Duration::ZERO);
        };
        if let Some(seconds) = seconds {
            let span = Duration::from_secs(u64::try_from(*seconds).unwrap_or(0));
            shortest = match shortest {
                Stay::For(known) if known < span => Stay::For(known),
                _ => Stay::For(span),
            };
        }
    }
    shortest
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (key, effect) = (text(&toleration.key), text(&toleration.effect));
    (effect.is_empty() || effect == taint.effect)
        && (key.is_empty() || key == taint.key)
        && match toleration.operator.as_deref() {
            None | Some("" | "Equal") => text(&toleration.value) == text(&taint.value),
            Some("Exists") => true,
            Some(_) => false,
        }
}

#[async_trait]
impl Controller for TaintEviction {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(pod) = self.pods.get_key(key).filter(|pod| !pod.is_terminating()) else {
            self.notice.lock().remove(key);
            return Ok(());
        };
        let node = self.nodes.get("", pod::node_name(&pod));
        let taints = node
            .as_ref()
            .map(|node| no_execute(node))
            .unwrap_or_default();
        let Stay::For(span) = stay(&taints, tolerations(&pod)) else {
            self.cancel(key, &pod);
            return Ok(());
        };
        let since = self.give_notice(&pod);
        let passed = self.clock.since(since);
        if passed < span {
            self.queue.add_after(key.clone(), span - passed);
            return Ok(());
        }
        let message = format!("Marking for deletion Pod {key}");
        self.recorder
            .event(&*pod, EventType::Normal, "TaintManagerEviction", message);
        self.evict(&pod).await?;
        self.notice.lock().remove(key);
        Ok(())
    }
}

impl TaintEviction {
    fn give_notice(&self, pod: &Pod) -> Timestamp {
        let mut notice = self.notice.lock();
        let fresh = (pod.uid().to_owned(), self.clock.now());
        let entry = notice.entry(pod.key()).or_insert_with(|| fresh.clone());
        if entry.0 != fresh.0 {
            *entry = fresh;
        }
        entry.1
    }

    fn cancel(&self, key: &ObjectKey, pod: &Pod) {
        if self.notice.lock().remove(key).is_some() {
            let message = format!("Cancelling deletion of Pod {key}");
            self.recorder
                .event(pod, EventType::Normal, "TaintManagerEviction", message);
        }
    }

    async fn evict(&self, pod: &Pod) -> Result<(), SyncError> {
        let reason = (
            "DeletionByTaintManager",
            "Taint manager: deleting due to NoExecute taint",
        );
        let marked = mark_disrupted(&self.client, pod, reason, self.clock.now()).await;
        let options = DeleteOptions::of_uid(pod.uid());
        let outcome = match marked {
            Ok(()) => {
                self.client
                    .delete::<Pod>(pod.namespace(), pod.name(), &options)
                    .await
            }
            Err(error) => Err(error),
        };
        match outcome {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Notes on a Pod why it is about to be deleted.
pub(super) async fn mark_disrupted(
    client: &Client,
    pod: &Pod,
    (reason, message): (&str, &str),
    now: Timestamp,
) -> Result<(), StatusError> {
    retry_on_conflict(|| async {
        let mut latest: Pod = client.get(pod.namespace(), pod.name()).await?;
        let generation = latest.metadata.generation;
        let status = latest.status.get_or_insert_default();
        let conditions = status.conditions.get_or_insert_default();
        conditions.retain(|own| own.type_ != "DisruptionTarget");
        conditions.push(PodCondition {
            type_: "DisruptionTarget".to_owned(),
            status: TRUE.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_transition_time: Some(time(now)),
            observed_generation: generation,
            last_probe_time: None,
        });
        client.update_status(&latest).await.map(drop)
    })
    .await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::client::Patch;
    use crate::client::fake::Harness;

    const SECOND: Duration = Duration::from_secs(1);

    async fn cluster(tolerations: Value) -> Harness {
        let harness = Harness::new();
        start(harness.context());
        harness
            .given::<Node>(json!({"metadata": {"name": "node-1"}}))
            .await;
        let pod = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"nodeName": "node-1", "containers": [], "tolerations": tolerations},
        });
        harness.given::<Pod>(pod).await;
        harness.pass(SECOND).await;
        harness
    }

    async fn taint(harness: &Harness, keys: &[&str]) {
        let taints: Vec<Value> = keys
            .iter()
            .map(|key| json!({"key": key, "effect": "NoExecute"}))
            .collect();
        let patch = Patch::Merge(json!({"spec": {"taints": taints}}));
        harness
            .client
            .patch::<Node>("", "node-1", patch)
            .await
            .unwrap();
        harness.pass(SECOND).await;
    }

    async fn is_leaving(harness: &Harness) -> bool {
        let pod: Pod = harness.get("default", "web").await;
        let conditions = pod.status.clone().and_then(|status| status.conditions);
        let is_marked = conditions
            .unwrap_or_default()
            .iter()
            .any(|own| own.type_ == "DisruptionTarget");
        assert_eq!(is_marked, pod.is_terminating());
        pod.is_terminating()
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_that_does_not_tolerate_a_taint_leaves_at_once() {
        let harness = cluster(json!([])).await;
        assert!(!is_leaving(&harness).await);
        taint(&harness, &["broken"]).await;
        assert!(is_leaving(&harness).await);
        let events = harness.events().await;
        assert_eq!(
            events,
            ["Normal TaintManagerEviction (1): Marking for deletion Pod default/web"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_stays_as_long_as_it_tolerates_the_taint() {
        let limited = json!([{"key": "broken", "operator": "Exists", "tolerationSeconds": 300}]);
        let harness = cluster(limited).await;
        taint(&harness, &["broken"]).await;
        harness.pass(297 * SECOND).await;
        assert!(!is_leaving(&harness).await);
        harness.pass(5 * SECOND).await;
        assert!(is_leaving(&harness).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_taint_that_goes_cancels_the_eviction() {
        let limited = json!([{"operator": "Exists", "tolerationSeconds": 300}]);
        let harness = cluster(limited).await;
        taint(&harness, &["broken"]).await;
        harness.pass(200 * SECOND).await;
        taint(&harness, &[]).await;
        harness.pass(600 * SECOND).await;
        assert!(!is_leaving(&harness).await);
        let events = harness.events().await;
        assert_eq!(
            events,
            ["Normal TaintManagerEviction (1): Cancelling deletion of Pod default/web"]
        );
        // A new notice counts from the start.
        taint(&harness, &["broken"]).await;
        harness.pass(200 * SECOND).await;
        assert!(!is_leaving(&harness).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_that_tolerates_for_ever_stays() {
        let harness = cluster(json!([{"operator": "Exists"}])).await;
        taint(&harness, &["broken", "worse"]).await;
        harness.pass(3600 * SECOND).await;
        assert!(!is_leaving(&harness).await);
    }
}
