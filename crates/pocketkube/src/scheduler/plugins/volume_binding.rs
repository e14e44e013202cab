//! Claims decide about nodes: bound ones by where their volume can be reached, waiting ones by
//! where a volume can be found or made.
//!
//! What a decision means for the claims is worked out by [`plan`] once the node is chosen. Mirrors
//! `plugins/volumebinding` (v1.35).

use crate::component_helpers::volume::claims_of;
use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, Plugin, Rejection, Snapshot};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;
use crate::scheduler::volumes::VolumePlan;

const NOT_THERE: &str = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
const OUT_OF_REACH: &str = "node(s) didn't match PersistentVolume's node affinity";
const NO_VOLUME: &str = "node(s) didn't find available persistent volumes to bind";

pub struct VolumeBinding;

impl Plugin for VolumeBinding {
    fn name(&self) -> &'static str {
        "VolumeBinding"
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        if claims_of(&pod.pod).next().is_none() {
            return Ok(None);
        }
        let claims = snapshot.volumes.claims_of(&pod.pod);
        let claims = claims.map_err(Rejection::unresolvable)?;
        Ok(Some(Box::new(move |node: &NodeInfo| {
            let (exist, reachable) = snapshot.volumes.reach(&claims.bound, &node.node);
            let mut reasons = Vec::new();
            if !exist {
                reasons.push(NOT_THERE.into());
            } else if !reachable {
                reasons.push(OUT_OF_REACH.into());
            }
            if snapshot.volumes.plan(&claims.waiting, &node.node).is_none() {
                reasons.push(NO_VOLUME.into());
            }
            match reasons.is_empty() {
                true => Ok(()),
                false => Err(Rejection {
                    reasons,
                    is_resolvable: false,
                }),
            }
        })))
    }

    fn may_reconsider(&self, change: ClusterChange) -> bool {
        matches!(
            change,
            ClusterChange::Volumes | ClusterChange::NodeAdded | ClusterChange::NodeLabels
        )
    }
}

/// What the Pod's claims need on the chosen node.
pub fn plan(pod: &PodInfo, snapshot: &Snapshot, node: &str) -> VolumePlan {
    if claims_of(&pod.pod).next().is_none() {
        return VolumePlan::default();
    }
    let plan = snapshot
        .volumes
        .claims_of(&pod.pod)
        .ok()
        .and_then(|claims| {
            let node = snapshot.node(node)?;
            snapshot.volumes.plan(&claims.waiting, &node.node)
        });
    plan.unwrap_or_default()
}
