//! A short description of any object, in the words that people know from `kubectl describe`.
//!
//! It is always ours, kubectl or not: the same everywhere, and short enough for a pane. Kinds with
//! something of their own to say have a row in `OF_KINDS`; the others show their spec.

mod container;
mod kinds;

use serde_json::Value;

use super::document::{Cell, Document, Part, Tone};
use super::facts::{Facts, ago, condition, list, text};
use crate::sandbox::picture::event_view;

/// Annotations that nobody reads.
const UNREAD: [&str; 1] = ["kubectl.kubernetes.io/last-applied-configuration"];

/// The whole description.
pub fn document(facts: &Facts) -> Document {
    let object = &facts.object;
    let mut parts = head(facts);
    parts.extend(kinds::parts(facts));
    parts.extend(conditions(object));
    parts.push(Part::Gap);
    parts.push(Part::heading("Events"));
    parts.extend(events(facts));
    Document::of(parts)
}

/// Only what happened to it.
pub fn events_alone(facts: &Facts) -> Document {
    Document::of(events(facts))
}

fn head(facts: &Facts) -> Vec<Part> {
    let object = &facts.object;
    let mut parts = vec![Part::field("Name", text(object, "/metadata/name"))];
    if let Some(namespace) = &facts.of.namespace {
        parts.push(Part::field("Namespace", namespace));
    }
    for (name, pointer) in [
        ("Labels", "/metadata/labels"),
        ("Annotations", "/metadata/annotations"),
    ] {
        let pairs = pairs(object.pointer(pointer));
        if !pairs.is_empty() {
            parts.push(Part::field(name, pairs.join("  ")));
        }
    }
    for owner in list(object, "/metadata/ownerReferences") {
        let name = format!("{}/{}", text(owner, "/kind"), text(owner, "/name"));
        let word = match owner["controller"] == true {
            true => "Controlled By",
            false => "Owned By",
        };
        parts.push(Part::field(word, name));
    }
    if let Some(age) = facts.seconds_since(&text(object, "/metadata/creationTimestamp")) {
        parts.push(Part::field("Age", ago(age)));
    }
    if let Some(since) = facts.seconds_since(&text(object, "/metadata/deletionTimestamp")) {
        let words = match since {
            0.. => format!("due {} ago", ago(since)),
            _ => format!("due in {}", ago(-since)),
        };
        parts.push(Part::toned(Tone::Warn, "Deletion", words));
    }
    let finalizers: Vec<&str> = list(object, "/metadata/finalizers")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if !finalizers.is_empty() {
        parts.push(Part::field("Finalizers", finalizers.join("  ")));
    }
    parts
}

/// `key=value`, one each.
fn pairs(map: Option<&Value>) -> Vec<String> {
    let map = map.and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .filter(|(key, _)| !UNREAD.contains(&key.as_str()))
        .map(|(key, value)| match value.as_str() {
            Some(value) => format!("{key}={value}"),
            None => format!("{key}={value}"),
        })
        .collect()
}

fn conditions(object: &Value) -> Vec<Part> {
    let conditions = list(object, "/status/conditions");
    if conditions.is_empty() {
        return Vec::new();
    }
    let row = |condition: &Value| {
        vec![
            Cell::new(text(condition, "/type")),
            Cell::new(text(condition, "/status")),
            Cell::new(text(condition, "/reason")),
            Cell::toned(Tone::Quiet, text(condition, "/message")),
        ]
    };
    vec![
        Part::Gap,
        Part::heading("Conditions"),
        Part::Table {
            head: ["Type", "Status", "Reason", "Message"]
                .map(str::to_owned)
                .to_vec(),
            rows: conditions.iter().map(row).collect(),
        },
    ]
}

/// Newest first, as a table.
fn events(facts: &Facts) -> Vec<Part> {
    if facts.events.is_empty() {
        return vec![Part::words(Tone::Quiet, "None that are kept still.")];
    }
    let row = |event: &Value| {
        let view = event_view(event);
        let age = view.at.map(|at| facts.now.as_second() - at.as_second());
        let count = match view.count {
            ..2 => String::new(),
            count => format!(" ({count}×)"),
        };
        let tone = if view.warning {
            Tone::Warn
        } else {
            Tone::Quiet
        };
        vec![
            Cell::toned(Tone::Quiet, age.map(ago).unwrap_or_default()),
            Cell::toned(tone, if view.warning { "Warning" } else { "Normal" }),
            Cell::new(format!("{}{count}", view.reason)),
            Cell::toned(Tone::Quiet, view.message),
        ]
    };
    vec![Part::Table {
        head: ["Age", "Type", "Reason", "Message"]
            .map(str::to_owned)
            .to_vec(),
        rows: facts.events.iter().rev().map(row).collect(),
    }]
}

/// Whether a condition is `True`.
fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|it| it["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Reference;
    use serde_json::json;

    #[test]
    fn a_pod_is_described_with_its_containers_and_events() {
        let facts = Facts {
            of: Reference::known("Pod", "shop", "web"),
            object: json!({
                "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"},
                    "creationTimestamp": "2026-01-01T00:00:00Z"},
                "spec": {"nodeName": "worker", "serviceAccountName": "default", "containers": [
                    {"name": "main", "image": "nginx", "ports": [{"containerPort": 80}],
                     "resources": {"requests": {"cpu": "100m"}}}]},
                "status": {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [
                    {"name": "main", "restartCount": 2, "ready": false,
                     "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                     "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}}),
            now: "2026-01-01T00:10:00Z".parse().expect("a time"),
            events: vec![json!({"type": "Warning", "reason": "BackOff", "count": 3,
                "message": "Back-off restarting", "lastTimestamp": "2026-01-01T00:09:52Z"})],
            ..Facts::default()
        };
        let text = document(&facts).text();
        for words in [
            "Name: web",
            "Labels: app=web",
            "Age: 10 min",
            "Node: worker",
            "Image: nginx",
            "State: Waiting: CrashLoopBackOff",
            "Last State: Terminated: Error, exit code 1",
            "8 s | Warning | BackOff (3×) | Back-off restarting",
        ] {
            assert!(text.contains(words), "{words}\n{text}");
        }
    }

    #[test]
    fn a_kind_nobody_knows_shows_its_spec() {
        let facts = Facts {
            of: Reference::new("demo.dev/v1", "Site", "shop", "a"),
            object: json!({"metadata": {"name": "a"}, "spec": {"pages": 3},
                "status": {"conditions": [{"type": "Ready", "status": "False",
                    "reason": "NoImage"}]}}),
            ..Facts::default()
        };
        let text = document(&facts).text();
        assert!(text.contains("pages: 3") && text.contains("Ready | False | NoImage"));
    }
}
