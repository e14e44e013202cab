//! Volumes that carry the label of a zone or region are used only there.
//!
//! Mirrors `plugins/volumezone` (v1.35).

use crate::client::Kind;
use crate::component_helpers::volume::{claims_of, volume_name};
use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, Plugin, Rejection, Snapshot};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

const TOPOLOGY: &[&str] = &[
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
];
/// Between the zones of a volume that is in several.
const SEPARATOR: &str = "__";

pub struct VolumeZone;

impl Plugin for VolumeZone {
    fn name(&self) -> &'static str {
        "VolumeZone"
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        if claims_of(&pod.pod).next().is_none() {
            return Ok(None);
        }
        // The rule for bindings has its say about claims that are not in order.
        let Ok(claims) = snapshot.volumes.claims_of(&pod.pod) else {
            return Ok(None);
        };
        let mut wanted: Vec<(&str, Vec<String>)> = Vec::new();
        for claim in &claims.bound {
            let Some(volume) = snapshot.volumes.volumes.get(volume_name(claim)) else {
                continue;
            };
            for key in TOPOLOGY {
                if let Some(zones) = volume.labels().get(*key) {
                    let zones = zones.split(SEPARATOR).map(str::to_owned);
                    wanted.push((key, zones.collect()));
                }
            }
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |node: &NodeInfo| {
            // A node without any such label is in a cluster without zones.
            let knows_zones = TOPOLOGY.iter().any(|key| node.label(key).is_some());
            let fits = wanted.iter().all(|(key, zones)| {
                let own = node.label(key);
                own.is_some_and(|own| zones.iter().any(|zone| zone == own))
            });
            match !knows_zones || fits {
                true => Ok(()),
                false => Err(Rejection::unresolvable(
                    "node(s) had no available volume zone",
                )),
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
