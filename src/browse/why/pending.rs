//! Why a Pod has no node: what every scheduling rule thinks of every node.

use pocketkube::scheduler::{Explanation, Surroundings, explain};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::document::{Cell, Part, Tone};
use super::super::facts::{Facts, ago, condition, list, text};
use super::super::owner;
use crate::sandbox::picture::{amount, bytes, cores};

pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    let pod = &facts.object;
    let waits = facts.of.kind == "Pod"
        && text(pod, "/spec/nodeName").is_empty()
        && text(pod, "/status/phase") == "Pending";
    if !waits {
        return Vec::new();
    }
    let mut parts = vec![Part::heading("It waits for a node")];
    let said = condition(pod, "PodScheduled").map(|it| text(it, "/message"));
    let event = facts
        .event("FailedScheduling")
        .map(|it| text(it, "/message"));
    if let Some(said) = said.filter(|words| !words.is_empty()).or(event) {
        parts.push(Part::words(Tone::Plain, said));
    }
    let scheduler = text(pod, "/spec/schedulerName");
    if !scheduler.is_empty() && scheduler != pocketkube::scheduler::NAME {
        let words =
            format!("It asks for the scheduler {scheduler}, which decides by its own rules.");
        parts.push(Part::words(Tone::Warn, words));
        return parts;
    }
    if let Ok(pod) = serde_json::from_value(pod.clone()) {
        let explanation = explain(&pod, surroundings(facts));
        parts.extend(table(&explanation, facts));
    }
    parts.extend(asked_for(facts));
    parts
}

fn surroundings(facts: &Facts) -> Surroundings {
    Surroundings {
        nodes: read(facts, "Node"),
        pods: read(facts, "Pod"),
        namespaces: read(facts, "Namespace"),
        claims: read(facts, "PersistentVolumeClaim"),
        volumes: read(facts, "PersistentVolume"),
        classes: read(facts, "StorageClass"),
    }
}

fn read<K: DeserializeOwned>(facts: &Facts, kind: &str) -> Vec<K> {
    let objects = facts.all(kind);
    objects
        .filter_map(|object| serde_json::from_value(object.clone()).ok())
        .collect()
}

/// One row a node and one column a rule; the words of the objections below.
fn table(explanation: &Explanation, facts: &Facts) -> Vec<Part> {
    let mut parts: Vec<Part> = explanation
        .of_all
        .iter()
        .map(|(_, reasons)| Part::toned(Tone::Bad, "every node", reasons.join(", ")))
        .collect();
    // A rule that objects nowhere is worth its column only while there are few.
    let objects = |rule: usize| {
        let mut nodes = explanation.nodes.iter();
        nodes.any(|node| node.objections.get(rule).is_some_and(|it| !it.is_empty()))
    };
    let rules: Vec<usize> = (0..explanation.rules.len())
        .filter(|rule| explanation.rules.len() <= 4 || objects(*rule))
        .collect();
    if explanation.nodes.is_empty() {
        parts.push(Part::words(Tone::Bad, "There are no nodes."));
        return parts;
    }
    if rules.is_empty() {
        return parts;
    }
    let mut head = vec!["node".to_owned()];
    head.extend(rules.iter().map(|rule| short(explanation.rules[*rule])));
    let mut notes = Vec::new();
    let mut rows = Vec::new();
    for node in &explanation.nodes {
        let mut row = vec![Cell::new(&node.node)];
        for rule in &rules {
            let objections = node.objections.get(*rule).map_or(&[][..], Vec::as_slice);
            row.push(match objections.is_empty() {
                true => Cell::toned(Tone::Good, "✓"),
                false => Cell::toned(Tone::Bad, "✗"),
            });
            let words = objections
                .iter()
                .map(|words| told(words, &node.node, facts));
            notes.extend(words.map(|words| Part::field(&node.node, words)));
        }
        rows.push(row);
    }
    parts.push(Part::Gap);
    parts.push(Part::Table { head, rows });
    parts.push(Part::Gap);
    parts.extend(notes);
    parts
}

/// `NodeResourcesFit` as people call it.
fn short(rule: &str) -> String {
    match rule {
        "NodeUnschedulable" => "Cordon",
        "NodeName" => "Name",
        "TaintToleration" => "Taints",
        "NodeAffinity" => "Affinity",
        "NodePorts" => "Ports",
        "NodeResourcesFit" => "Resources",
        "VolumeRestrictions" => "Volumes",
        "VolumeBinding" => "Claims",
        "VolumeZone" => "Zone",
        "PodTopologySpread" => "Spread",
        "InterPodAffinity" => "Neighbours",
        other => other,
    }
    .to_owned()
}

