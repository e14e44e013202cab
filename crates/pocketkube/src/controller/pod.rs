//! What controllers ask of Pods: whether one is active, ready, available, and for how long.
//!
//! Pure functions. Mirrors `pkg/api/v1/pod/util.go` and the Pod filters of
//! `pkg/controller/controller_utils.go` (v1.35).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Pod, PodCondition};

use super::conditions::TRUE;
use crate::client::Kind;

pub(super) fn phase(pod: &Pod) -> &str {
    let status = pod.status.as_ref();
    status
        .and_then(|status| status.phase.as_deref())
        .unwrap_or_default()
}

/// Whether every container has ended for good.
pub(super) fn is_terminal(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Whether the Pod still counts for whoever wants replicas.
pub(super) fn is_active(pod: &Pod) -> bool {
    !is_terminal(pod) && !pod.is_terminating()
}

/// Whether the Pod was deleted and its containers have not ended yet.
pub(super) fn is_shutting_down(pod: &Pod) -> bool {
    !is_terminal(pod) && pod.is_terminating()
}

pub(super) fn condition<'a>(pod: &'a Pod, type_: &str) -> Option<&'a PodCondition> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|own| own.type_ == type_)
}

pub(super) fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|ready| ready.status == TRUE)
}

/// Since when the Pod is ready; `None` where it isn't, or where nobody noted it.
pub(super) fn ready_since(pod: &Pod) -> Option<Timestamp> {
    let ready = condition(pod, "Ready").filter(|ready| ready.status == TRUE)?;
    ready.last_transition_time.as_ref().map(|time| time.0)
}

/// Whether the Pod has been ready for `min_ready_seconds`.
pub(super) fn is_available(pod: &Pod, min_ready_seconds: i32, now: Timestamp) -> bool {
    if min_ready_seconds <= 0 {
        return is_ready(pod);
    }
    ready_since(pod).is_some_and(|since| available_at(since, min_ready_seconds) <= now)
}

/// How long until the next of these Pods becomes available by its age alone.
pub(super) fn next_available<'a>(
    pods: impl IntoIterator<Item = &'a Pod>,
    min_ready_seconds: i32,
    now: Timestamp,
) -> Option<Duration> {
    pods.into_iter()
        .filter_map(ready_since)
        .map(|since| available_at(since, min_ready_seconds))
        .filter(|moment| *moment > now)
        .min()
        .and_then(|moment| moment.duration_since(now).try_into().ok())
}

fn available_at(since: Timestamp, min_ready_seconds: i32) -> Timestamp {
    let span = SignedDuration::from_secs(min_ready_seconds.into());
    since.saturating_add(span).unwrap_or(Timestamp::MAX)
}

pub(super) fn node_name(pod: &Pod) -> &str {
    let spec = pod.spec.as_ref();
    spec.and_then(|spec| spec.node_name.as_deref())
        .unwrap_or_default()
}

/// The most often that any container of the Pod was restarted.
pub(super) fn most_restarts(pod: &Pod) -> i32 {
    let statuses = pod.status.as_ref();
    let statuses = statuses.and_then(|status| status.container_statuses.as_ref());
    let counts = statuses.into_iter().flatten();
    counts
        .map(|container| container.restart_count)
        .max()
        .unwrap_or(0)
}
