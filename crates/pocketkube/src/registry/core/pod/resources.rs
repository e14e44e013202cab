//! What the containers of a Pod ask for together, and the quality of service that follows.
//!
//! Mirrors `staging/src/k8s.io/component-helpers/resource/helpers.go`
//! (`AggregateContainerRequests`) and `pkg/apis/core/helper/qos/qos.go` (v1.35).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::quantity::Quantity;
use crate::api::tree::{elements, entries, text};

/// Amounts by resource name.
pub type Amounts = BTreeMap<String, Quantity>;

/// Whether a resource may be asked for by a Pod as a whole.
pub fn is_pod_level_resource(name: &str) -> bool {
    name == "cpu" || name == "memory" || name.starts_with("hugepages-")
}

/// Whether an init container keeps running beside the others.
pub fn is_sidecar(init_container: &Value) -> bool {
    text(init_container, "restartPolicy") == "Always"
}

/// What is asked for: to be there, or never to be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Requests,
    Limits,
}

impl Ask {
    /// The list in `resources`.
    pub fn list(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Limits => "limits",
        }
    }
}

/// What the containers request together.
pub fn container_requests(spec: &Value) -> Amounts {
    container_amounts(spec, Ask::Requests)
}

/// What the Pod asks for as a whole, or else its containers together.
pub fn pod_amounts(spec: &Value, ask: Ask) -> Amounts {
    let mut amounts = container_amounts(spec, ask);
    for (name, amount) in listed(&spec["resources"], ask) {
        if is_pod_level_resource(&name) {
            amounts.insert(name, amount);
        }
    }
    amounts
}

/// Like [`pod_amounts`], with what running the Pod costs on top. A limit that is not set stays so.
pub fn charged_amounts(spec: &Value, ask: Ask) -> Amounts {
    let mut amounts = pod_amounts(spec, ask);
    for (name, overhead) in entries(&spec["overhead"]) {
        let overhead = Quantity::of_value(overhead);
        match amounts.get_mut(name) {
            Some(amount) => *amount += &overhead,
            None if ask == Ask::Requests => {
                amounts.insert(name.clone(), overhead);
            }
            None => {}
        }
    }
    amounts
}

/// Regular containers and sidecars add up, and while the Pod starts, each init container needs
/// its own on top of the sidecars before it.
fn container_amounts(spec: &Value, ask: Ask) -> Amounts {
    let mut total = Amounts::new();
    for container in elements(&spec["containers"]) {
        add(&mut total, &listed(&container["resources"], ask));
    }
    let mut sidecars = Amounts::new();
    let mut starting = Amounts::new();
    for container in elements(&spec["initContainers"]) {
        let mut needed = listed(&container["resources"], ask);
        if is_sidecar(container) {
            add(&mut total, &needed);
            add(&mut sidecars, &needed);
            needed = sidecars.clone();
        } else {
            add(&mut needed, &sidecars);
        }
        at_least(&mut starting, &needed);
    }
    at_least(&mut total, &starting);
    total
}

/// `Guaranteed`, `Burstable` or `BestEffort`.
pub fn qos_class(spec: &Value) -> &'static str {
    let mut requests = Amounts::new();
    let mut limits = Amounts::new();
    let mut is_guaranteed = true;
    let mut count = |resources: &Value| {
        add(&mut requests, &compute_amounts(&resources["requests"]));
        let own = compute_amounts(&resources["limits"]);
        is_guaranteed &= own.len() == 2;
        add(&mut limits, &own);
    };
    if is_set_for_pod(spec) {
        count(&spec["resources"]);
    } else {
        let init_containers = elements(&spec["initContainers"]);
        for container in elements(&spec["containers"]).iter().chain(init_containers) {
            count(&container["resources"]);
        }
    }
    if requests.is_empty() && limits.is_empty() {
        "BestEffort"
    } else if is_guaranteed && requests == limits {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// Whether the Pod as a whole asks for something.
pub fn is_set_for_pod(spec: &Value) -> bool {
    ["requests", "limits"]
        .iter()
        .any(|list| entries(&spec["resources"][*list]).any(|(name, _)| is_pod_level_resource(name)))
}

/// The amounts of one list of a container's or Pod's `resources`.
pub fn listed(resources: &Value, ask: Ask) -> Amounts {
    entries(&resources[ask.list()])
        .map(|(name, quantity)| (name.clone(), Quantity::of_value(quantity)))
        .collect()
}

/// CPU and memory of a list, where there is some.
fn compute_amounts(list: &Value) -> Amounts {
    ["cpu", "memory"]
        .into_iter()
        .map(|name| (name.to_owned(), Quantity::of_value(&list[name])))
        .filter(|(_, amount)| *amount > Quantity::ZERO)
        .collect()
}

/// Adds each amount of `more` to that of `total`.
pub fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        *total.entry(name.clone()).or_default() += amount;
    }
}

fn at_least(total: &mut Amounts, floor: &Amounts) {
    for (name, amount) in floor {
        let present = total.entry(name.clone()).or_default();
        if *present < *amount {
            *present = amount.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(resources: &[Value]) -> Value {
        let containers: Vec<Value> = resources.iter().map(|r| json!({"resources": r})).collect();
        json!({"containers": containers})
    }

    #[test]
    fn quality_of_service_follows_requests_and_limits() {
        let both = json!({"cpu": "1", "memory": "1Gi"});
        let same = json!({"cpu": "1000m", "memory": "1024Mi"});
        for (resources, class) in [
            (json!({}), "BestEffort"),
            (json!({"limits": both, "requests": same}), "Guaranteed"),
            (
                json!({"limits": both, "requests": {"cpu": "1"}}),
                "Burstable",
            ),
            (json!({"requests": {"cpu": "1m"}}), "Burstable"),
            (json!({"requests": {"example.com/gpu": "1"}}), "BestEffort"),
            (
                json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}),
                "Burstable",
            ),
        ] {
            assert_eq!(
                qos_class(&pod(std::slice::from_ref(&resources))),
                class,
                "{resources}"
            );
        }
        let guaranteed = json!({"limits": both, "requests": both});
        assert_eq!(qos_class(&pod(&[guaranteed, json!({})])), "Burstable");
    }

    #[test]
    fn init_containers_raise_the_request_only_above_what_runs_later() {
        let asks = |cpu: &str| json!({"requests": {"cpu": cpu}});
        let spec = json!({
            "containers": [{"resources": asks("500m")}],
            "initContainers": [
                {"resources": asks("100m"), "restartPolicy": "Always"},
                {"resources": asks("1")},
            ],
        });
        assert_eq!(
            container_requests(&spec)["cpu"],
            Quantity::parse("1100m").unwrap()
        );
    }
}
