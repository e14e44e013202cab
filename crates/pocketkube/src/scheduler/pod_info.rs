//! A Pod with everything that rules ask of it again and again, worked out once.
//!
//! Mirrors `PodInfo` and `AffinityTerm` of `pkg/scheduler/framework/types.go` (v1.35).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Pod, PodAffinityTerm, PodSpec, Toleration, WeightedPodAffinityTerm,
};

use super::resources::{Resources, non_zero_requests, pod_requests};
use crate::client::{Kind, Selector};

/// A Pod, prepared for scheduling. Immutable: a changed Pod gets a new one.
#[derive(Debug)]
pub struct PodInfo {
    pub pod: Arc<Pod>,
    pub priority: i32,
    pub requests: Resources,
    /// Requests with a little counted for containers that ask for nothing.
    pub non_zero_requests: Resources,
    pub host_ports: Vec<HostPort>,
    pub affinity: Vec<AffinityTerm>,
    pub anti_affinity: Vec<AffinityTerm>,
    pub preferred_affinity: Vec<WeightedTerm>,
    pub preferred_anti_affinity: Vec<WeightedTerm>,
}

/// A port taken on the node itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    pub ip: String,
    pub protocol: String,
    pub port: i32,
}

/// Other Pods that one wants to be near to, or away from.
#[derive(Debug)]
pub struct AffinityTerm {
    pub topology_key: String,
    selector: Selector,
    namespaces: BTreeSet<String>,
    namespace_selector: Selector,
}

#[derive(Debug)]
pub struct WeightedTerm {
    pub weight: i64,
    pub term: AffinityTerm,
}

/// The labels of every namespace, for terms that select namespaces by label.
pub type NamespaceLabels = BTreeMap<String, BTreeMap<String, String>>;

impl PodInfo {
    pub fn new(pod: Arc<Pod>) -> Self {
        let empty = PodSpec::default();
        let spec = pod.spec.as_ref().unwrap_or(&empty);
        let affinity = spec.affinity.as_ref();
        let near = affinity.and_then(|affinity| affinity.pod_affinity.as_ref());
        let away = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        Self {
            priority: spec.priority.unwrap_or_default(),
            requests: pod_requests(spec),
            non_zero_requests: non_zero_requests(spec),
            host_ports: host_ports(spec),
            affinity: near
                .and_then(|own| {
                    own.required_during_scheduling_ignored_during_execution
                        .as_ref()
                })
                .map(|list| terms(&pod, list))
                .unwrap_or_default(),
            anti_affinity: away
                .and_then(|own| {
                    own.required_during_scheduling_ignored_during_execution
                        .as_ref()
                })
                .map(|list| terms(&pod, list))
                .unwrap_or_default(),
            preferred_affinity: near
                .and_then(|own| {
                    own.preferred_during_scheduling_ignored_during_execution
                        .as_ref()
                })
                .map(|list| weighted(&pod, list))
                .unwrap_or_default(),
            preferred_anti_affinity: away
                .and_then(|own| {
                    own.preferred_during_scheduling_ignored_during_execution
                        .as_ref()
                })
                .map(|list| weighted(&pod, list))
                .unwrap_or_default(),
            pod,
        }
    }

    pub fn uid(&self) -> &str {
        self.pod.uid()
    }

    pub fn spec(&self) -> &PodSpec {
        static EMPTY: std::sync::LazyLock<PodSpec> = std::sync::LazyLock::new(PodSpec::default);
        self.pod.spec.as_ref().unwrap_or(&EMPTY)
    }

    pub fn tolerations(&self) -> &[Toleration] {
        self.spec().tolerations.as_deref().unwrap_or_default()
    }

    /// The node it is bound to; empty before.
    pub fn node_name(&self) -> &str {
        self.spec().node_name.as_deref().unwrap_or_default()
    }

    /// The node that was cleared for it by preemption.
    pub fn nominated_node(&self) -> Option<&str> {
        self.pod.status.as_ref()?.nominated_node_name.as_deref()
    }

    pub fn started_at(&self) -> Option<Timestamp> {
        let started = self.pod.status.as_ref()?.start_time.as_ref();
        started.map(|time| time.0).or_else(|| self.pod.created_at())
    }

    pub fn has_affinity(&self) -> bool {
        !(self.affinity.is_empty()
            && self.anti_affinity.is_empty()
            && self.preferred_affinity.is_empty()
            && self.preferred_anti_affinity.is_empty())
    }
}

impl AffinityTerm {
    fn new(pod: &Pod, term: &PodAffinityTerm) -> Self {
        let mut namespaces: BTreeSet<String> = term.namespaces.iter().flatten().cloned().collect();
        if namespaces.is_empty() && term.namespace_selector.is_none() {
            namespaces.insert(pod.namespace().to_owned());
        }
        Self {
            topology_key: term.topology_key.clone(),
            selector: Selector::from_label_selector(term.label_selector.as_ref()),
            namespaces,
            namespace_selector: Selector::from_label_selector(term.namespace_selector.as_ref()),
        }
    }

    /// Whether the term means this Pod.
    pub fn matches(&self, pod: &Pod, namespaces: &NamespaceLabels) -> bool {
        let own = pod.namespace();
        let in_namespace = self.namespaces.contains(own) || {
            let empty = BTreeMap::new();
            let labels = namespaces.get(own).unwrap_or(&empty);
            self.namespace_selector.matches(labels)
        };
        in_namespace && self.selector.matches(pod.labels())
    }
}

impl HostPort {
    /// Whether both can't be open on one node: the wildcard address meets every other.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let any = "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || self.ip == any || other.ip == any)
    }
}

fn terms(pod: &Pod, list: &[PodAffinityTerm]) -> Vec<AffinityTerm> {
    list.iter()
        .map(|term| AffinityTerm::new(pod, term))
        .collect()
}

fn weighted(pod: &Pod, list: &[WeightedPodAffinityTerm]) -> Vec<WeightedTerm> {
    list.iter()
        .map(|own| WeightedTerm {
            weight: i64::from(own.weight),
            term: AffinityTerm::new(pod, &own.pod_affinity_term),
        })
        .collect()
}

fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let sidecars = spec
        .init_containers
        .iter()
        .flatten()
        .filter(|container| container.restart_policy.as_deref() == Some("Always"));
    spec.containers
        .iter()
        .chain(sidecars)
        .flat_map(|container| container.ports.iter().flatten())
        .filter_map(|port| {
            let number = port.host_port.filter(|number| *number > 0)?;
            let ip = port.host_ip.as_deref().filter(|ip| !ip.is_empty());
            Some(HostPort {
                ip: ip.unwrap_or("0.0.0.0").to_owned(),
                protocol: port.protocol.clone().unwrap_or_else(|| "TCP".to_owned()),
                port: number,
            })
        })
        .collect()
}
