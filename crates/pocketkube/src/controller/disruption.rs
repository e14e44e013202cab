//! Counts for every PodDisruptionBudget how many of its Pods may be evicted now.
//!
//! The eviction itself is the API server's, which counts down what is computed here. How many
//! Pods there should be is asked of the workloads that they belong to. Mirrors
//! `pkg/controller/disruption/disruption.go` (v1.35).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, ReplicationController};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, OwnerReference, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::percent::{Rounding, scaled};
use super::{Controller, ControllerContext, SyncError, conditions, pod, run};
use crate::api::GroupVersionKind;
use crate::client::{
    Client, EventRecorder, EventType, Kind, Lister, ObjectKey, ResourceRef, Selector, WorkQueue,
    time,
};
use crate::clock::Clock;
use crate::registry::ResourceTable;

const COMPONENT: &str = "controllermanager";
/// How long an evicted Pod may take to be deleted before it counts again.
const DELETION: Duration = Duration::from_secs(120);
const ALLOWED: &str = "DisruptionAllowed";

struct DisruptionController {
    budgets: Lister<PodDisruptionBudget>,
    pods: Lister<Pod>,
    deployments: Lister<Deployment>,
    replica_sets: Lister<ReplicaSet>,
    replication_controllers: Lister<ReplicationController>,
    stateful_sets: Lister<StatefulSet>,
    resources: Arc<ResourceTable>,
    client: Client,
    recorder: EventRecorder,
    queue: Arc<WorkQueue<ObjectKey>>,
    clock: Clock,
}

