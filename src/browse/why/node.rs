//! Why a node is not ready, or takes no new Pods.

use serde_json::Value;

use super::super::document::{Part, Tone};
use super::super::facts::{Facts, ago, condition, list, text};
use crate::sandbox::picture::taint;

/// Conditions of which `True` is bad news.
const TROUBLES: [&str; 4] = [
    "MemoryPressure",
    "DiskPressure",
    "PIDPressure",
    "NetworkUnavailable",
];

pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    if facts.of.kind != "Node" {
        return Vec::new();
    }
    let node = &facts.object;
    let mut parts = Vec::new();
    if let Some(ready) = condition(node, "Ready").filter(|it| it["status"] != "True") {
        parts.push(Part::heading("It is not ready"));
        let words = format!("{}: {}", text(ready, "/reason"), text(ready, "/message"));
        parts.push(Part::words(Tone::Bad, words));
        if let Some(since) = facts.seconds_since(&text(ready, "/lastTransitionTime")) {
            parts.push(Part::field("since", ago(since)));
        }
    }
    for kind in TROUBLES {
        if let Some(it) = condition(node, kind).filter(|it| it["status"] == "True") {
            let words = format!("{kind}: {}", text(it, "/message"));
            parts.push(Part::words(Tone::Bad, words));
        }
    }
    if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        let words = "It is cordoned: no new Pods come to it until somebody uncordons it.";
        parts.push(Part::words(Tone::Warn, words));
    }
    for it in list(node, "/spec/taints") {
        let words = match text(it, "/effect").as_str() {
            "NoExecute" => "Pods that do not tolerate it are put off the node",
            "PreferNoSchedule" => {
                "Pods that do not tolerate it come only where nowhere else is room"
            }
            _ => "Pods that do not tolerate it do not come",
        };
        parts.push(Part::toned(Tone::Warn, taint(it), words));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Reference;
    use serde_json::json;

    #[test]
    fn a_silent_node_says_since_when_and_what_its_taints_do() {
        let facts = Facts {
            of: Reference::known("Node", "", "worker"),
            object: json!({
                "spec": {"unschedulable": true, "taints": [
                    {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]},
                "status": {"conditions": [{"type": "Ready", "status": "Unknown",
                    "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status.",
                    "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}),
            now: "2026-01-01T00:01:00Z".parse().expect("a time"),
            ..Facts::default()
        };
        let text = super::super::document(&facts).text();
        for words in [
            "Kubelet stopped",
            "since: 60 s",
            "cordoned",
            "are put off the node",
        ] {
            assert!(text.contains(words), "{words}\n{text}");
        }
    }
}
