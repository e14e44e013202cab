//! Why a Service leads nowhere: its selector against the labels there are, Pods that are not
//! ready, ports that nobody names.

use serde_json::{Map, Value};

use super::super::document::{Cell, Part, Tone};
use super::super::facts::{Facts, condition, list, text};

pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    let service = &facts.object;
    if facts.of.kind != "Service" || text(service, "/spec/type") == "ExternalName" {
        return Vec::new();
    }
    let selector = service.pointer("/spec/selector").and_then(Value::as_object);
    let Some(selector) = selector.filter(|selector| !selector.is_empty()) else {
        let words = "It has no selector: only the EndpointSlices that somebody writes by hand \
                     lead anywhere.";
        return match ready_endpoints(facts) {
            0 => vec![Part::words(Tone::Warn, words)],
            _ => Vec::new(),
        };
    };
    let chosen: Vec<&Value> = facts
        .pods()
        .filter(|pod| lacks(selector, pod).is_empty())
        .collect();
    let mut parts = match chosen.is_empty() {
        true => nobody(selector, facts),
        false => not_ready(&chosen),
    };
    parts.extend(ports(service, &chosen));
    parts
}

fn ready_endpoints(facts: &Facts) -> usize {
    let slices = facts.all("EndpointSlice").filter(|slice| {
        let label = slice.pointer("/metadata/labels/kubernetes.io~1service-name");
        label.and_then(Value::as_str) == Some(facts.of.name.as_str())
    });
    let endpoints = slices.flat_map(|slice| list(slice, "/endpoints"));
    endpoints
        .filter(|it| it.pointer("/conditions/ready") != Some(&Value::Bool(false)))
        .count()
}

/// The labels of a selector that a Pod does not have, and what it has instead.
fn lacks<'a>(selector: &'a Map<String, Value>, pod: &Value) -> Vec<(&'a str, &'a str, String)> {
    let labels = &pod["metadata"]["labels"];
    selector
        .iter()
        .filter(|(key, value)| labels.get(key.as_str()) != Some(value))
        .map(|(key, value)| {
            let has = labels.get(key.as_str()).and_then(Value::as_str);
            let has = has.unwrap_or("no such label").to_owned();
            (key.as_str(), value.as_str().unwrap_or_default(), has)
        })
        .collect()
}

/// No Pod has all the labels: which come nearest, and what they have instead.
fn nobody(selector: &Map<String, Value>, facts: &Facts) -> Vec<Part> {
    let wanted: Vec<String> = selector
        .iter()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let mut parts = vec![
        Part::heading("No Pod has the labels that it selects"),
        Part::field("selector", wanted.join("  ")),
    ];
    let mut pods: Vec<_> = facts
        .pods()
        .map(|pod| (lacks(selector, pod), pod))
        .collect();
    pods.sort_by_key(|(lacks, pod)| (lacks.len(), text(pod, "/metadata/name")));
    if pods.is_empty() {
        parts.push(Part::words(
            Tone::Warn,
            "There are no Pods in its namespace at all.",
        ));
        return parts;
    }
    let rows = pods.into_iter().take(8).map(|(lacks, pod)| {
        let words = lacks
            .into_iter()
            .map(|(key, wants, has)| format!("{key}: wants {wants}, has {has}"));
        vec![
            Cell::new(text(pod, "/metadata/name")),
            Cell::toned(Tone::Bad, words.collect::<Vec<_>>().join("; ")),
        ]
    });
    parts.push(Part::Gap);
    parts.push(Part::Table {
        head: vec!["Pod".to_owned(), "differs in".to_owned()],
        rows: rows.collect(),
    });
    parts
}

