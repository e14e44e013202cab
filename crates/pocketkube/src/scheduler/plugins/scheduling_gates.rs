//! A Pod with scheduling gates does not enter the queue until they are gone.
//!
//! The API server writes the `SchedulingGated` condition; this rule only holds the Pod back.
//! Mirrors `plugins/schedulinggates` (v1.35).

use crate::scheduler::framework::Plugin;
use crate::scheduler::pod_info::PodInfo;

pub struct SchedulingGates;

impl Plugin for SchedulingGates {
    fn name(&self) -> &'static str {
        "SchedulingGates"
    }

    fn admits(&self, pod: &PodInfo) -> bool {
        let gates = pod.spec().scheduling_gates.as_ref();
        gates.is_none_or(Vec::is_empty)
    }
}
