//! What a node runs short of: its conditions, and which Pod has to leave next.
//!
//! The shortage itself is given from outside, as if something beside the Pods used it up; it lasts
//! until that is taken back. While it lasts a Pod is evicted every ten seconds, as kubelets do.
//! Mirrors `pkg/kubelet/eviction` (v1.35), with the thresholds of its defaults.

use std::cmp::Reverse;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container as ContainerSpec, Node as NodeObject, Pod};

use super::node::Node;
use super::pod_worker::PodEvent;
use super::status::Verdict;
use super::{Kubelet, Kubelets, heartbeat, node_of, static_pods};
use crate::api::StatusError;
use crate::api::quantity::Quantity;
use crate::client::{EventType, Kind};

/// How often a node that is short of something evicts a Pod.
const PERIOD: Duration = Duration::from_secs(10);

/// From here on a Pod is too important to be evicted.
const CRITICAL: i32 = 2_000_000_000;

/// What a node can be short of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    Memory,
    Disk,
    Pid,
}

/// What a kubelet says about one kind of pressure.
pub(super) struct Words {
    pub condition: &'static str,
    /// Reason, message and event while it lasts.
    pub on: (&'static str, &'static str, &'static str),
    /// And when it is over.
    pub off: (&'static str, &'static str, &'static str),
    resource: &'static str,
    reclaimed: &'static str,
    threshold: &'static str,
    available: &'static str,
}

impl Pressure {
    pub const ALL: [Self; 3] = [Self::Memory, Self::Disk, Self::Pid];

    /// `memory`, `disk` or `pid`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Pid => "pid",
        }
    }

    pub(super) fn words(self) -> Words {
        match self {
            Self::Memory => Words {
                condition: "MemoryPressure",
                on: (
                    "KubeletHasInsufficientMemory",
                    "kubelet has insufficient memory available",
                    "NodeHasInsufficientMemory",
                ),
                off: (
                    "KubeletHasSufficientMemory",
                    "kubelet has sufficient memory available",
                    "NodeHasSufficientMemory",
                ),
                resource: "memory",
                reclaimed: "memory",
                threshold: "100Mi",
                available: "71832Ki",
            },
            Self::Disk => Words {
                condition: "DiskPressure",
                on: (
                    "KubeletHasDiskPressure",
                    "kubelet has disk pressure",
                    "NodeHasDiskPressure",
                ),
                off: (
                    "KubeletHasNoDiskPressure",
                    "kubelet has no disk pressure",
                    "NodeHasNoDiskPressure",
                ),
                resource: "ephemeral-storage",
                reclaimed: "ephemeral-storage",
                threshold: "6267109785",
                available: "5120432Ki",
            },
            Self::Pid => Words {
                condition: "PIDPressure",
                on: (
                    "KubeletHasInsufficientPID",
                    "kubelet has insufficient PID available",
                    "NodeHasInsufficientPID",
                ),
                off: (
                    "KubeletHasSufficientPID",
                    "kubelet has sufficient PID available",
                    "NodeHasSufficientPID",
                ),
                resource: "pids",
                reclaimed: "pids",
                threshold: "3276",
                available: "2041",
            },
        }
    }
}

impl FromStr for Pressure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|own| own.name() == text);
        found.ok_or_else(|| format!("no pressure {text:?}: expected memory, disk or pid"))
    }
}

impl Node {
    /// What it is short of.
    pub fn pressures(&self) -> Vec<Pressure> {
        self.pressures.lock().iter().copied().collect()
    }
}

impl Kubelets {
    /// Puts a node that is up under pressure, or takes that from it; says so in its status at
    /// once. `false` where there is no such node.
    pub async fn press(
        self: &Arc<Self>,
        node: &str,
        pressure: Pressure,
        on: bool,
    ) -> Result<bool, StatusError> {
        let Some(kubelet) = self.kubelet(node) else {
            return Ok(false);
        };
        let changed = match on {
            true => kubelet.node.pressures.lock().insert(pressure),
            false => kubelet.node.pressures.lock().remove(&pressure),
        };
        if !changed {
            return Ok(true);
        }
        heartbeat::report(&kubelet.node).await?;
        if on && !kubelet.node.is_reclaiming.swap(true, Ordering::Relaxed) {
            let kubelets = self.clone();
            let name = format!("eviction manager of {node}");
            let node = node.to_owned();
            self.config.tasks.spawn(name, async move {
                kubelets.reclaim(&node).await;
            });
        }
        Ok(true)
    }

