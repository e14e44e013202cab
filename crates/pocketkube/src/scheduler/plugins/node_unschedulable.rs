//! Cordoned nodes take no new Pods but those that tolerate it.
//!
//! Mirrors `plugins/nodeunschedulable` (v1.35).

use k8s_openapi::api::core::v1::Taint;

use crate::component_helpers::node_selector::{NO_SCHEDULE, untolerated};
use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, Plugin, Rejection, Snapshot};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

pub struct NodeUnschedulable;

impl Plugin for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        let cordon = [Taint {
            key: "node.kubernetes.io/unschedulable".to_owned(),
            effect: NO_SCHEDULE.to_owned(),
            ..Taint::default()
        }];
        if untolerated(&cordon, pod.tolerations(), &[NO_SCHEDULE]).is_none() {
            return Ok(None);
        }
        Ok(Some(Box::new(|node: &NodeInfo| {
            let spec = node.node.spec.as_ref();
            match spec.and_then(|spec| spec.unschedulable) {
                Some(true) => Err(Rejection::unresolvable("node(s) were unschedulable")),
                _ => Ok(()),
            }
        })))
    }

    fn may_reconsider(&self, change: ClusterChange) -> bool {
        matches!(
            change,
            ClusterChange::NodeAdded | ClusterChange::NodeUnschedulable
        )
    }
}
