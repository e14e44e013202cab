//! The taints that follow from a node's conditions. Pure.
//!
//! Mirrors `doNoScheduleTaintingPass` and `processTaintBaseEviction` (v1.35).

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Taint};

use super::super::conditions::{FALSE, TRUE, UNKNOWN};
use super::health::condition;
use crate::client::time;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Condition, status, and the taint that keeps new Pods away while it holds.
const NO_SCHEDULE: [(&str, &str, &str); 6] = [
    ("Ready", FALSE, NOT_READY),
    ("Ready", UNKNOWN, UNREACHABLE),
    ("MemoryPressure", TRUE, "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", TRUE, "node.kubernetes.io/disk-pressure"),
    (
        "NetworkUnavailable",
        TRUE,
        "node.kubernetes.io/network-unavailable",
    ),
    ("PIDPressure", TRUE, "node.kubernetes.io/pid-pressure"),
];

/// Those that also make Pods leave.
const NO_EXECUTE: [(&str, &str, &str); 2] =
    [("Ready", FALSE, NOT_READY), ("Ready", UNKNOWN, UNREACHABLE)];

/// All taints that the node should have, those of others first; `None` where it has them.
pub(super) fn wanted(node: &Node, now: Timestamp) -> Option<Vec<Taint>> {
    let current = node.spec.clone().unwrap_or_default();
    let holds = |(type_, status, _): &&(&str, &str, &str)| {
        condition(node, type_).is_some_and(|own| own.status == *status)
    };
    let mut ours: Vec<(&str, &str)> = Vec::new();
    if current.unschedulable == Some(true) {
        ours.push((UNSCHEDULABLE, "NoSchedule"));
    }
    ours.extend(
        NO_SCHEDULE
            .iter()
            .filter(holds)
            .map(|(_, _, key)| (*key, "NoSchedule")),
    );
    ours.extend(
        NO_EXECUTE
            .iter()
            .filter(holds)
            .map(|(_, _, key)| (*key, "NoExecute")),
    );

    let taints = current.taints.unwrap_or_default();
    let is_ours = |taint: &&Taint| is_managed(&taint.key, &taint.effect);
    let present: Vec<_> = taints.iter().filter(is_ours).collect();
    let is_same = present.len() == ours.len()
        && ours.iter().all(|(key, effect)| {
            let mut present = present.iter();
            present.any(|taint| taint.key == *key && taint.effect == *effect)
        });
    if is_same {
        return None;
    }
    let mut wanted: Vec<Taint> = taints.iter().filter(|own| !is_ours(own)).cloned().collect();
    for (key, effect) in ours {
        let known = present
            .iter()
            .find(|own| own.key == key && own.effect == effect);
        wanted.push(known.map_or_else(|| taint(key, effect, now), |known| (**known).clone()));
    }
    Some(wanted)
}

fn taint(key: &str, effect: &str, now: Timestamp) -> Taint {
    Taint {
        key: key.to_owned(),
        effect: effect.to_owned(),
        time_added: Some(time(now)),
        value: None,
    }
}

fn is_managed(key: &str, effect: &str) -> bool {
    let among = |rows: &[(&str, &str, &str)]| rows.iter().any(|(_, _, own)| *own == key);
    match effect {
        "NoSchedule" => key == UNSCHEDULABLE || among(&NO_SCHEDULE),
        "NoExecute" => among(&NO_EXECUTE),
        _ => false,
    }
}
