//! Tainted nodes take only Pods that tolerate the taints, and are avoided where they only prefer.
//!
//! Mirrors `plugins/tainttoleration` (v1.35).

use crate::component_helpers::node_selector::{
    NO_EXECUTE, NO_SCHEDULE, PREFER_NO_SCHEDULE, taints, tolerates, untolerated,
};
use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, Plugin, Rejection, Score, Snapshot, normalize};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

pub struct TaintToleration;

impl Plugin for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        let tolerations = pod.tolerations();
        Ok(Some(Box::new(move |node: &NodeInfo| {
            match untolerated(taints(&node.node), tolerations, &[NO_SCHEDULE, NO_EXECUTE]) {
                None => Ok(()),
                Some(_) => Err(Rejection::unresolvable("node(s) had untolerated taint(s)")),
            }
        })))
    }

    fn score<'a>(
        &self,
        pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
        feasible: &[&'a NodeInfo],
    ) -> Option<Box<dyn Score + 'a>> {
        let tainted = feasible
            .iter()
            .flat_map(|node| taints(&node.node))
            .any(|taint| taint.effect == PREFER_NO_SCHEDULE);
        tainted.then(|| Box::new(Preference { pod }) as Box<dyn Score>)
    }

    fn may_reconsider(&self, change: ClusterChange) -> bool {
        matches!(change, ClusterChange::NodeAdded | ClusterChange::NodeTaints)
    }
}

/// Counts the taints that a Pod would rather not meet.
struct Preference<'a> {
    pod: &'a PodInfo,
}

impl Score for Preference<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        let borne = |taint| {
            self.pod
                .tolerations()
                .iter()
                .any(|own| tolerates(own, taint))
        };
        let unwanted = taints(&node.node)
            .iter()
            .filter(|taint| taint.effect == PREFER_NO_SCHEDULE && !borne(taint))
            .count();
        i64::try_from(unwanted).unwrap_or(i64::MAX)
    }

    fn normalize(&self, scores: &mut [i64]) {
        normalize(scores, true);
    }
}
