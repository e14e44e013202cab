//! Revisions: the numbers by which `kubectl rollout` names templates, kept in annotations.
//!
//! Pure. Mirrors the annotation functions of
//! `pkg/controller/deployment/util/deployment_util.go` (v1.35).

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

use super::numbers::{desired, max_surge};
use crate::client::Kind;

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
/// Earlier revisions of a ReplicaSet that was rolled back to.
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// The size of the Deployment when it sized this ReplicaSet last, without and with surge.
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";

/// Annotations that belong to the Deployment or the ReplicaSet alone.
const NOT_COPIED: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
    "deprecated.deployment.rollback.to",
];

/// How long the list of earlier revisions may grow.
const HISTORY_LENGTH: usize = 2000;

/// The revision of a ReplicaSet; 0 where it has none.
pub(super) fn revision(set: &ReplicaSet) -> i64 {
    let text = set.annotation(REVISION).unwrap_or_default();
    text.parse().unwrap_or(0)
}

/// Gives a ReplicaSet the Deployment's annotations and a revision of at least `newest`. What it
/// gives up as its revision joins its history.
pub(super) fn annotate(set: &mut ReplicaSet, deployment: &Deployment, newest: i64) {
    let annotations = annotations_mut(set);
    for (key, value) in deployment.annotations() {
        if !NOT_COPIED.contains(&key.as_str()) {
            annotations.insert(key.clone(), value.clone());
        }
    }
    let current = annotations.get(REVISION).cloned();
    let number = match current.as_deref().map(str::parse::<i64>) {
        None => 0,
        Some(Ok(number)) => number,
        // Somebody wrote nonsense there; it is not ours to repair.
        Some(Err(_)) => return,
    };
    if number >= newest {
        return;
    }
    annotations.insert(REVISION.to_owned(), newest.to_string());
    if let Some(current) = current {
        let history = annotations.entry(HISTORY.to_owned()).or_default();
        *history = remember(history, &current);
    }
}

fn remember(history: &str, revision: &str) -> String {
    let mut revisions: Vec<&str> = history.split(',').filter(|text| !text.is_empty()).collect();
    revisions.push(revision);
    while revisions.join(",").len() > HISTORY_LENGTH {
        revisions.remove(0);
    }
    revisions.join(",")
}

/// Notes on a ReplicaSet how large its Deployment is; true where that was news.
pub(super) fn note_size(set: &mut ReplicaSet, deployment: &Deployment) -> bool {
    let wanted = desired(deployment);
    let sizes = [(DESIRED, wanted), (MAXIMUM, wanted + max_surge(deployment))];
    let annotations = annotations_mut(set);
    let mut changed = false;
    for (key, number) in sizes {
        let number = number.to_string();
        if annotations.get(key) != Some(&number) {
            annotations.insert(key.to_owned(), number);
            changed = true;
        }
    }
    changed
}

/// The Deployment's size when it sized this ReplicaSet last.
pub(super) fn noted_desired(set: &ReplicaSet) -> Option<i32> {
    set.annotation(DESIRED)?.parse().ok()
}

/// Like [`noted_desired`], with the surge.
pub(super) fn noted_maximum(set: &ReplicaSet) -> Option<i32> {
    set.annotation(MAXIMUM)?.parse().ok()
}

pub(super) fn annotations_mut<K: Kind>(object: &mut K) -> &mut BTreeMap<String, String> {
    object.meta_mut().annotations.get_or_insert_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(annotations: serde_json::Value) -> ReplicaSet {
        serde_json::from_value(json!({"metadata": {"annotations": annotations}}))
            .expect("a replica set")
    }

    fn deployment() -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"annotations": {
                "kubernetes.io/change-cause": "first",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
                REVISION: "7",
            }},
            "spec": {"replicas": 4, "selector": {}, "template": {}},
        }))
        .expect("a deployment")
    }

    #[test]
    fn annotations_are_copied_but_for_the_deployments_own() {
        let mut set = set(json!({}));
        annotate(&mut set, &deployment(), 1);
        assert_eq!(set.annotation("kubernetes.io/change-cause"), Some("first"));
        assert_eq!(set.annotation(REVISION), Some("1"));
        assert_eq!(set.annotations().len(), 2);
    }

    #[test]
    fn a_revision_grows_only_and_remembers_what_it_was() {
        let mut set = set(json!({REVISION: "2"}));
        annotate(&mut set, &deployment(), 1);
        assert_eq!(revision(&set), 2);
        annotate(&mut set, &deployment(), 10);
        annotate(&mut set, &deployment(), 12);
        assert_eq!(
            (revision(&set), set.annotation(HISTORY)),
            (12, Some("2,10"))
        );
    }

    #[test]
    fn the_size_is_noted_once() {
        let mut set = set(json!({}));
        assert!(note_size(&mut set, &deployment()));
        assert!(!note_size(&mut set, &deployment()));
        assert_eq!(
            (noted_desired(&set), noted_maximum(&set)),
            (Some(4), Some(5))
        );
    }
}
