//! What a Service takes: itself, node ports, a load balancer.
//!
//! Mirrors `pkg/quota/v1/evaluator/core/services.go` (v1.35).

use serde_json::Value;

use super::evaluator::{Amounts, whole};
use crate::api::tree::{elements, integer, text};

/// What a quota can limit of Services.
pub(super) const TRACKED: [&str; 4] = [
    "count/services",
    "services",
    "services.nodeports",
    "services.loadbalancers",
];

/// What one Service takes. Its ports are not allocated yet, so what it wants counts.
pub(super) fn usage(service: &Value) -> Amounts {
    let spec = &service["spec"];
    let ports = elements(&spec["ports"]);
    let (node_ports, load_balancers) = match text(spec, "type") {
        "NodePort" => (ports.len(), 0),
        "LoadBalancer" if spec["allocateLoadBalancerNodePorts"] == false => {
            let asked = ports.iter().filter(|port| integer(port, "nodePort") != 0);
            (asked.count(), 1)
        }
        "LoadBalancer" => (ports.len(), 1),
        _ => (0, 0),
    };
    let numbers = [1, 1, node_ports, load_balancers];
    TRACKED
        .iter()
        .zip(numbers)
        .map(|(name, number)| ((*name).to_owned(), whole(number)))
        .collect()
}
