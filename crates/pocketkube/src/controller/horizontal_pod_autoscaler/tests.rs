//! Autoscaling against a fake API server, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Pod;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::start;
use crate::client::fake::Harness;
use crate::component_helpers::usage::{ContainerUsage, PodMetrics};
use crate::registry::{ResourceDef, ResourceTable};

const SECOND: Duration = Duration::from_secs(1);

/// Every Pod uses so many thousandths of a CPU.
struct Load {
    started: jiff::Timestamp,
    clock: crate::clock::Clock,
    millis: Mutex<u64>,
    spent: Mutex<(jiff::Timestamp, Duration)>,
}

impl Load {
    fn set(&self, millis: u64) {
        self.count();
        *self.millis.lock() = millis;
    }

    /// The CPU time of one Pod until now.
    fn count(&self) -> Duration {
        let mut spent = self.spent.lock();
        let passed = self.clock.since(spent.0);
        spent.1 += passed.mul_f64(*self.millis.lock() as f64 / 1000.0);
        spent.0 = self.clock.now();
        spent.1
    }
}

impl PodMetrics for Load {
    fn usage(&self, _pod: &Pod) -> Vec<ContainerUsage> {
        vec![ContainerUsage {
            name: "web".to_owned(),
            running: self.clock.since(self.started),
            cpu_time: self.count(),
            memory_bytes: 1 << 20,
        }]
    }
}

struct World {
    harness: Harness,
    load: Arc<Load>,
}

impl World {
    async fn new(metrics: Value) -> Self {
        let harness = Harness::new();
        let now = harness.clock.now();
        let load = Arc::new(Load {
            started: now,
            clock: harness.clock.clone(),
            millis: Mutex::new(100),
            spent: Mutex::new((now, Duration::ZERO)),
        });
        let mut context = harness.context();
        context.options.metrics = Some(load.clone());
        let rows = crate::registry::built_in_resources();
        let deployments = |row: &ResourceDef| row.plural == "deployments";
        context.options.resources =
            Arc::new(ResourceTable::new(rows.into_iter().filter(deployments)));
        start(context);
        harness
            .given::<Deployment>(json!({
                "metadata": {"name": "web", "namespace": "default"},
                "spec": {"replicas": 2, "selector": {}, "template": {}},
                "status": {"selector": "app=web"},
            }))
            .await;
        let world = Self { harness, load };
        world.run_pods(2).await;
        let autoscaler = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "minReplicas": 1, "maxReplicas": 10, "metrics": metrics,
            },
        });
        world
            .harness
            .given::<HorizontalPodAutoscaler>(autoscaler)
            .await;
        world.harness.pass(20 * SECOND).await;
        world
    }

    /// Sees to it that there are so many ready Pods.
    async fn run_pods(&self, count: usize) {
        let present = self.harness.all::<Pod>().await.len();
        let now = crate::api::meta::format_time(self.harness.clock.now());
        for number in present..count {
            let pod = json!({
                "metadata": {"name": format!("web-{number}"), "namespace": "default",
                    "labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web",
                    "resources": {"requests": {"cpu": "200m"}}}]},
                "status": {"phase": "Running", "startTime": now, "conditions": [
                    {"type": "Ready", "status": "True", "lastTransitionTime": now},
                ]},
            });
            self.harness.given::<Pod>(pod).await;
        }
    }

    async fn replicas(&self) -> i32 {
        let deployment: Deployment = self.harness.get("default", "web").await;
        deployment.spec.and_then(|spec| spec.replicas).unwrap_or(1)
    }

    async fn condition(&self, type_: &str) -> String {
        let own: HorizontalPodAutoscaler = self.harness.get("default", "web").await;
        let conditions = own.status.and_then(|status| status.conditions);
        let found = conditions
            .into_iter()
            .flatten()
            .find(|own| own.type_ == type_);
        found.and_then(|own| own.reason).unwrap_or_default()
    }
}

fn cpu(percent: i32) -> Value {
    json!([{"type": "Resource", "resource": {
        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent},
    }}])
}

#[tokio::test(start_paused = true)]
async fn load_brings_replicas_and_calm_takes_them_after_five_minutes() {
    let world = World::new(cpu(50)).await;
    assert_eq!(world.replicas().await, 2);
    assert_eq!(world.condition("ScalingActive").await, "ValidMetricFound");
    world.load.set(300);
    world.harness.pass(40 * SECOND).await;
    let grown = world.replicas().await;
    assert!(grown >= 5, "{grown}");
    let events = world.harness.events().await;
    let told = "cpu resource utilization (percentage of request) above target";
    assert!(
        events
            .iter()
            .any(|event| event.contains("SuccessfulRescale") && event.ends_with(told))
    );
    world.run_pods(usize::try_from(grown).unwrap()).await;
    world.load.set(10);
    world.harness.pass(120 * SECOND).await;
    assert!(world.replicas().await >= grown);
    world.harness.pass(300 * SECOND).await;
    assert_eq!(world.replicas().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_metric_that_nobody_knows_is_told() {
    let metrics = json!([{"type": "Resource", "resource": {
        "name": "nvidia.com/gpu", "target": {"type": "Utilization", "averageUtilization": 50},
    }}]);
    let world = World::new(metrics).await;
    assert_eq!(world.replicas().await, 2);
    assert_eq!(
        world.condition("ScalingActive").await,
        "FailedGetResourceMetric"
    );
    let events = world.harness.events().await;
    let told = "no metrics returned from resource metrics API";
    assert!(
        events
            .iter()
            .any(|event| event.contains("FailedComputeMetricsReplicas"))
    );
    assert!(
        events.iter().any(|event| event.ends_with(told)),
        "{events:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_settled_autoscaler_writes_nothing() {
    let world = World::new(cpu(50)).await;
    world.harness.pass(60 * SECOND).await;
    world.harness.cluster.take_writes();
    world.harness.pass(60 * SECOND).await;
    assert_eq!(world.harness.cluster.take_writes(), Vec::<String>::new());
}
