//! What a DaemonSet says of its Pods. Pure.
//!
//! Mirrors `updateDaemonSetStatus` of `pkg/controller/daemon/daemon_controller.go` (v1.35).

use k8s_openapi::api::apps::v1::DaemonSetStatus;

use super::super::pod;
use super::plan::View;
use crate::client::Kind;

/// Counts nodes by how they stand.
pub(super) fn count(status: &mut DaemonSetStatus, view: &View<'_>) {
    let (mut desired, mut current, mut misscheduled) = (0, 0, 0);
    let (mut ready, mut available, mut updated) = (0, 0, 0);
    for node in view.nodes.values() {
        let oldest = node.pods.first();
        match (node.should_run, oldest) {
            (true, None) => desired += 1,
            (true, Some(pod)) => {
                desired += 1;
                current += 1;
                ready += i32::from(pod::is_ready(pod));
                available += i32::from(view.is_available(pod));
                updated += i32::from(view.is_new(pod));
            }
            (false, Some(_)) => misscheduled += 1,
            (false, None) => {}
        }
    }
    let some = |count: i32| Some(count).filter(|count| *count != 0);
    status.observed_generation = Some(view.set.generation());
    status.desired_number_scheduled = desired;
    status.current_number_scheduled = current;
    status.number_misscheduled = misscheduled;
    status.number_ready = ready;
    status.number_available = some(available);
    status.number_unavailable = some(desired - available);
    status.updated_number_scheduled = some(updated);
}
