//! A claim with the access mode ReadWriteOncePod serves one Pod at a time.
//!
//! Disks of cloud providers without a CSI driver, which the upstream rule also knows, are not
//! looked at. Mirrors `plugins/volumerestrictions` (v1.35).

use crate::client::{Kind, ObjectKey};
use crate::component_helpers::volume::{claim_spec, claims_of};
use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, Plugin, Rejection, Snapshot};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

const REASON: &str =
    "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";

pub struct VolumeRestrictions;

impl Plugin for VolumeRestrictions {
    fn name(&self) -> &'static str {
        "VolumeRestrictions"
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        let namespace = pod.pod.namespace();
        let exclusive: Vec<String> = claims_of(&pod.pod)
            .map(|(name, _)| name)
            .filter(|name| is_exclusive(snapshot, &ObjectKey::new(namespace, &**name)))
            .collect();
        if exclusive.is_empty() {
            return Ok(None);
        }
        let uses = move |other: &PodInfo| {
            let is_near = other.pod.namespace() == namespace;
            is_near && claims_of(&other.pod).any(|(name, _)| exclusive.contains(&name))
        };
        let is_used = snapshot
            .nodes
            .iter()
            .any(|node| node.pods.iter().any(|other| uses(other)));
        if !is_used {
            return Ok(None);
        }
        Ok(Some(Box::new(move |_: &NodeInfo| {
            Err(Rejection::unschedulable(REASON))
        })))
    }

    fn may_reconsider(&self, change: ClusterChange) -> bool {
        matches!(change, ClusterChange::Volumes | ClusterChange::PodGone)
    }
}

fn is_exclusive(snapshot: &Snapshot, key: &ObjectKey) -> bool {
    let claim = snapshot.volumes.claims.get(key);
    let modes = claim.and_then(|claim| claim_spec(claim).access_modes);
    modes.is_some_and(|modes| modes.iter().any(|mode| mode == "ReadWriteOncePod"))
}
