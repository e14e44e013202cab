//! What Pods use at present, from what their nodes have counted so far.
//!
//! CPU is a rate: the difference of two counts, or the average of a container's life before there
//! are two. Mirrors what metrics-server makes of a kubelet's numbers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use parking_lot::Mutex;

use crate::client::Kind;
use crate::clock::Clock;

/// How far two counts lie apart at least.
const RESOLUTION: Duration = Duration::from_secs(10);
/// A container this young has no numbers yet.
const TOO_YOUNG: Duration = Duration::from_secs(1);
/// Counts of containers that were not asked about for so long are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// Knows what containers have used; the nodes do.
pub trait PodMetrics: Send + Sync {
    /// The running containers of a Pod; none where nothing runs.
    fn usage(&self, pod: &Pod) -> Vec<ContainerUsage>;
}

/// What a container has used since it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerUsage {
    pub name: String,
    pub running: Duration,
    pub cpu_time: Duration,
    pub memory_bytes: u64,
}

#[derive(Clone, Copy)]
struct Count {
    at: Timestamp,
    cpu_time: Duration,
    /// Billionths of a CPU.
    rate: u64,
}

/// What a container uses at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub container: String,
    pub nanocores: u64,
    pub memory_bytes: u64,
}

/// Remembers counts, to tell rates.
pub struct Sampler {
    metrics: Option<Arc<dyn PodMetrics>>,
    /// By uid of the Pod and name of the container.
    counts: Mutex<HashMap<(String, String), Count>>,
    clock: Clock,
}

impl Sampler {
    /// Without a source no Pod has any metrics, as in a cluster without metrics-server.
    pub fn new(metrics: Option<Arc<dyn PodMetrics>>, clock: Clock) -> Self {
        Self {
            metrics,
            counts: Mutex::default(),
            clock,
        }
    }

    /// What each container of a Pod uses; those without numbers are left out.
    pub fn containers(&self, pod: &Pod) -> Vec<Sample> {
        let usage = self.metrics.as_ref().map(|metrics| metrics.usage(pod));
        let known = usage.into_iter().flatten();
        known
            .filter(|own| own.running >= TOO_YOUNG)
            .map(|own| Sample {
                nanocores: self.rate(pod.uid(), &own),
                memory_bytes: own.memory_bytes,
                container: own.name,
            })
            .collect()
    }

    /// Thousandths of a CPU or of a byte that each Pod uses, by name; of one container where
    /// `container` says so. Pods without numbers are left out.
    pub fn measure(
        &self,
        pods: &[Arc<Pod>],
        resource: &str,
        container: Option<&str>,
    ) -> BTreeMap<String, i64> {
        let mut measured = BTreeMap::new();
        for pod in pods {
            let samples = self.containers(pod).into_iter();
            let asked = samples.filter(|own| container.is_none_or(|name| name == own.container));
            let values: Vec<i64> = asked
                .filter_map(|own| match resource {
                    "cpu" => i64::try_from((own.nanocores + 500_000) / 1_000_000).ok(),
                    "memory" => i64::try_from(own.memory_bytes)
                        .ok()
                        .map(|bytes| bytes.saturating_mul(1000)),
                    _ => None,
                })
                .collect();
            if !values.is_empty() {
                measured.insert(pod.name().to_owned(), values.iter().sum());
            }
        }
        measured
    }

    fn rate(&self, uid: &str, usage: &ContainerUsage) -> u64 {
        let now = self.clock.now();
        let mut counts = self.counts.lock();
        counts.retain(|_, count| self.clock.since(count.at) < FORGOTTEN);
        let key = (uid.to_owned(), usage.name.clone());
        let known = counts.get(&key).copied();
        // A container that started anew counts from zero.
        let known = known.filter(|count| count.cpu_time <= usage.cpu_time);
        let (spent, span) = match known {
            Some(count) if self.clock.since(count.at) < RESOLUTION => return count.rate,
            Some(count) => (usage.cpu_time - count.cpu_time, self.clock.since(count.at)),
            None => (usage.cpu_time, usage.running),
        };
        let rate = (spent.as_secs_f64() / span.as_secs_f64() * 1e9).round() as u64;
        counts.insert(
            key,
            Count {
                at: now,
                cpu_time: usage.cpu_time,
                rate,
            },
        );
        rate
    }
}
