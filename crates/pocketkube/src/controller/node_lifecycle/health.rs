//! When a node counts as silent, and what is then said of it. Pure functions.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Node, NodeCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::super::conditions::UNKNOWN;
use crate::client::time;

/// How long a kubelet may be silent, in seconds; and one that has never said anything.
const GRACE: i64 = 50;
const STARTUP_GRACE: i64 = 60;

/// The conditions that only a kubelet can know.
const KNOWN_BY_KUBELET: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

pub(super) fn condition<'a>(node: &'a Node, type_: &str) -> Option<&'a NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|own| own.type_ == type_)
}

pub(super) fn ready_status(node: &Node) -> Option<&str> {
    condition(node, "Ready").map(|ready| ready.status.as_str())
}

/// What changes whenever a kubelet reports its status.
pub(super) fn heartbeat(node: &Node) -> Option<(&str, Option<&Time>)> {
    let ready = condition(node, "Ready")?;
    Some((&ready.status, ready.last_heartbeat_time.as_ref()))
}

/// How much longer a node may be silent that was last heard of at `alive`; `None` when it has
/// been silent for too long.
pub(super) fn silence_left(node: &Node, alive: Timestamp, now: Timestamp) -> Option<Duration> {
    let grace = match ready_status(node) {
        Some(_) => GRACE,
        None => STARTUP_GRACE,
    };
    let until = alive
        .saturating_add(SignedDuration::from_secs(grace))
        .ok()?;
    let left = until.duration_since(now);
    (left >= SignedDuration::ZERO).then(|| {
        // Never zero, so that the limit has passed when it is looked at again.
        Duration::try_from(left).unwrap_or_default() + Duration::from_millis(1)
    })
}

/// Says of everything a kubelet would know that nobody knows it; true where that was news.
pub(super) fn mark_unknown(node: &mut Node, now: Timestamp) -> bool {
    let created = node.metadata.creation_timestamp.clone();
    let conditions = node
        .status
        .get_or_insert_default()
        .conditions
        .get_or_insert_default();
    let mut changed = false;
    for type_ in KNOWN_BY_KUBELET {
        match conditions.iter_mut().find(|own| own.type_ == type_) {
            None => conditions.push(NodeCondition {
                type_: type_.to_owned(),
                status: UNKNOWN.to_owned(),
                reason: Some("NodeStatusNeverUpdated".to_owned()),
                message: Some("Kubelet never posted node status.".to_owned()),
                last_heartbeat_time: created.clone(),
                last_transition_time: Some(time(now)),
            }),
            Some(known) if known.status != UNKNOWN => {
                known.status = UNKNOWN.to_owned();
                known.reason = Some("NodeStatusUnknown".to_owned());
                known.message = Some("Kubelet stopped posting node status.".to_owned());
                known.last_transition_time = Some(time(now));
            }
            Some(_) => continue,
        }
        changed = true;
    }
    changed
}
