//! Why something is not made, not changed or does not go: finalizers, quota, policy, webhooks,
//! disruption budgets.

use serde_json::{Map, Value};

use super::super::document::{Part, Tone};
use super::super::facts::{Facts, ago, list, text};

pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    let mut parts = leaving(facts);
    parts.extend(refused(facts));
    parts.extend(budget(facts));
    parts
}

/// It is being deleted, and somebody has to let go of it first.
fn leaving(facts: &Facts) -> Vec<Part> {
    let deleted = text(&facts.object, "/metadata/deletionTimestamp");
    let Some(since) = facts.seconds_since(&deleted) else {
        return Vec::new();
    };
    let finalizers: Vec<&str> = list(&facts.object, "/metadata/finalizers")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if finalizers.is_empty() {
        let words = match since {
            0.. => "It is being deleted, and its grace period has passed.".to_owned(),
            _ => format!(
                "It is being deleted: {} of its grace period are left.",
                ago(-since)
            ),
        };
        return vec![Part::words(Tone::Warn, words)];
    }
    let mut parts = vec![Part::heading(
        "It is being deleted, and waits for its finalizers",
    )];
    for finalizer in finalizers {
        parts.push(Part::toned(Tone::Warn, finalizer, who(finalizer, facts)));
    }
    parts
}

/// Who takes a finalizer off.
fn who(finalizer: &str, facts: &Facts) -> String {
    match finalizer {
        "kubernetes.io/pvc-protection" => {
            let uses = |pod: &&Value| {
                let volumes = list(pod, "/spec/volumes").iter();
                let mut claims = volumes.map(|it| text(it, "/persistentVolumeClaim/claimName"));
                claims.any(|claim| claim == facts.of.name)
            };
            match facts.pods().find(uses) {
                Some(pod) => format!("pod/{} still uses it", text(pod, "/metadata/name")),
                None => "no Pod uses it any more: it goes in a moment".to_owned(),
            }
        }
        "kubernetes.io/pv-protection" => "a claim is still bound to it".to_owned(),
        "foregroundDeletion" => "what it owns is deleted first".to_owned(),
        "orphan" => "what it owns is let go first".to_owned(),
        "kubernetes" => "everything in it is deleted first".to_owned(),
        _ => "only the program that put it there takes it off".to_owned(),
    }
}

/// What it wants to make was refused.
fn refused(facts: &Facts) -> Vec<Part> {
    let reasons = ["FailedCreate", "ReplicaFailure", "FailedUpdate"];
    let event = reasons.iter().find_map(|reason| facts.event(reason));
    let Some(event) = event else {
        return Vec::new();
    };
    let message = text(event, "/message");
    let heading = match () {
        () if message.contains("exceeded quota") => "A ResourceQuota is used up",
        () if message.contains("violates PodSecurity") => "The namespace's Pod Security refuses it",
        () if message.contains("admission webhook") => "A webhook refuses it",
        () if message.contains("ValidatingAdmissionPolicy") => "A policy refuses it",
        () if message.contains("must be less than or equal to") => "A LimitRange refuses it",
        () if message.contains("serviceaccount") => "Its service account is not there",
        () => "What it wants to make is refused",
    };
    let mut parts = vec![
        Part::heading(heading),
        Part::words(Tone::Bad, message.as_str()),
    ];
    for quota in facts.all("ResourceQuota") {
        if message.contains(&text(quota, "/metadata/name")) {
            parts.extend(used(quota));
        }
    }
    parts
}

/// How much of a quota is used.
fn used(quota: &Value) -> Vec<Part> {
    let hard = quota.pointer("/status/hard").and_then(Value::as_object);
    let hard = hard.into_iter().flatten();
    hard.map(|(name, most)| {
        let used = quota
            .pointer("/status/used")
            .and_then(|used| used.get(name));
        let used = used.and_then(Value::as_str).unwrap_or("0");
        let most = most.as_str().unwrap_or_default();
        Part::field(name, format!("{used} of {most} used"))
    })
    .collect()
}

