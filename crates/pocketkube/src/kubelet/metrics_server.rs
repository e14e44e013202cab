//! What nodes and Pods use, as metrics-server tells it.
//!
//! Figures are those of the kubelets, as autoscalers read them; a node also uses something by
//! itself. Mirrors `pkg/api` of `kubernetes-sigs/metrics-server`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};

use super::{Kubelets, node_of};
use crate::api::{Object, ObjectRef, meta};
use crate::client::{Informers, Kind, Lister};
use crate::clock::Clock;
use crate::component_helpers::usage::{Sample, Sampler};
use crate::registry::metrics::UsageSource;

const API_VERSION: &str = "metrics.k8s.io/v1beta1";
const WINDOW: Duration = Duration::from_secs(15);
/// What a node uses by itself.
const SYSTEM: Used = Used {
    nanocores: 35_000_000,
    memory_bytes: 256 << 20,
};

/// Answers for `metrics.k8s.io`.
pub struct MetricsServer {
    sampler: Sampler,
    pods: Lister<Pod>,
    nodes: Lister<Node>,
    clock: Clock,
}

#[derive(Clone, Copy, Default)]
struct Used {
    nanocores: u64,
    memory_bytes: u64,
}

impl Used {
    fn add(&mut self, other: Self) {
        self.nanocores += other.nanocores;
        self.memory_bytes += other.memory_bytes;
    }

    fn list(self) -> Value {
        json!({
            "cpu": format!("{}n", self.nanocores),
            "memory": format!("{}Ki", self.memory_bytes >> 10),
        })
    }
}

impl From<&Sample> for Used {
    fn from(sample: &Sample) -> Self {
        Self {
            nanocores: sample.nanocores,
            memory_bytes: sample.memory_bytes,
        }
    }
}

impl MetricsServer {
    pub fn new(kubelets: Arc<Kubelets>, informers: &Informers, clock: Clock) -> Self {
        Self {
            sampler: Sampler::new(Some(kubelets), clock.clone()),
            pods: informers.lister::<Pod>(),
            nodes: informers.lister::<Node>(),
            clock,
        }
    }

    fn object(&self, kind: &str, metadata: Value, measured: (&str, Value)) -> ObjectRef {
        let now = meta::format_time(self.clock.now());
        let mut object = json!({
            "apiVersion": API_VERSION, "kind": kind, "metadata": metadata,
            "timestamp": now, "window": format!("{}s", WINDOW.as_secs()),
        });
        object["metadata"]["creationTimestamp"] = json!(now);
        object[measured.0] = measured.1;
        Object::new(object)
    }
}

impl UsageSource for MetricsServer {
    fn nodes(&self) -> Vec<ObjectRef> {
        let mut used: HashMap<String, Used> = HashMap::new();
        for pod in self.pods.all() {
            let of_node = used.entry(node_of(&pod).to_owned()).or_default();
            for sample in self.sampler.containers(&pod) {
                of_node.add(Used::from(&sample));
            }
        }
        let nodes = self.nodes.all();
        let metrics = nodes.iter().map(|node| {
            let mut total = SYSTEM;
            total.add(used.get(node.name()).copied().unwrap_or_default());
            let metadata = metadata(node.as_ref());
            self.object("NodeMetrics", metadata, ("usage", total.list()))
        });
        metrics.collect()
    }

    fn pods(&self, namespace: &str) -> Vec<ObjectRef> {
        let pods = match namespace {
            "" => self.pods.all(),
            namespace => self.pods.list(namespace),
        };
        let metrics = pods.iter().filter_map(|pod| {
            let samples = self.sampler.containers(pod);
            if samples.is_empty() {
                return None;
            }
            let containers = samples.iter().map(
                |sample| json!({"name": sample.container, "usage": Used::from(sample).list()}),
            );
            let measured = ("containers", containers.collect());
            Some(self.object("PodMetrics", metadata(pod.as_ref()), measured))
        });
        metrics.collect()
    }
}

/// A name, and labels to select by.
fn metadata<K: Kind>(object: &K) -> Value {
    let mut metadata = json!({"name": object.name()});
    if !object.namespace().is_empty() {
        metadata["namespace"] = json!(object.namespace());
    }
    if !object.labels().is_empty() {
        metadata["labels"] = json!(object.labels());
    }
    metadata
}
