//! Nodes that fail and come back, and what follows from that in a whole cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, Node, Pod, Taint};
use kube::api::{Api, ListParams, LogParams, PostParams};
use pocketkube::clock::Clock;
use pocketkube::kubelet::Pressure;
use pocketkube::{Cluster, FleetError, NodeSpec};
use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const WORKER: &str = "kubekata-worker";

/// A control plane and a worker; the clock stands unless it is skipped.
struct World {
    cluster: Cluster,
    pods: Api<Pod>,
    nodes: Api<Node>,
    events: Api<Event>,
}

impl World {
    async fn new(nodes: usize) -> Self {
        let clock = Clock::starting_at("2026-01-02T03:00:00Z".parse().unwrap(), 1.0);
        let cluster = Cluster::builder().nodes(nodes).clock(clock).start().await;
        let cluster = cluster.unwrap();
        cluster.clock().pause();
        cluster.skip(SECOND).await;
        Self {
            pods: Api::default_namespaced(cluster.client()),
            nodes: Api::all(cluster.client()),
            events: Api::default_namespaced(cluster.client()),
            cluster,
        }
    }

    /// Creates a Pod that is pinned to a node and runs for ever.
    async fn pod(&self, name: &str, node: &str, resources: Value) {
        let pod = serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {
                "nodeSelector": {"kubernetes.io/hostname": node},
                "containers": [{"name": "web", "image": "nginx:1.27", "resources": resources}],
            },
        }));
        let options = PostParams::default();
        self.pods.create(&options, &pod.unwrap()).await.unwrap();
        self.cluster.skip(20 * SECOND).await;
        assert_eq!(self.condition(name, "Ready").await, "True");
    }

    async fn condition(&self, pod: &str, kind: &str) -> String {
        let status = self.pods.get(pod).await.unwrap().status.unwrap();
        let conditions = status.conditions.unwrap_or_default().into_iter();
        let mut found = conditions.filter(|own| own.type_ == kind);
        found.next().map(|own| own.status).unwrap_or_default()
    }

    /// `Ready=True` and so on, and the taints.
    async fn node(&self, name: &str) -> (BTreeMap<String, String>, Vec<String>) {
        let node = self.nodes.get(name).await.unwrap();
        let conditions = node.status.unwrap().conditions.unwrap();
        let conditions = conditions.into_iter().map(|own| (own.type_, own.status));
        let taints = node.spec.unwrap().taints.unwrap_or_default().into_iter();
        let taints = taints.map(|own| format!("{}:{}", own.key, own.effect));
        (conditions.collect(), taints.collect())
    }

    async fn events(&self) -> Vec<String> {
        let events = self.events.list(&ListParams::default()).await.unwrap();
        let text = |text: Option<String>| text.unwrap_or_default();
        let events = events.into_iter();
        events
            .map(|event| {
                let (kind, reason) = (text(event.type_), text(event.reason));
                format!("{kind} {reason}: {}", text(event.message))
            })
            .collect()
    }
}

