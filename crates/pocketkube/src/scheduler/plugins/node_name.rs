//! A Pod that names its node goes there and nowhere else.
//!
//! Mirrors `plugins/nodename` (v1.35).

use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, Plugin, Rejection, Snapshot};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

pub struct NodeName;

impl Plugin for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        let wanted = pod.node_name();
        if wanted.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |node: &NodeInfo| {
            if node.name() == wanted {
                Ok(())
            } else {
                Err(Rejection::unresolvable(
                    "node(s) didn't match the requested node name",
                ))
            }
        })))
    }

    fn may_reconsider(&self, change: ClusterChange) -> bool {
        change == ClusterChange::NodeAdded
    }
}
