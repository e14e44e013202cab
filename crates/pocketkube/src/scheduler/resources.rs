//! What Pods ask for and nodes have, as vectors of whole numbers.
//!
//! Mirrors `framework.Resource` of `pkg/scheduler/framework/types.go` and `PodRequests` of
//! `component-helpers/resource` (v1.35).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;

use crate::api::quantity::Quantity;

/// What a container without requests counts as when nodes are compared: so that Pods without
/// requests spread out too.
const DEFAULT_MILLI_CPU: i64 = 100;
const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

/// Amounts of each resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    pub milli_cpu: i64,
    pub memory: i64,
    pub ephemeral_storage: i64,
    /// How many Pods a node takes; unused in requests.
    pub pods: i64,
    /// Extended resources and huge pages by name.
    pub extended: BTreeMap<String, i64>,
}

type ResourceList = BTreeMap<String, QuantityText>;

impl Resources {
    /// Reads a resource list. What is no quantity counts as nothing.
    pub fn from_list(list: Option<&ResourceList>) -> Self {
        let mut resources = Self::default();
        for (name, quantity) in list.into_iter().flatten() {
            let amount: Quantity = quantity.0.parse().unwrap_or_default();
            match name.as_str() {
                "cpu" => resources.milli_cpu = amount.milli_value(),
                "memory" => resources.memory = amount.value(),
                "ephemeral-storage" => resources.ephemeral_storage = amount.value(),
                "pods" => resources.pods = amount.value(),
                _ => {
                    resources.extended.insert(name.clone(), amount.value());
                }
            }
        }
        resources
    }

    pub fn add(&mut self, other: &Self) {
        self.combine(other, |own, other| own.saturating_add(other));
    }

    pub fn subtract(&mut self, other: &Self) {
        self.combine(other, |own, other| own.saturating_sub(other));
    }

    /// Raises every amount to the other's where that is larger.
    pub fn raise_to(&mut self, other: &Self) {
        self.combine(other, i64::max);
    }

    pub fn is_zero(&self) -> bool {
        self.milli_cpu == 0
            && self.memory == 0
            && self.ephemeral_storage == 0
            && self.extended.values().all(|amount| *amount == 0)
    }

    fn combine(&mut self, other: &Self, with: impl Fn(i64, i64) -> i64) {
        self.milli_cpu = with(self.milli_cpu, other.milli_cpu);
        self.memory = with(self.memory, other.memory);
        self.ephemeral_storage = with(self.ephemeral_storage, other.ephemeral_storage);
        for (name, amount) in &other.extended {
            let own = self.extended.entry(name.clone()).or_default();
            *own = with(*own, *amount);
        }
    }
}

/// What a Pod needs from its node: its containers together, or its hungriest init container, with
/// sidecars added where they run.
pub fn pod_requests(spec: &PodSpec) -> Resources {
    total(spec, |container| {
        Resources::from_list(requests_of(container))
    })
}

/// Like [`pod_requests`], with a default for containers that ask for no CPU or memory.
pub fn non_zero_requests(spec: &PodSpec) -> Resources {
    total(spec, |container| {
        let list = requests_of(container);
        let asks = |name| list.is_some_and(|list| list.contains_key(name));
        let mut resources = Resources::from_list(list);
        if !asks("cpu") {
            resources.milli_cpu = DEFAULT_MILLI_CPU;
        }
        if !asks("memory") {
            resources.memory = DEFAULT_MEMORY;
        }
        resources
    })
}

fn requests_of(container: &Container) -> Option<&ResourceList> {
    container.resources.as_ref()?.requests.as_ref()
}

fn total(spec: &PodSpec, of: impl Fn(&Container) -> Resources) -> Resources {
    let mut sum = Resources::default();
    for container in &spec.containers {
        sum.add(&of(container));
    }
    let mut sidecars = Resources::default();
    let mut peak = Resources::default();
    for container in spec.init_containers.iter().flatten() {
        let own = of(container);
        let mut running = sidecars.clone();
        running.add(&own);
        if container.restart_policy.as_deref() == Some("Always") {
            sum.add(&own);
            sidecars.add(&own);
        }
        peak.raise_to(&running);
    }
    sum.raise_to(&peak);
    let of_the_pod = spec
        .resources
        .as_ref()
        .and_then(|own| own.requests.as_ref());
    if let Some(list) = of_the_pod {
        let own = Resources::from_list(Some(list));
        if list.contains_key("cpu") {
            sum.milli_cpu = own.milli_cpu;
        }
        if list.contains_key("memory") {
            sum.memory = own.memory;
        }
    }
    sum.add(&Resources::from_list(spec.overhead.as_ref()));
    sum
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(value: serde_json::Value) -> PodSpec {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_init_container_counts_when_it_needs_more_than_the_containers() {
        let spec = spec(json!({
            "containers": [{"name": "a", "resources": {"requests": {"cpu": "100m"}}}],
            "initContainers": [{"name": "i", "resources": {"requests": {"cpu": "1"}}}],
        }));
        assert_eq!(pod_requests(&spec).milli_cpu, 1000);
    }

    #[test]
    fn a_sidecar_counts_beside_the_containers() {
        let spec = spec(json!({
            "containers": [{"name": "a", "resources": {"requests": {"cpu": "100m"}}}],
            "initContainers": [
                {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "50m"}}},
            ],
        }));
        assert_eq!(pod_requests(&spec).milli_cpu, 150);
    }

    #[test]
    fn containers_without_requests_count_a_little_when_nodes_are_compared() {
        let spec = spec(json!({"containers": [{"name": "a"}, {"name": "b"}]}));
        assert!(pod_requests(&spec).is_zero());
        assert_eq!(non_zero_requests(&spec).milli_cpu, 200);
    }
}