    /// Evicts one Pod after the other for as long as the node is up and short of something.
    async fn reclaim(&self, node: &str) {
        loop {
            let Some(kubelet) = self.kubelet(node) else {
                return;
            };
            let pressure = {
                let pressures = kubelet.node.pressures.lock();
                let Some(pressure) = pressures.first().copied() else {
                    let is_reclaiming = &kubelet.node.is_reclaiming;
                    is_reclaiming.store(false, Ordering::Relaxed);
                    return;
                };
                pressure
            };
            let words = pressure.words();
            if let Ok(object) = kubelet.node.client.get::<NodeObject>("", node).await {
                let message = format!("Attempting to reclaim {}", words.reclaimed);
                kubelet.node.recorder.event(
                    &object,
                    EventType::Warning,
                    "EvictionThresholdMet",
                    message,
                );
            }
            self.evict_one(&kubelet, pressure);
            drop(kubelet);
            self.config.clock.sleep(PERIOD).await;
        }
    }

    fn evict_one(&self, kubelet: &Kubelet, pressure: Pressure) {
        let pods = self.config.informers.lister::<Pod>().all();
        let node = &kubelet.node.config.name;
        let candidates = pods
            .into_iter()
            .filter(|pod| node_of(pod) == node && may_be_evicted(pod) && kubelet.has(pod.uid()));
        let used = candidates.map(|pod| {
            let used = kubelet.memory_of(&pod);
            (pod, used)
        });
        let first = used.min_by_key(|(pod, used)| rank(pod, used, pressure));
        let Some((pod, used)) = first else {
            return;
        };
        let verdict = Verdict {
            reason: Verdict::EVICTED.to_owned(),
            message: message(&pod, &used, pressure),
        };
        kubelet.tell(pod.uid(), PodEvent::Evicted(verdict));
    }
}

/// Bytes of memory that each container of a Pod uses.
type Used = Vec<(String, u64)>;

impl Kubelet {
    fn memory_of(&self, pod: &Pod) -> Used {
        let running = self.view(pod.uid()).map(|view| view.running());
        let running = running.unwrap_or_default().into_iter();
        running
            .map(|(name, container)| (name, container.memory_bytes()))
            .collect()
    }
}

fn may_be_evicted(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|own| own.phase.as_deref());
    let priority = pod.spec.as_ref().and_then(|spec| spec.priority);
    !matches!(phase, Some("Succeeded" | "Failed"))
        && !pod.is_terminating()
        && !static_pods::is_mirror(pod)
        && priority.unwrap_or(0) < CRITICAL
}

/// Who comes first leaves first: those who use more memory than they asked for, then by priority,
/// then who uses the most beyond that. Of disk and processes nobody asks for any here, so that the
/// class of service decides.
fn rank(pod: &Pod, used: &Used, pressure: Pressure) -> impl Ord + use<> {
    let beyond = beyond_requests(pod, used);
    let priority = pod.spec.as_ref().and_then(|spec| spec.priority);
    let status = pod.status.as_ref();
    let class = match status.and_then(|status| status.qos_class.as_deref()) {
        Some("BestEffort") => 0,
        Some("Burstable") => 1,
        _ => 2,
    };
    let first = match pressure {
        Pressure::Memory => u8::from(beyond <= 0),
        Pressure::Disk | Pressure::Pid => class,
    };
    (first, priority.unwrap_or(0), Reverse(beyond), pod.key())
}

fn beyond_requests(pod: &Pod, used: &Used) -> i128 {
    let all: u64 = used.iter().map(|(_, bytes)| bytes).sum();
    let spec = pod.spec.iter();
    let requests = spec.flat_map(|spec| &spec.containers).map(request);
    let requests: u64 = requests.map(|(bytes, _)| bytes).sum();
    i128::from(all) - i128::from(requests)
}

/// The memory that a container asks for: in bytes, and as it is written.
fn request(spec: &ContainerSpec) -> (u64, String) {
    let requests = spec
        .resources
        .as_ref()
        .and_then(|own| own.requests.as_ref());
    let Some(memory) = requests.and_then(|requests| requests.get("memory")) else {
        return (0, "0".to_owned());
    };
    let bytes = Quantity::parse(&memory.0).map_or(0, |parsed| parsed.value());
    (u64::try_from(bytes).unwrap_or(0), memory.0.clone())
}

fn message(pod: &Pod, used: &Used, pressure: Pressure) -> String {
    let words = pressure.words();
    let mut message = format!(
        "The node was low on resource: {}. Threshold quantity: {}, available: {}. ",
        words.resource, words.threshold, words.available
    );
    if pressure != Pressure::Memory {
        return message;
    }
    for spec in pod.spec.iter().flat_map(|spec| &spec.containers) {
        let bytes = used.iter().find(|(name, _)| *name == spec.name);
        let bytes = bytes.map_or(0, |(_, bytes)| *bytes);
        let (request, written) = request(spec);
        if bytes > request {
            message.push_str(&format!(
                "Container {} was using {}Ki, request is {written}, has larger consumption of \
                 memory. ",
                spec.name,
                bytes >> 10,
            ));
        }
    }
    message
}
