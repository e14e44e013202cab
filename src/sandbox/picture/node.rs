//! Nodes: how they do, what the Pods on them ask for, what keeps Pods away.

use std::collections::HashMap;

use pocketkube::api::quantity::Quantity;
use serde_json::Value;

use super::super::view::{Health, NodeView, ResourceView};
use super::{Material, condition, list, optional, text};

const ROLE: &str = "node-role.kubernetes.io/";
/// Conditions of which `True` is bad news.
const TROUBLES: [&str; 4] = [
    "MemoryPressure",
    "DiskPressure",
    "PIDPressure",
    "NetworkUnavailable",
];

pub(super) fn nodes(material: &Material, namespaces: &[String]) -> Vec<NodeView> {
    let mut on_nodes: HashMap<&str, Vec<&Value>> = HashMap::new();
    for pod in material.every_pod() {
        if let Some(node) = pod.pointer("/spec/nodeName").and_then(Value::as_str)
            && !is_over(pod)
        {
            on_nodes.entry(node).or_default().push(pod);
        }
    }
    let nodes = material.all("Node").into_iter();
    nodes
        .map(|node| {
            let name = text(node, "/metadata/name");
            let pods = on_nodes.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            view(node, name, pods, namespaces)
        })
        .collect()
}

fn view(node: &Value, name: String, pods: &[&Value], namespaces: &[String]) -> NodeView {
    let ready = condition(node, "Ready").is_some_and(|it| it["status"] == "True");
    let is_other = |pod: &&&Value| !namespaces.contains(&text(pod, "/metadata/namespace"));
    NodeView {
        roles: roles(node),
        zone: optional(node, "/metadata/labels/topology.kubernetes.io~1zone"),
        ready,
        schedulable: node.pointer("/spec/unschedulable") != Some(&Value::Bool(true)),
        pods: pods.len(),
        other_pods: pods.iter().filter(is_other).count(),
        resources: resources(node, pods),
        taints: list(node, "/spec/taints").iter().map(taint).collect(),
        troubles: TROUBLES
            .into_iter()
            .filter(|kind| condition(node, kind).is_some_and(|it| it["status"] == "True"))
            .map(str::to_owned)
            .collect(),
        health: if ready { Health::Good } else { Health::Bad },
        name,
    }
}

/// Pods that ended take nothing any more.
fn is_over(pod: &Value) -> bool {
    let phase = pod.pointer("/status/phase").and_then(Value::as_str);
    matches!(phase, Some("Succeeded" | "Failed"))
}

fn resources(node: &Value, pods: &[&Value]) -> Vec<ResourceView> {
    let allocatable = |name: &str| text(node, &format!("/status/allocatable/{name}"));
    let mut resources = Vec::new();
    for (name, show) in [
        ("cpu", cores as fn(f64) -> String),
        ("memory", bytes as fn(f64) -> String),
    ] {
        let asked: f64 = pods.iter().map(|pod| request(pod, name)).sum();
        resources.push(share(name, asked, amount(&allocatable(name)), show));
    }
    let count = pods.iter().map(|_| 1.0).sum();
    let whole = |number: f64| format!("{number:.0}");
    resources.push(share("pods", count, amount(&allocatable("pods")), whole));
    resources
}

fn share(name: &str, asked: f64, of: f64, show: fn(f64) -> String) -> ResourceView {
    let percent = if of > 0.0 { asked / of * 100.0 } else { 0.0 };
    ResourceView {
        name: name.to_owned(),
        asked: show(asked),
        of: show(of),
        percent: percent.round().max(0.0) as u64,
    }
}

/// What a Pod asks for: the sum of its containers, or its largest init container.
fn request(pod: &Value, name: &str) -> f64 {
    let of = |container: &Value| {
        let pointer = format!("/resources/requests/{name}");
        let value = container.pointer(&pointer).and_then(Value::as_str);
        value.map_or(0.0, amount)
    };
    let all: f64 = list(pod, "/spec/containers").iter().map(of).sum();
    let first = list(pod, "/spec/initContainers").iter().map(of);
    first.fold(all, f64::max)
}

/// A quantity as a number of its own unit; 0 where it is none.
pub fn amount(quantity: &str) -> f64 {
    Quantity::parse(quantity).map_or(0.0, |quantity| quantity.as_f64())
}

/// `900m`, `4`.
pub fn cores(cpu: f64) -> String {
    let milli = (cpu * 1000.0).round();
    if milli % 1000.0 == 0.0 {
        format!("{:.0}", milli / 1000.0)
    } else {
        format!("{milli:.0}m")
    }
}

/// `256Mi`, `7.8Gi`.
pub fn bytes(bytes: f64) -> String {
    let units = [(30, "Gi"), (20, "Mi"), (10, "Ki")];
    for (power, unit) in units {
        let size = f64::from(1u32 << power);
        if bytes >= size {
            let amount = format!("{:.1}", bytes / size);
            return format!("{}{unit}", amount.trim_end_matches(".0"));
        }
    }
    format!("{bytes:.0}")
}

/// `key=value:Effect`, as kubectl writes it.
pub fn taint(taint: &Value) -> String {
    let (key, effect) = (text(taint, "/key"), text(taint, "/effect"));
    match optional(taint, "/value").filter(|value| !value.is_empty()) {
        Some(value) => format!("{key}={value}:{effect}"),
        None => format!("{key}:{effect}"),
    }
}

fn roles(node: &Value) -> Vec<String> {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    labels
        .into_iter()
        .flatten()
        .filter_map(|(label, _)| label.strip_prefix(ROLE).map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_node_counts_what_its_pods_ask_for_and_not_those_that_ended() {
        let node = json!({"metadata": {"name": "a"},
            "spec": {"taints": [{"key": "disk", "value": "ssd", "effect": "NoSchedule"}]},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                "conditions": [{"type": "Ready", "status": "True"},
                    {"type": "MemoryPressure", "status": "True"}]}});
        let pod = json!({"metadata": {"namespace": "shop"}, "spec": {
            "initContainers": [{"resources": {"requests": {"memory": "1Gi"}}}],
            "containers": [{"resources": {"requests": {"cpu": "900m", "memory": "256Mi"}}}]}});
        let view = view(&node, "a".to_owned(), &[&pod], &["harbor".to_owned()]);
        let shown: Vec<String> = view
            .resources
            .iter()
            .map(|it| format!("{} {}/{} {}%", it.name, it.asked, it.of, it.percent))
            .collect();
        assert_eq!(
            shown,
            ["cpu 900m/4 23%", "memory 1Gi/8Gi 13%", "pods 1/110 1%"]
        );
        assert_eq!(view.taints, ["disk=ssd:NoSchedule"]);
        assert_eq!(view.troubles, ["MemoryPressure"]);
        assert_eq!((view.pods, view.other_pods), (1, 1));
        assert!(is_over(&json!({"status": {"phase": "Succeeded"}})));
    }
}
