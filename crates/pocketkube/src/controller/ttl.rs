//! Says how long kubelets may keep what they have read of Secrets and ConfigMaps: the more nodes
//! ask, the longer.
//!
//! When the cluster grows past a boundary, each node hears of it at its next change. Mirrors
//! `pkg/controller/ttl/ttl_controller.go` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Node;
use parking_lot::Mutex;
use serde_json::json;

use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{Change, Client, Kind, Lister, Patch, WorkQueue};

const WORKERS: usize = 1;

/// Where nodes read how long.
const ANNOTATION: &str = "node.alpha.kubernetes.io/ttl";

/// A size of the cluster: it begins with fewer nodes than the one before ends with, so that a
/// cluster at the edge does not change its mind all the time.
struct Size {
    least: usize,
    most: usize,
    seconds: u32,
}

const fn size(least: usize, most: usize, seconds: u32) -> Size {
    Size {
        least,
        most,
        seconds,
    }
}

const SIZES: [Size; 5] = [
    size(0, 100, 0),
    size(90, 500, 15),
    size(450, 1000, 30),
    size(900, 2000, 60),
    size(1800, usize::MAX, 300),
];

/// How large the cluster is.
#[derive(Debug, Default)]
struct Extent {
    nodes: usize,
    /// Which of the sizes.
    step: usize,
}

impl Extent {
    fn grow(&mut self) {
        self.nodes += 1;
        if self.nodes > SIZES[self.step].most {
            self.step += 1;
        }
    }

    fn shrink(&mut self) {
        self.nodes = self.nodes.saturating_sub(1);
        if self.nodes < SIZES[self.step].least {
            self.step -= 1;
        }
    }

    fn seconds(&self) -> u32 {
        SIZES[self.step].seconds
    }
}

struct Ttl {
    nodes: Lister<Node>,
    client: Client,
    extent: Mutex<Extent>,
}

pub(super) fn start(context: ControllerContext) {
    let nodes = context.informers.get::<Node>();
    let controller = Arc::new(Ttl {
        nodes: nodes.lister(),
        client: context.client.clone(),
        extent: Mutex::default(),
    });
    let queue: Arc<WorkQueue<String>> = context.queue();
    let (follower, keys) = (controller.clone(), queue.clone());
    nodes.subscribe(move |change| {
        match change {
            Change::Added(_) => follower.extent.lock().grow(),
            Change::Updated { .. } => {}
            Change::Deleted(_) => return follower.extent.lock().shrink(),
        }
        keys.add(change.object().name().to_owned());
    });
    let queue = (queue, WORKERS);
    run(&context, "ttl-controller", queue, controller, async move {
        nodes.wait_synced().await;
    });
}

#[async_trait]
impl Controller for Ttl {
    /// The name of a node.
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let Some(node) = self.nodes.get("", name) else {
            return Ok(());
        };
        let wanted = self.extent.lock().seconds().to_string();
        if node.annotations().get(ANNOTATION) == Some(&wanted) {
            return Ok(());
        }
        let patch = Patch::Merge(json!({"metadata": {"annotations": {ANNOTATION: wanted}}}));
        match self.client.patch::<Node>("", name, patch).await {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::fake::Harness;

    #[test]
    fn the_more_nodes_the_longer_and_a_few_less_change_nothing() {
        let mut extent = Extent::default();
        let mut at = |nodes: usize| {
            while extent.nodes < nodes {
                extent.grow();
            }
            while extent.nodes > nodes {
                extent.shrink();
            }
            extent.seconds()
        };
        let sizes = [1, 100, 101, 500, 501, 1001, 2001];
        assert_eq!(sizes.map(&mut at), [0, 0, 15, 15, 30, 60, 300]);
        assert_eq!([1800, 1799, 95, 89].map(&mut at), [300, 60, 15, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_without_the_annotation_gets_it() {
        let harness = Harness::new();
        start(harness.context());
        harness
            .given::<Node>(json!({"metadata": {"name": "worker"}}))
            .await;
        harness.pass(Duration::from_millis(50)).await;
        let node: Node = harness.get("", "worker").await;
        assert_eq!(node.annotations()[ANNOTATION], "0");
    }
}
