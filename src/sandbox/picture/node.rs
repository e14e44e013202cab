//! Nodes, and how many of the shown Pods are on each.

use serde_json::Value;

use super::super::view::{Health, NodeView};
use super::{Material, condition, optional, text};

const ROLE: &str = "node-role.kubernetes.io/";

pub(super) fn nodes(material: &Material) -> Vec<NodeView> {
    let pods = material.all("Pod");
    material
        .all("Node")
        .into_iter()
        .map(|node| {
            let name = text(node, "/metadata/name");
            let ready = condition(node, "Ready").is_some_and(|it| it["status"] == "True");
            let on_it = |pod: &&&Value| text(pod, "/spec/nodeName") == name;
            NodeView {
                roles: roles(node),
                zone: optional(node, "/metadata/labels/topology.kubernetes.io~1zone"),
                ready,
                schedulable: node.pointer("/spec/unschedulable") != Some(&Value::Bool(true)),
                pods: pods.iter().filter(on_it).count(),
                health: if ready { Health::Good } else { Health::Bad },
                name,
            }
        })
        .collect()
}

fn roles(node: &Value) -> Vec<String> {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    labels
        .into_iter()
        .flatten()
        .filter_map(|(label, _)| label.strip_prefix(ROLE).map(str::to_owned))
        .collect()
}
