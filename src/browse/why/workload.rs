//! Why a workload has fewer ready Pods than it wants: what its Pods say.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::document::{Cell, Part, Tone};
use super::super::facts::{Facts, condition, list, statuses, text};

const KINDS: [&str; 6] = [
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "ReplicationController",
];

pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    if !KINDS.contains(&facts.of.kind.as_str()) {
        return Vec::new();
    }
    let mut parts = Vec::new();
    if facts.object.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        parts.push(Part::words(Tone::Warn, "It is paused: changes wait."));
    }
    for (kind, bad) in [
        ("Progressing", "False"),
        ("ReplicaFailure", "True"),
        ("Failed", "True"),
    ] {
        if let Some(it) = condition(&facts.object, kind).filter(|it| it["status"] == bad) {
            let words = format!("{}: {}", text(it, "/reason"), text(it, "/message"));
            parts.push(Part::words(Tone::Bad, words));
        }
    }
    let uids = facts.family();
    let is_own = |pod: &&Value| {
        let owners = list(pod, "/metadata/ownerReferences").iter();
        let mut owners = owners.map(|owner| text(owner, "/uid"));
        owners.any(|uid| uids.contains(&uid))
    };
    // Many Pods of a workload wait for the same reason: one row a reason.
    let mut by_state: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for pod in facts.pods().filter(is_own) {
        if let Some(state) = state(pod) {
            let name = text(pod, "/metadata/name");
            by_state.entry(state).or_default().push(name);
        }
    }
    if by_state.is_empty() {
        return parts;
    }
    let rows = by_state.into_iter().map(|((state, words), pods)| {
        let pods = match &pods[..] {
            [pod] => pod.clone(),
            [pod, rest @ ..] => format!("{pod} and {} more", rest.len()),
            [] => String::new(),
        };
        vec![
            Cell::new(pods),
            Cell::toned(Tone::Bad, state),
            Cell::toned(Tone::Quiet, words),
        ]
    });
    parts.push(Part::heading("Pods that are not ready"));
    parts.push(Part::Table {
        head: ["Pod", "State", "Says"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    });
    let words = "Ask why on one of its Pods for more.";
    parts.push(Part::words(Tone::Quiet, words));
    parts
}

/// What keeps a Pod from being ready, and its words; `None` where nothing does.
fn state(pod: &Value) -> Option<(String, String)> {
    let phase = text(pod, "/status/phase");
    let ready = condition(pod, "Ready").is_some_and(|it| it["status"] == "True");
    if ready || phase == "Succeeded" {
        return None;
    }
    if let Some(scheduled) = condition(pod, "PodScheduled").filter(|it| it["status"] == "False") {
        return Some((text(scheduled, "/reason"), text(scheduled, "/message")));
    }
    for status in statuses(pod) {
        for state in ["/state/waiting", "/state/terminated"] {
            if let Some(it) = status.pointer(state)
                && status.pointer("/state/terminated/exitCode") != Some(&0.into())
            {
                return Some((text(it, "/reason"), text(it, "/message")));
            }
        }
    }
    Some((format!("{phase}, not ready"), String::new()))
}