#[tokio::test]
async fn a_lost_node_is_tainted_and_its_pods_are_evicted_in_time() {
    let world = World::new(2).await;
    world.pod("web", WORKER, json!({})).await;
    world.cluster.fleet().lose(WORKER).unwrap();
    world.cluster.skip(30 * SECOND).await;
    assert_eq!(world.node(WORKER).await.0["Ready"], "True");
    world.cluster.skip(30 * SECOND).await;
    let (conditions, taints) = world.node(WORKER).await;
    assert_eq!(conditions["Ready"], "Unknown");
    assert_eq!(conditions["MemoryPressure"], "Unknown");
    assert_eq!(
        taints,
        [
            "node.kubernetes.io/unreachable:NoSchedule",
            "node.kubernetes.io/unreachable:NoExecute"
        ]
    );
    assert_eq!(world.condition("web", "Ready").await, "False");
    let events = world.events().await;
    let told = "Normal NodeNotReady: Node kubekata-worker status is now: NodeNotReady";
    assert!(events.contains(&told.to_owned()), "{events:#?}");
    // Nobody confirms the deletion while the node is away.
    world.cluster.skip(6 * MINUTE).await;
    let pod = world.pods.get("web").await.unwrap();
    assert!(pod.metadata.deletion_timestamp.is_some());
    assert_eq!(world.condition("web", "DisruptionTarget").await, "True");
    world.cluster.fleet().bring_back(WORKER).await.unwrap();
    world.cluster.skip(20 * SECOND).await;
    assert!(world.pods.get_opt("web").await.unwrap().is_none());
    let (conditions, taints) = world.node(WORKER).await;
    assert_eq!(conditions["Ready"], "True");
    assert_eq!(taints, Vec::<String>::new());
    let events = world.events().await;
    let rebooted = events.iter().any(|event| {
        event.starts_with("Warning Rebooted: Node kubekata-worker has been rebooted, boot id: ")
    });
    assert!(rebooted, "{events:#?}");
    world.cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_kubelet_of_a_lost_node_answers_nobody() {
    let world = World::new(2).await;
    world.pod("web", WORKER, json!({})).await;
    world.cluster.fleet().lose(WORKER).unwrap();
    let logs = world.pods.logs("web", &LogParams::default()).await;
    let error = logs.unwrap_err().to_string();
    let expected = "Get \"https://172.18.0.3:10250/containerLogs/default/web/web\": dial tcp \
                    172.18.0.3:10250: connect: no route to host";
    assert!(error.contains(expected), "{error}");
    world.cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_node_that_restarts_starts_its_containers_anew_and_is_not_missed() {
    let world = World::new(2).await;
    world.pod("web", WORKER, json!({})).await;
    world.cluster.fleet().restart(WORKER).unwrap();
    world.cluster.skip(MINUTE).await;
    let pod = world.pods.get("web").await.unwrap();
    let status = pod.status.unwrap().container_statuses.unwrap().remove(0);
    assert_eq!(status.restart_count, 1);
    let last = status.last_state.unwrap().terminated.unwrap();
    assert_eq!(
        (last.exit_code, last.reason.as_deref()),
        (255, Some("Unknown"))
    );
    assert_eq!(world.condition("web", "Ready").await, "True");
    let events = world.events().await;
    assert!(
        !events.iter().any(|event| event.contains("NodeNotReady")),
        "{events:#?}"
    );
    world.cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_zone_is_lost_with_all_its_workers_and_no_others() {
    let world = World::new(5).await;
    let fleet = world.cluster.fleet();
    // The control plane is in this zone, too, and stays.
    let lost = fleet.lose_zone("zone-a").unwrap();
    assert_eq!(lost, ["kubekata-worker", "kubekata-worker4"]);
    world.cluster.skip(MINUTE).await;
    let mut ready = Vec::new();
    for node in fleet.nodes() {
        let name = node.config.name;
        let (conditions, _) = world.node(&name).await;
        ready.push(format!("{name} {}", conditions["Ready"]));
    }
    assert_eq!(
        ready,
        [
            "kubekata-control-plane True",
            "kubekata-worker Unknown",
            "kubekata-worker2 True",
            "kubekata-worker3 True",
            "kubekata-worker4 Unknown",
        ]
    );
    fleet.bring_back_zone("zone-a").await.unwrap();
    world.cluster.skip(SECOND).await;
    assert_eq!(world.node("kubekata-worker4").await.0["Ready"], "True");
    world.cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_node_short_of_memory_evicts_those_first_who_asked_for_none() {
    let world = World::new(2).await;
    let requests = json!({"requests": {"memory": "512Mi"}});
    let guaranteed = json!({"limits": {"memory": "512Mi", "cpu": "100m"}});
    world.pod("guaranteed", WORKER, guaranteed).await;
    world.pod("burstable", WORKER, requests).await;
    world.pod("best-effort", WORKER, json!({})).await;
    let fleet = world.cluster.fleet();
    fleet.press(WORKER, Pressure::Memory, true).await.unwrap();
    world.cluster.skip(5 * SECOND).await;
    let has_failed = async || {
        let status = world.pods.get("best-effort").await.unwrap().status;
        status.unwrap().phase.as_deref() == Some("Failed")
    };
    // Others on the node that asked for nothing may come before it, those who asked never do.
    for _ in 0..5 {
        if has_failed().await {
            break;
        }
        world.cluster.skip(10 * SECOND).await;
    }
    let (conditions, taints) = world.node(WORKER).await;
    assert_eq!(conditions["MemoryPressure"], "True");
    assert_eq!(taints, ["node.kubernetes.io/memory-pressure:NoSchedule"]);
    let status = world.pods.get("best-effort").await.unwrap().status.unwrap();
    assert_eq!(status.phase.as_deref(), Some("Failed"));
    assert_eq!(status.reason.as_deref(), Some("Evicted"));
    let message = status.message.unwrap();
    let expected = "The node was low on resource: memory. Threshold quantity: 100Mi, available: ";
    assert!(message.starts_with(expected), "{message}");
    assert!(
        message.ends_with("request is 0, has larger consumption of memory. "),
        "{message}"
    );
    let conditions = status.conditions.unwrap();
    let mut marks = conditions
        .iter()
        .filter(|own| own.type_ == "DisruptionTarget");
    let reason = marks.next().and_then(|own| own.reason.as_deref());
    assert_eq!(reason, Some("TerminationByKubelet"));
    for name in ["guaranteed", "burstable"] {
        assert_eq!(world.condition(name, "Ready").await, "True", "{name}");
    }
    fleet.press(WORKER, Pressure::Memory, false).await.unwrap();
    world.cluster.skip(MINUTE).await;
    let (conditions, taints) = world.node(WORKER).await;
    assert_eq!(conditions["MemoryPressure"], "False");
    assert_eq!(taints, Vec::<String>::new());
    assert_eq!(world.condition("burstable", "Ready").await, "True");
    let events = world.events().await;
    for told in [
        "Normal NodeHasInsufficientMemory: Node kubekata-worker status is now: NodeHasInsufficientMemory",
        "Normal NodeHasSufficientMemory: Node kubekata-worker status is now: NodeHasSufficientMemory",
        "Warning EvictionThresholdMet: Attempting to reclaim memory",
    ] {
        assert!(events.contains(&told.to_owned()), "{told}: {events:#?}");
    }
    world.cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_node_can_be_added_and_removed() {
    let world = World::new(2).await;
    let fleet = world.cluster.fleet();
    let gpu = Taint {
        key: "gpu".to_owned(),
        effect: "NoSchedule".to_owned(),
        ..Taint::default()
    };
    let spec = NodeSpec {
        zone: "zone-d".to_owned(),
        labels: BTreeMap::from([("disk".to_owned(), "fast".to_owned())]),
        taints: vec![gpu],
        cpu: "2".to_owned(),
        ..NodeSpec::named("big-one")
    };
    fleet.add(spec.clone()).await.unwrap();
    world.cluster.skip(SECOND).await;
    let node = world.nodes.get("big-one").await.unwrap();
    let labels = node.metadata.labels.unwrap();
    assert_eq!(labels["topology.kubernetes.io/zone"], "zone-d");
    assert_eq!(labels["disk"], "fast");
    assert_eq!(node.status.unwrap().capacity.unwrap()["cpu"].0, "2");
    let (conditions, taints) = world.node("big-one").await;
    assert_eq!(conditions["Ready"], "True");
    assert_eq!(taints, ["gpu:NoSchedule"]);
    let again = fleet.add(spec).await;
    assert!(matches!(again, Err(FleetError::Exists { .. })));
    fleet.remove("big-one").await.unwrap();
    world.cluster.skip(2 * MINUTE).await;
    assert!(world.nodes.get_opt("big-one").await.unwrap().is_none());
    world.cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_refusal_names_what_there_is() {
    let world = World::new(3).await;
    let fleet = world.cluster.fleet();
    assert_eq!(
        fleet.lose("nobody").unwrap_err().to_string(),
        "no node nobody; there are kubekata-control-plane, kubekata-worker, kubekata-worker2"
    );
    assert_eq!(
        fleet.lose_zone("zone-x").unwrap_err().to_string(),
        "no zone zone-x; there are zone-a, zone-b"
    );
    let refused = fleet.lose("kubekata-control-plane");
    assert!(matches!(refused, Err(FleetError::ControlPlane { .. })));
    fleet.lose(WORKER).unwrap();
    assert!(matches!(fleet.lose(WORKER), Err(FleetError::IsLost { .. })));
    let up = fleet.bring_back("kubekata-worker2").await;
    assert!(matches!(up, Err(FleetError::IsUp { .. })));
    world.cluster.shutdown().await.unwrap();
}
