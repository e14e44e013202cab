//! Which Pods go when there are too many.
//!
//! Pure. The order is that of `ActivePodsWithRanks` in `pkg/controller/controller_utils.go`
//! (v1.35): those that are missed least come first.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use super::super::pod;
use crate::client::Kind;

/// How much a Pod would be missed, as its user says.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Chooses `surplus` of the active Pods. `related` are the Pods with the same purpose: where many
/// of them share a node, one there goes first.
pub(super) fn choose_doomed(
    active: &[Arc<Pod>],
    related: &[Arc<Pod>],
    surplus: usize,
    now: Timestamp,
) -> Vec<Arc<Pod>> {
    if surplus >= active.len() {
        return active.to_vec();
    }
    let mut crowds: HashMap<&str, usize> = HashMap::new();
    for pod in related.iter().filter(|pod| pod::is_active(pod)) {
        *crowds.entry(pod::node_name(pod)).or_default() += 1;
    }
    let mut ranked: Vec<_> = active
        .iter()
        .map(|pod| {
            let crowd = crowds.get(pod::node_name(pod)).copied().unwrap_or(0);
            (Worth::of(pod, crowd, now), pod)
        })
        .collect();
    ranked.sort_by(|(one, _), (other, _)| one.cmp(other));
    let doomed = ranked.into_iter().take(surplus);
    doomed.map(|(_, pod)| pod.clone()).collect()
}

/// What a Pod is worth; fields in order of weight, less is deleted first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    is_assigned: bool,
    phase: u8,
    is_ready: bool,
    deletion_cost: i32,
    crowd: Reverse<usize>,
    ready_for: Age,
    restarts: Reverse<i32>,
    created: Age,
    uid: String,
}

impl Worth {
    fn of(pod: &Pod, crowd: usize, now: Timestamp) -> Self {
        let cost = pod.annotation(DELETION_COST);
        let is_ready = pod::is_ready(pod);
        Self {
            is_assigned: !pod::node_name(pod).is_empty(),
            phase: match pod::phase(pod) {
                "Unknown" => 1,
                "Running" => 2,
                _ => 0,
            },
            is_ready,
            deletion_cost: cost.and_then(|cost| cost.parse().ok()).unwrap_or(0),
            crowd: Reverse(crowd),
            ready_for: Age::new(
                if is_ready {
                    pod::ready_since(pod)
                } else {
                    None
                },
                now,
            ),
            restarts: Reverse(pod::most_restarts(pod)),
            created: Age::new(pod.created_at(), now),
            uid: pod.uid().to_owned(),
        }
    }
}

/// How long something lasts, on a logarithmic scale: what differs little is equal, so that chance
/// (the uid) decides and not always the youngest goes. Unknown comes first.
#[derive(PartialEq, Eq)]
struct Age(Option<u32>);

impl Age {
    fn new(since: Option<Timestamp>, now: Timestamp) -> Self {
        Self(since.map(|since| {
            let nanoseconds = now.duration_since(since).as_nanos();
            u128::try_from(nanoseconds)
                .ok()
                .and_then(u128::checked_ilog2)
                .unwrap_or(0)
        }))
    }
}

impl Ord for Age {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Age {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn now() -> Timestamp {
        "2026-01-02T12:00:00Z".parse().expect("a time")
    }

    fn pod(name: &str, change: Value) -> Arc<Pod> {
        let mut pod = json!({
            "metadata": {"name": name, "uid": name, "creationTimestamp": "2026-01-02T00:00:00Z"},
            "spec": {"nodeName": "node-1", "containers": []},
            "status": {"phase": "Running", "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T00:00:00Z"},
            ]},
        });
        json_patch::merge(&mut pod, &change);
        Arc::new(serde_json::from_value(pod).expect("a pod"))
    }

    /// Of two Pods, `first` must be chosen whatever their order.
    #[track_caller]
    fn check(first: Value, second: Value) {
        let (first, second) = (pod("b-first", first), pod("a-second", second));
        for pods in [
            [first.clone(), second.clone()],
            [second.clone(), first.clone()],
        ] {
            let doomed = choose_doomed(&pods, &pods, 1, now());
            assert_eq!(doomed[0].name(), "b-first");
        }
    }

    #[test]
    fn the_least_useful_pod_goes_first() {
        let plain = json!({});
        check(json!({"spec": {"nodeName": null}}), plain.clone());
        check(json!({"status": {"phase": "Pending"}}), plain.clone());
        check(json!({"status": {"conditions": []}}), plain.clone());
        let cost = json!({"metadata": {"annotations": {DELETION_COST: "-5"}}});
        check(cost, plain.clone());
        let restarted = json!({"status": {"containerStatuses": [
            {"name": "c", "image": "i", "imageID": "", "ready": true, "restartCount": 3},
        ]}});
        check(restarted, plain.clone());
        let young = json!({"metadata": {"creationTimestamp": "2026-01-02T11:00:00Z"}});
        check(young, plain);
    }

    #[test]
    fn a_crowded_node_is_relieved_first() {
        let on = |name: &str, node: &str| pod(name, json!({"spec": {"nodeName": node}}));
        let pods = [on("a", "node-1"), on("b", "node-2"), on("c", "node-2")];
        let doomed = choose_doomed(&pods, &pods, 1, now());
        assert_eq!(doomed[0].name(), "b");
    }

    #[test]
    fn pods_of_about_the_same_age_are_chosen_by_chance() {
        check(
            json!({"metadata": {"uid": "1"}}),
            json!({"metadata": {"uid": "2", "creationTimestamp": "2026-01-02T00:00:09Z"}}),
        );
    }
}
