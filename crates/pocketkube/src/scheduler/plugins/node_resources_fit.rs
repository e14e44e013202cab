//! What a Pod requests must be free on its node; emptier nodes are better.
//!
//! Mirrors `plugins/noderesources/{fit,least_allocated}.go` (v1.35).

use std::borrow::Cow;

use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, MAX_SCORE, Plugin, Rejection, Score, Snapshot};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

pub struct NodeResourcesFit;

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        Ok(Some(Box::new(move |node: &NodeInfo| fits(pod, node))))
    }

    fn score<'a>(
        &self,
        pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
        _feasible: &[&'a NodeInfo],
    ) -> Option<Box<dyn Score + 'a>> {
        Some(Box::new(LeastAllocated { pod }))
    }

    fn may_reconsider(&self, change: ClusterChange) -> bool {
        matches!(
            change,
            ClusterChange::NodeAdded | ClusterChange::NodeAllocatable | ClusterChange::PodGone
        )
    }
}

/// Every resource that the node has too little of, not only the first.
fn fits(pod: &PodInfo, node: &NodeInfo) -> Result<(), Rejection> {
    let mut reasons: Vec<Cow<'static, str>> = Vec::new();
    let mut is_resolvable = true;
    let pods = i64::try_from(node.pods.len()).unwrap_or(i64::MAX);
    if pods + 1 > node.allocatable.pods {
        reasons.push("Too many pods".into());
    }
    let mut check = |name: &str, wanted: i64, allocatable: i64, requested: i64| {
        if wanted > 0 && wanted > allocatable - requested {
            reasons.push(format!("Insufficient {name}").into());
            is_resolvable &= wanted <= allocatable;
        }
    };
    let (wanted, has, taken) = (&pod.requests, &node.allocatable, &node.requested);
    check("cpu", wanted.milli_cpu, has.milli_cpu, taken.milli_cpu);
    check("memory", wanted.memory, has.memory, taken.memory);
    check(
        "ephemeral-storage",
        wanted.ephemeral_storage,
        has.ephemeral_storage,
        taken.ephemeral_storage,
    );
    for (name, amount) in &wanted.extended {
        let of = |list: &std::collections::BTreeMap<String, i64>| {
            list.get(name).copied().unwrap_or_default()
        };
        check(name, *amount, of(&has.extended), of(&taken.extended));
    }
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(Rejection {
            reasons,
            is_resolvable,
        })
    }
}

/// The share of CPU and memory that stays free, on average.
struct LeastAllocated<'a> {
    pod: &'a PodInfo,
}

impl Score for LeastAllocated<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        let (pod, taken) = (&self.pod.non_zero_requests, &node.non_zero_requested);
        let shares = [
            free_share(node.allocatable.milli_cpu, taken.milli_cpu + pod.milli_cpu),
            free_share(node.allocatable.memory, taken.memory + pod.memory),
        ];
        let known = shares.iter().flatten();
        let count = i64::try_from(known.clone().count()).unwrap_or(1).max(1);
        known.sum::<i64>() / count
    }
}

/// `None` where the node has none of the resource.
fn free_share(allocatable: i64, requested: i64) -> Option<i64> {
    match allocatable {
        0 => None,
        _ if requested > allocatable => Some(0),
        _ => Some(share(allocatable - requested, allocatable)),
    }
}

fn share(part: i64, whole: i64) -> i64 {
    let share = i128::from(part) * i128::from(MAX_SCORE) / i128::from(whole);
    i64::try_from(share).unwrap_or(MAX_SCORE)
}