/// Pods are selected; those that are not ready get no traffic.
fn not_ready(chosen: &[&Value]) -> Vec<Part> {
    let is_ready = |pod: &Value| condition(pod, "Ready").is_some_and(|it| it["status"] == "True");
    let waiting: Vec<&&Value> = chosen.iter().filter(|pod| !is_ready(pod)).collect();
    if waiting.is_empty() {
        return Vec::new();
    }
    let words = format!(
        "{} of {} Pods that it selects are not ready, and get no traffic",
        waiting.len(),
        chosen.len()
    );
    let rows = waiting.into_iter().map(|pod| {
        let ready = condition(pod, "Ready");
        let words = ready
            .map(|it| text(it, "/message"))
            .filter(|it| !it.is_empty());
        vec![
            Cell::new(text(pod, "/metadata/name")),
            Cell::new(text(pod, "/status/phase")),
            Cell::toned(Tone::Bad, words.unwrap_or_else(|| "not ready".to_owned())),
        ]
    });
    vec![
        Part::heading(words),
        Part::Table {
            head: ["Pod", "Phase", "Why"].map(str::to_owned).to_vec(),
            rows: rows.collect(),
        },
    ]
}

/// Ports that no container names, or that none says it listens on.
fn ports(service: &Value, chosen: &[&Value]) -> Vec<Part> {
    let mut parts = Vec::new();
    if chosen.is_empty() {
        return parts;
    }
    let containers = chosen.iter().flat_map(|pod| list(pod, "/spec/containers"));
    let declared: Vec<&Value> = containers.flat_map(|it| list(it, "/ports")).collect();
    for port in list(service, "/spec/ports") {
        let target = match &port["targetPort"] {
            Value::Null => &port["port"],
            target => target,
        };
        if let Some(name) = target.as_str() {
            if declared.iter().all(|port| port["name"] != name) {
                let words = format!("No container of its Pods has a port named {name}");
                parts.push(Part::words(Tone::Bad, words));
            }
        } else if !declared.is_empty()
            && declared.iter().all(|port| &port["containerPort"] != target)
        {
            let known = declared
                .iter()
                .map(|port| port["containerPort"].to_string());
            let known: Vec<String> = known.collect();
            let words = format!(
                "Port {} leads to {target}; the containers say they listen on {}",
                port["port"],
                known.join(", ")
            );
            parts.push(Part::words(Tone::Warn, words));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sandbox::Reference;
    use serde_json::json;

    fn facts(labels: Value, ready: &str, target: Value) -> Facts {
        let pod = json!({"metadata": {"name": "web-1", "namespace": "shop", "labels": labels},
            "spec": {"containers": [{"ports": [{"containerPort": 8080}]}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready,
                "message": "containers with unready status: [web]"}]}});
        Facts {
            of: Reference::known("Service", "shop", "web"),
            object: json!({"spec": {"type": "ClusterIP", "selector": {"app": "web"},
                "ports": [{"port": 80, "targetPort": target}]}}),
            lists: [("Pod".to_owned(), vec![Arc::new(pod)])]
                .into_iter()
                .collect(),
            ..Facts::default()
        }
    }

    #[test]
    fn the_label_that_differs_is_named() {
        let text =
            super::super::document(&facts(json!({"app": "wbe"}), "True", json!(8080))).text();
        assert!(text.contains("web-1 | app: wants web, has wbe"), "{text}");
    }

    #[test]
    fn pods_that_are_not_ready_are_named_with_their_reason() {
        let text =
            super::super::document(&facts(json!({"app": "web"}), "False", json!(8080))).text();
        assert!(text.contains("1 of 1 Pods"), "{text}");
        assert!(text.contains("unready status: [web]"), "{text}");
    }

    #[test]
    fn a_port_that_nobody_has_is_named() {
        let words = |target| {
            let facts = facts(json!({"app": "web"}), "True", target);
            super::super::document(&facts).text()
        };
        assert!(words(json!("http")).contains("named http"));
        assert!(words(json!(80)).contains("leads to 80; the containers say they listen on 8080"));
        assert!(words(json!(8080)).contains("Nothing keeps"));
    }
}