pub(super) fn start(context: ControllerContext) {
    let budgets = context.informers.get::<PodDisruptionBudget>();
    let pods = context.informers.get::<Pod>();
    let deployments = context.informers.get::<Deployment>();
    let replica_sets = context.informers.get::<ReplicaSet>();
    let replication_controllers = context.informers.get::<ReplicationController>();
    let stateful_sets = context.informers.get::<StatefulSet>();
    let controller = Arc::new(DisruptionController {
        budgets: budgets.lister(),
        pods: pods.lister(),
        deployments: deployments.lister(),
        replica_sets: replica_sets.lister(),
        replication_controllers: replication_controllers.lister(),
        stateful_sets: stateful_sets.lister(),
        resources: context.options.resources.clone(),
        client: context.client.clone(),
        recorder: context.recorder(COMPONENT),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let queue = controller.queue.clone();
    budgets.subscribe(move |change| queue.add(change.object().key()));
    let handler = controller.clone();
    pods.subscribe(move |change| {
        for pod in change.old().into_iter().chain([change.object()]) {
            handler.enqueue(pod.namespace(), |budget| {
                selector(budget).matches(pod.labels())
            });
        }
    });
    // A workload that is scaled changes how many Pods there should be.
    let handler = controller.clone();
    deployments.subscribe(move |change| handler.enqueue(change.object().namespace(), |_| true));
    let handler = controller.clone();
    replica_sets.subscribe(move |change| handler.enqueue(change.object().namespace(), |_| true));
    let handler = controller.clone();
    stateful_sets.subscribe(move |change| handler.enqueue(change.object().namespace(), |_| true));
    let queue = (controller.queue.clone(), 1);
    run(
        &context,
        "disruption-controller",
        queue,
        controller,
        async move {
            budgets.wait_synced().await;
            pods.wait_synced().await;
            deployments.wait_synced().await;
            replica_sets.wait_synced().await;
            replication_controllers.wait_synced().await;
            stateful_sets.wait_synced().await;
        },
    );
}

fn selector(budget: &PodDisruptionBudget) -> Selector {
    let spec = budget.spec.as_ref();
    Selector::from_label_selector(spec.and_then(|spec| spec.selector.as_ref()))
}

/// How many Pods there should be, and how many of them healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    pods: i32,
    healthy: i32,
}

impl DisruptionController {
    fn enqueue(&self, namespace: &str, concerns: impl Fn(&PodDisruptionBudget) -> bool) {
        for budget in self.budgets.list(namespace) {
            if concerns(&budget) {
                self.queue.add(budget.key());
            }
        }
    }

    /// What the budget asks for. Also tells of Pods that belong to nobody.
    async fn expected(
        &self,
        budget: &PodDisruptionBudget,
        pods: &[Arc<Pod>],
    ) -> Result<Expected, String> {
        let spec = budget.spec.clone().unwrap_or_default();
        let present = i32::try_from(pods.len()).unwrap_or(i32::MAX);
        match (spec.max_unavailable, spec.min_available) {
            (Some(most), _) => {
                let all = self.scale_of_owners(budget, pods).await?;
                let healthy = (all - scaled(&most, all, Rounding::Up)).max(0);
                Ok(Expected { pods: all, healthy })
            }
            (None, Some(IntOrString::Int(least))) => Ok(Expected {
                pods: present,
                healthy: least,
            }),
            (None, Some(share)) => {
                let all = self.scale_of_owners(budget, pods).await?;
                let healthy = scaled(&share, all, Rounding::Up);
                Ok(Expected { pods: all, healthy })
            }
            (None, None) => Ok(Expected {
                pods: 0,
                healthy: 0,
            }),
        }
    }

    /// The sum of the sizes of the workloads that the Pods belong to.
    async fn scale_of_owners(
        &self,
        budget: &PodDisruptionBudget,
        pods: &[Arc<Pod>],
    ) -> Result<i32, String> {
        let mut known = HashSet::new();
        let (mut sum, mut has_unmanaged) = (0, false);
        for pod in pods {
            let Some(owner) = pod.controller() else {
                has_unmanaged = true;
                continue;
            };
            if let Some((uid, replicas)) = self.scale_of(pod.namespace(), owner).await?
                && known.insert(uid)
            {
                sum += replicas;
            }
        }
        if has_unmanaged {
            let message = "Pods selected by this PodDisruptionBudget were found to be unmanaged. \
                           As a result, the status of the PDB cannot be calculated correctly, \
                           which may result in undefined behavior. To account for these pods \
                           please set \".spec.minAvailable\" field of the PDB to an integer value.";
            self.recorder
                .event(budget, EventType::Warning, "UnmanagedPods", message);
        }
        Ok(sum)
    }

    /// The uid and size of the workload behind a Pod's owner; `None` where it is gone.
    async fn scale_of(
        &self,
        namespace: &str,
        owner: &OwnerReference,
    ) -> Result<Option<(String, i32)>, String> {
        let name = owner.name.as_str();
        let size = |replicas: Option<i32>| replicas.unwrap_or(1);
        Ok(match owner.kind.as_str() {
            "ReplicaSet" => {
                let Some(set) = self.replica_sets.get(namespace, name) else {
                    return Ok(None);
                };
                if let Some(parent) = set.controller().filter(|own| own.kind == "Deployment") {
                    let deployment = self.deployments.get(namespace, &parent.name);
                    deployment.map(|own| {
                        let replicas = own.spec.as_ref().and_then(|spec| spec.replicas);
                        (own.uid().to_owned(), size(replicas))
                    })
                } else {
                    let replicas = set.spec.as_ref().and_then(|spec| spec.replicas);
                    Some((set.uid().to_owned(), size(replicas)))
                }
            }
            "ReplicationController" => {
                let own = self.replication_controllers.get(namespace, name);
                own.map(|own| {
                    let replicas = own.spec.as_ref().and_then(|spec| spec.replicas);
                    (own.uid().to_owned(), size(replicas))
                })
            }
            "StatefulSet" => self.stateful_sets.get(namespace, name).map(|own| {
                let replicas = own.spec.as_ref().and_then(|spec| spec.replicas);
                (own.uid().to_owned(), size(replicas))
            }),
            _ => return self.scale_of_custom(namespace, owner).await,
        })
    }

    /// The same for any other kind, by its `scale`.
    async fn scale_of_custom(
        &self,
        namespace: &str,
        owner: &OwnerReference,
    ) -> Result<Option<(String, i32)>, String> {
        let version = owner.api_version.as_str();
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = GroupVersionKind::new(group, version, &owner.kind);
        let row = self.resources.by_kind(&kind);
        let resource = row.map(|row| ResourceRef::from(&*row));
        let Some(resource) = resource else {
            let mut name = format!("{}s", owner.kind.to_lowercase());
            if !group.is_empty() {
                name = format!("{name}.{group}");
            }
            return Err(format!("{name} does not implement the scale subresource"));
        };
        let target = (namespace, owner.name.as_str(), "scale");
        match self.client.get_subresource(&resource, target).await {
            Ok(scale) => {
                let replicas = scale.value()["spec"]["replicas"].as_i64();
                let replicas = replicas.and_then(|own| i32::try_from(own).ok());
                Ok(Some((scale.uid().to_owned(), replicas.unwrap_or(0))))
            }
            Err(_) => {
                let name = &resource.resource;
                Err(format!("{name} does not implement the scale subresource"))
            }
        }
    }

    /// Evicted Pods that are still to be deleted, and when the first of them is overdue.
    fn disrupted(
        &self,
        budget: &PodDisruptionBudget,
        pods: &[Arc<Pod>],
        now: Timestamp,
    ) -> (BTreeMap<String, Time>, Option<Duration>) {
        let status = budget.status.as_ref();
        let noted = status.and_then(|status| status.disrupted_pods.as_ref());
        let mut kept = BTreeMap::new();
        let mut recheck: Option<Duration> = None;
        for pod in pods.iter().filter(|pod| !pod.is_terminating()) {
            let Some(since) = noted.and_then(|noted| noted.get(pod.name())) else {
                continue;
            };
            let due = since.0.saturating_add(DELETION).unwrap_or(Timestamp::MAX);
            match Duration::try_from(due.duration_since(now)) {
                Ok(left) if !left.is_zero() => {
                    kept.insert(pod.name().to_owned(), since.clone());
                    recheck = Some(recheck.map_or(left, |known| known.min(left)));
                }
                _ => {
                    let key = budget.key();
                    let message =
                        format!("Pod was expected by PDB {key} to be deleted but it wasn't");
                    self.recorder
                        .event(&**pod, EventType::Warning, "NotDeleted", message);
                }
            }
        }
        (kept, recheck)
    }

    async fn write(
        &self,
        budget: &PodDisruptionBudget,
        mut status: PodDisruptionBudgetStatus,
        (reason, message): (&str, &str),
    ) -> Result<(), SyncError> {
        let current = budget.status.clone().unwrap_or_default();
        let allowed = status.disruptions_allowed > 0;
        let state = if allowed {
            conditions::TRUE
        } else {
            conditions::FALSE
        };
        let mut list = current.conditions.clone().unwrap_or_default();
        let present = list.iter().position(|own| own.type_ == ALLOWED);
        let since = present
            .map(|at| list[at].clone())
            .filter(|own| own.status == state);
        let condition = Condition {
            type_: ALLOWED.to_owned(),
            status: state.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            last_transition_time: since
                .map_or_else(|| time(self.clock.now()), |own| own.last_transition_time),
            observed_generation: Some(budget.generation()),
        };
        match present {
            Some(at) => list[at] = condition,
            None => list.push(condition),
        }
        status.conditions = Some(list);
        status.observed_generation = Some(budget.generation());
        if current == status {
            return Ok(());
        }
        let mut changed = budget.clone();
        changed.status = Some(status);
        match self.client.update_status(&changed).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}

/// How many Pods are ready and not about to be deleted.
fn healthy(pods: &[Arc<Pod>], disrupted: &BTreeMap<String, Time>) -> i32 {
    let healthy = pods.iter().filter(|pod| {
        !pod.is_terminating() && !disrupted.contains_key(pod.name()) && pod::is_ready(pod)
    });
    i32::try_from(healthy.count()).unwrap_or(i32::MAX)
}

#[async_trait]
impl Controller for DisruptionController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(budget) = self.budgets.get_key(key) else {
            return Ok(());
        };
        let pods = self.pods.select(&key.namespace, &selector(&budget));
        if pods.is_empty() {
            let message = "No matching pods found";
            self.recorder
                .event(&*budget, EventType::Normal, "NoPods", message);
        }
        let expected = match self.expected(&budget, &pods).await {
            Ok(expected) => expected,
            Err(why) => {
                let message = format!("Failed to calculate the number of expected pods: {why}");
                let reason = "CalculateExpectedPodCountFailed";
                self.recorder
                    .event(&*budget, EventType::Warning, reason, message);
                // What is not known to be safe is refused.
                let mut status = budget.status.clone().unwrap_or_default();
                status.disruptions_allowed = 0;
                return self.write(&budget, status, ("SyncFailed", &why)).await;
            }
        };
        let (disrupted, recheck) = self.disrupted(&budget, &pods, self.clock.now());
        let healthy = healthy(&pods, &disrupted);
        let allowed = match expected.pods {
            0 => 0,
            _ => (healthy - expected.healthy).max(0),
        };
        let status = PodDisruptionBudgetStatus {
            current_healthy: healthy,
            desired_healthy: expected.healthy,
            expected_pods: expected.pods,
            disruptions_allowed: allowed,
            disrupted_pods: Some(disrupted).filter(|pods| !pods.is_empty()),
            conditions: None,
            observed_generation: None,
        };
        let reason = if allowed > 0 {
            "SufficientPods"
        } else {
            "InsufficientPods"
        };
        self.write(&budget, status, (reason, "")).await?;
        if let Some(recheck) = recheck {
            self.queue.add_after(key.clone(), recheck);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::client::fake::Harness;

    async fn given_pod(harness: &Harness, name: &str, owner: Value, ready: bool) {
        let ready = if ready { "True" } else { "False" };
        harness
            .given::<Pod>(json!({
                "metadata": {
                    "name": name, "namespace": "default", "labels": {"app": "web"},
                    "ownerReferences": [owner],
                },
                "spec": {"containers": []},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
            }))
            .await;
    }

    async fn budget(harness: &Harness, spec: Value) -> PodDisruptionBudgetStatus {
        let mut spec = spec;
        spec["selector"] = json!({"matchLabels": {"app": "web"}});
        let budget = json!({"metadata": {"name": "b", "namespace": "default"}, "spec": spec});
        harness.given::<PodDisruptionBudget>(budget).await;
        harness.pass(Duration::from_secs(1)).await;
        let budget: PodDisruptionBudget = harness.get("default", "b").await;
        budget.status.expect("a status")
    }

    async fn cluster(replicas: i32, ready: usize, broken: usize) -> Harness {
        let harness = Harness::new();
        start(harness.context());
        let set: ReplicaSet = harness
            .given(json!({
                "metadata": {"name": "web", "namespace": "default"},
                "spec": {"replicas": replicas, "selector": {}},
            }))
            .await;
        let owner = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": set.uid(),
            "controller": true,
        });
        for number in 0..ready + broken {
            let name = format!("web-{number}");
            given_pod(&harness, &name, owner.clone(), number < ready).await;
        }
        harness
    }

    fn numbers(status: &PodDisruptionBudgetStatus) -> [i32; 4] {
        [
            status.disruptions_allowed,
            status.current_healthy,
            status.desired_healthy,
            status.expected_pods,
        ]
    }

    #[tokio::test(start_paused = true)]
    async fn a_least_number_counts_the_pods_that_are_there() {
        let harness = cluster(5, 3, 1).await;
        let status = budget(&harness, json!({"minAvailable": 2})).await;
        assert_eq!(numbers(&status), [1, 3, 2, 4]);
        let condition = &status.conditions.expect("a condition")[0];
        assert_eq!(
            (&*condition.status, &*condition.reason),
            ("True", "SufficientPods")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_counts_the_pods_that_there_should_be() {
        let harness = cluster(5, 4, 0).await;
        let status = budget(&harness, json!({"maxUnavailable": "30%"})).await;
        assert_eq!(numbers(&status), [1, 4, 3, 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn pods_whose_number_nobody_knows_may_not_be_disrupted() {
        let harness = Harness::new();
        start(harness.context());
        let owner = json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "1",
            "controller": true,
        });
        given_pod(&harness, "agent-1", owner, true).await;
        let status = budget(&harness, json!({"maxUnavailable": 1})).await;
        let condition = &status.conditions.expect("a condition")[0];
        assert_eq!(&*condition.reason, "SyncFailed");
        assert_eq!(
            condition.message,
            "daemonsets.apps does not implement the scale subresource"
        );
    }
}