/// With numbers, where the scheduler's sentence has none.
fn told(words: &str, node: &str, facts: &Facts) -> String {
    let Some(resource) = words.strip_prefix("Insufficient ") else {
        return words.to_owned();
    };
    let show = match resource {
        "cpu" => cores as fn(f64) -> String,
        _ => bytes as fn(f64) -> String,
    };
    let nodes = facts
        .all("Node")
        .find(|it| text(it, "/metadata/name") == node);
    let pointer = format!("/status/allocatable/{resource}");
    let has = nodes.map_or(0.0, |it| amount(&text(it, &pointer)));
    let is_there = |pod: &&Value| {
        let phase = text(pod, "/status/phase");
        text(pod, "/spec/nodeName") == node && phase != "Succeeded" && phase != "Failed"
    };
    let pods = facts.all("Pod").filter(is_there);
    let taken: f64 = pods.map(|pod| asked(pod, resource)).sum();
    let wanted = asked(&facts.object, resource);
    if wanted <= 0.0 {
        return words.to_owned();
    }
    let free = show((has - taken).max(0.0));
    format!(
        "{words}: asks for {}, {free} of {} are free",
        show(wanted),
        show(has)
    )
}

fn asked(pod: &Value, resource: &str) -> f64 {
    let pointer = format!("/resources/requests/{resource}");
    let of = |container: &Value| amount(&text(container, &pointer));
    let all: f64 = list(pod, "/spec/containers").iter().map(of).sum();
    let first = list(pod, "/spec/initContainers").iter().map(of);
    first.fold(all, f64::max)
}

/// What it asks for, and who wrote that.
fn asked_for(facts: &Facts) -> Vec<Part> {
    let pod = &facts.object;
    let mut wishes = Vec::new();
    for resource in ["cpu", "memory"] {
        let asked = asked(pod, resource);
        if asked > 0.0 {
            let amount = if resource == "cpu" {
                cores(asked)
            } else {
                bytes(asked)
            };
            wishes.push(format!("{resource} {amount}"));
        }
    }
    let selector = pod.pointer("/spec/nodeSelector").and_then(Value::as_object);
    for (key, value) in selector.into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        wishes.push(format!("a node with {key}={value}"));
    }
    if wishes.is_empty() {
        return Vec::new();
    }
    let mut parts = vec![Part::Gap, Part::field("asked for", wishes.join(", "))];
    parts.extend(author(facts));
    parts
}

/// Who wrote the template that the Pod is from, or the Pod.
fn author(facts: &Facts) -> Option<Part> {
    let top = facts.top_owner();
    let (object, path) = match &top {
        Some(owner) => (*owner, "spec.template.spec.containers[0]"),
        None => (&facts.object, "spec.containers[0]"),
    };
    let owner = ["resources.requests", "resources", "image"]
        .iter()
        .find_map(|field| owner::of_field(object, &format!("{path}.{field}")))?;
    let name = match top {
        Some(top) => format!(
            " in {}/{}",
            text(top, "/kind").to_lowercase(),
            text(top, "/metadata/name")
        ),
        None => String::new(),
    };
    let since = facts
        .seconds_since(&owner.time)
        .map(ago)
        .unwrap_or_default();
    let words = format!("{}{name}, {since} ago", owner.manager);
    Some(Part::field("set by", words))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sandbox::Reference;
    use serde_json::json;

    #[test]
    fn every_node_says_why_not() {
        let node = |name: &str, spec| {
            Arc::new(json!({"metadata": {"name": name}, "spec": spec,
                "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "10"}}}))
        };
        let taint = json!({"taints": [{"key": "node-role.kubernetes.io/control-plane",
            "effect": "NoSchedule"}]});
        let pod = |name: &str, node: Option<&str>, cpu: &str| {
            json!({"metadata": {"name": name, "namespace": "shop", "uid": name},
                "spec": {"nodeName": node, "containers": [{"name": "a", "image": "a",
                    "resources": {"requests": {"cpu": cpu}}}]},
                "status": {"phase": if node.is_some() { "Running" } else { "Pending" }}})
        };
        let facts = Facts {
            of: Reference::known("Pod", "shop", "web"),
            object: pod("web", None, "900m"),
            lists: [
                (
                    "Node".to_owned(),
                    vec![node("control", taint), node("worker", json!({}))],
                ),
                (
                    "Pod".to_owned(),
                    vec![Arc::new(pod("db", Some("worker"), "650m"))],
                ),
            ]
            .into_iter()
            .collect(),
            ..Facts::default()
        };
        let text = super::super::document(&facts).text();
        assert!(text.contains("control | ✓ | ✗ | ✓"), "{text}");
        assert!(text.contains("worker | ✓ | ✓ | ✗"), "{text}");
        assert!(
            text.contains("Insufficient cpu: asks for 900m, 350m of 1 are free"),
            "{text}"
        );
        assert!(text.contains("asked for: cpu 900m"), "{text}");
    }
}
