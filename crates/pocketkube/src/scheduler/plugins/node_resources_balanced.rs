//! Prefers nodes whose CPU and memory would be used in like measure.
//!
//! Mirrors `plugins/noderesources/balanced_allocation.go` (v1.35).

use crate::scheduler::framework::{MAX_SCORE, Plugin, Score, Snapshot};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

pub struct NodeResourcesBalancedAllocation;

impl Plugin for NodeResourcesBalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn score<'a>(
        &self,
        pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
        _feasible: &[&'a NodeInfo],
    ) -> Option<Box<dyn Score + 'a>> {
        // A Pod that requests nothing would not change the balance of any node.
        (!pod.requests.is_zero()).then(|| Box::new(Balance { pod }) as Box<dyn Score>)
    }
}

struct Balance<'a> {
    pod: &'a PodInfo,
}

impl Score for Balance<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        let (pod, taken, has) = (&self.pod.requests, &node.requested, &node.allocatable);
        let cpu = fraction(taken.milli_cpu + pod.milli_cpu, has.milli_cpu);
        let memory = fraction(taken.memory + pod.memory, has.memory);
        let deviation = match (cpu, memory) {
            (Some(cpu), Some(memory)) => (cpu - memory).abs() / 2.0,
            _ => 0.0,
        };
        #[allow(clippy::cast_possible_truncation, reason = "between 0 and 100")]
        let score = ((1.0 - deviation) * MAX_SCORE as f64) as i64;
        score
    }
}

fn fraction(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64).min(1.0))
}
