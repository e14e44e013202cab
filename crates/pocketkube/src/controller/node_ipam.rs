//! Gives every node a range of Pod addresses: 10.244.N.0/24.
//!
//! Mirrors the range allocator of `pkg/controller/nodeipam/ipam` (v1.35), for one family.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Node;
use serde_json::json;

use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{Change, Client, EventRecorder, EventType, Kind, Lister, Patch};

/// The first two numbers of all ranges.
const CLUSTER: &str = "10.244";

struct NodeIpam {
    nodes: Lister<Node>,
    client: Client,
    recorder: EventRecorder,
    /// What was given to nodes whose update the cache doesn't show yet.
    given: parking_lot::Mutex<std::collections::BTreeMap<String, String>>,
}

pub(super) fn start(context: ControllerContext) {
    let nodes = context.informers.get::<Node>();
    let controller = Arc::new(NodeIpam {
        nodes: nodes.lister(),
        client: context.client.clone(),
        recorder: context.recorder("cidrAllocator"),
        given: parking_lot::Mutex::default(),
    });
    let queue = context.queue();
    let (enqueue, handler) = (queue.clone(), controller.clone());
    nodes.subscribe(move |change| {
        let node = change.object();
        if matches!(change, Change::Deleted(_)) {
            handler.given.lock().remove(node.name());
        } else if range(node).is_none() {
            enqueue.add(node.name().to_owned());
        }
    });
    // One worker: two nodes must not get the same range.
    run(
        &context,
        "node-ipam-controller",
        (queue, 1),
        controller,
        async move {
            nodes.wait_synced().await;
        },
    );
}

fn range(node: &Node) -> Option<String> {
    let range = node.spec.as_ref().and_then(|spec| spec.pod_cidr.clone());
    range.filter(|range| !range.is_empty())
}

/// The first range that is not taken.
fn free(taken: &BTreeSet<String>) -> Option<String> {
    let mut ranges = (0..256).map(|number| format!("{CLUSTER}.{number}.0/24"));
    ranges.find(|range| !taken.contains(range))
}

#[async_trait]
impl Controller for NodeIpam {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let Some(node) = self
            .nodes
            .get("", name)
            .filter(|node| range(node).is_none())
        else {
            return Ok(());
        };
        let known = self.given.lock().get(name).cloned();
        let mut taken: BTreeSet<String> = self
            .nodes
            .all()
            .iter()
            .filter_map(|node| range(node))
            .collect();
        taken.extend(self.given.lock().values().cloned());
        let Some(range) = known.or_else(|| free(&taken)) else {
            let message = format!("Node {name} status is now: CIDRNotAvailable");
            self.recorder
                .event(&*node, EventType::Normal, "CIDRNotAvailable", message);
            return Err(SyncError::Other(
                "no range of Pod addresses is free".to_owned(),
            ));
        };
        let patch = Patch::Merge(json!({"spec": {"podCIDR": range, "podCIDRs": [range]}}));
        self.given.lock().insert(name.clone(), range);
        match self.client.patch::<Node>("", name, patch).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::DeleteOptions;
    use crate::client::fake::Harness;

    async fn ranges(harness: &Harness) -> Vec<Option<String>> {
        harness.pass(Duration::from_secs(1)).await;
        harness.all::<Node>().await.iter().map(range).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn every_node_has_a_range_of_its_own_and_gives_it_back() {
        let harness = Harness::new();
        start(harness.context());
        for name in ["a", "b", "c"] {
            harness
                .given::<Node>(json!({"metadata": {"name": name}}))
                .await;
        }
        let all =
            ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"].map(|text| Some(text.to_owned()));
        assert_eq!(ranges(&harness).await, all);
        let now = DeleteOptions::default();
        harness.client.delete::<Node>("", "b", &now).await.unwrap();
        harness.pass(Duration::from_secs(1)).await;
        harness
            .given::<Node>(json!({"metadata": {"name": "d"}}))
            .await;
        let all =
            ["10.244.0.0/24", "10.244.2.0/24", "10.244.1.0/24"].map(|text| Some(text.to_owned()));
        assert_eq!(ranges(&harness).await, all);
    }
}
