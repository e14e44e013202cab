//! A host port can be open only once on a node.
//!
//! Mirrors `plugins/nodeports` (v1.35).

use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, Plugin, Rejection, Snapshot};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

pub struct NodePorts;

impl Plugin for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        if pod.host_ports.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |node: &NodeInfo| {
            let mut wanted = pod.host_ports.iter();
            if wanted.any(|port| node.used_ports.iter().any(|used| used.conflicts_with(port))) {
                return Err(Rejection::unschedulable(
                    "node(s) didn't have free ports for the requested pod ports",
                ));
            }
            Ok(())
        })))
    }

    fn may_reconsider(&self, change: ClusterChange) -> bool {
        matches!(change, ClusterChange::NodeAdded | ClusterChange::PodGone)
    }
}