/// It may not be evicted.
fn budget(facts: &Facts) -> Vec<Part> {
    if facts.of.kind != "Pod" {
        return Vec::new();
    }
    let labels = &facts.object["metadata"]["labels"];
    let selects = |selector: &Map<String, Value>| {
        let mut selector = selector.iter();
        selector.all(|(key, value)| labels.get(key.as_str()) == Some(value))
    };
    let budgets = facts.all("PodDisruptionBudget").filter(|budget| {
        let selector = budget.pointer("/spec/selector/matchLabels");
        let selector = selector.and_then(Value::as_object);
        selector.is_some_and(selects)
            && budget.pointer("/status/disruptionsAllowed") == Some(&0.into())
    });
    budgets
        .map(|budget| {
            let number = |field: &str| budget["status"][field].as_i64().unwrap_or(0);
            let words = format!(
                "It may not be evicted: pdb/{} wants {} healthy Pods of {}, and there are {}.",
                text(budget, "/metadata/name"),
                number("desiredHealthy"),
                number("expectedPods"),
                number("currentHealthy")
            );
            Part::words(Tone::Warn, words)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sandbox::Reference;
    use serde_json::json;

    #[test]
    fn finalizers_are_named_with_who_takes_them_off() {
        let facts = Facts {
            of: Reference::known("PersistentVolumeClaim", "shop", "data"),
            object: json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z",
                "finalizers": ["kubernetes.io/pvc-protection", "demo.dev/backup"]}}),
            lists: [(
                "Pod".to_owned(),
                vec![Arc::new(
                    json!({"metadata": {"name": "db", "namespace": "shop"},
                    "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}}),
                )],
            )]
            .into_iter()
            .collect(),
            ..Facts::default()
        };
        let text = super::super::document(&facts).text();
        assert!(
            text.contains("pvc-protection: pod/db still uses it"),
            "{text}"
        );
        assert!(text.contains("demo.dev/backup: only the program"), "{text}");
    }

    #[test]
    fn a_quota_that_is_used_up_shows_its_numbers() {
        let facts = Facts {
            of: Reference::known("ReplicaSet", "shop", "web"),
            object: json!({"metadata": {"name": "web"}}),
            events: vec![
                json!({"type": "Warning", "reason": "FailedCreate", "message":
                "Error creating: pods \"web-1\" is forbidden: exceeded quota: small, requested: pods=1"}),
            ],
            lists: [(
                "ResourceQuota".to_owned(),
                vec![Arc::new(json!({"metadata": {"name": "small"}, "status": {
                    "hard": {"pods": "2"}, "used": {"pods": "2"}}}))],
            )]
            .into_iter()
            .collect(),
            ..Facts::default()
        };
        let text = super::super::document(&facts).text();
        assert!(text.contains("A ResourceQuota is used up"), "{text}");
        assert!(text.contains("pods: 2 of 2 used"), "{text}");
    }

    #[test]
    fn a_budget_without_room_keeps_its_pods() {
        let facts = Facts {
            of: Reference::known("Pod", "shop", "web-1"),
            object: json!({"metadata": {"labels": {"app": "web"}}, "status": {"phase": "Running"}}),
            lists: [(
                "PodDisruptionBudget".to_owned(),
                vec![Arc::new(json!({"metadata": {"name": "web"},
                    "spec": {"selector": {"matchLabels": {"app": "web"}}},
                    "status": {"disruptionsAllowed": 0, "desiredHealthy": 2,
                        "currentHealthy": 2, "expectedPods": 2}}))],
            )]
            .into_iter()
            .collect(),
            ..Facts::default()
        };
        let text = super::super::document(&facts).text();
        assert!(text.contains("pdb/web wants 2 healthy Pods of 2"), "{text}");
    }
}
