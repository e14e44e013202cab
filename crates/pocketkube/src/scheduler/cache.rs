//! The scheduler's picture of the cluster: nodes with their Pods, kept up to date change by
//! change, with assumed Pods where a binding is still on its way.
//!
//! Mirrors `pkg/scheduler/backend/cache` (v1.35).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod};

use super::framework::Snapshot;
use super::node_info::NodeInfo;
use super::pod_info::{NamespaceLabels, PodInfo};
use super::volumes::Volumes;
use crate::client::Kind;

const ZONE: &str = "topology.kubernetes.io/zone";

/// Owned by the scheduler's one task; nothing in it is shared.
#[derive(Default)]
pub struct Cache {
    snapshot: Snapshot,
    /// Where each node stands in the snapshot.
    positions: HashMap<String, usize>,
    /// Where each placed Pod is, by uid.
    placed: HashMap<String, Placed>,
    /// Pods on nodes that are not known (yet, or any more).
    homeless: HashMap<String, Vec<Arc<PodInfo>>>,
    /// Zones no longer take turns in the snapshot.
    is_mixed: bool,
}

struct Placed {
    node: String,
    /// Decided here, but not seen in the cluster yet.
    is_assumed: bool,
    has_affinity: bool,
}

impl Cache {
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Puts the nodes in order, where some came or moved: once for many, before the next decision.
    pub fn settle(&mut self) {
        if std::mem::take(&mut self.is_mixed) {
            self.interleave();
        }
    }

    /// Takes over a node, new or changed, and gives its former version back.
    pub fn set_node(&mut self, node: Arc<Node>) -> Option<Arc<Node>> {
        if let Some(at) = self.positions.get(node.name()) {
            let info = Arc::make_mut(&mut self.snapshot.nodes[*at]);
            let old = info.node.clone();
            self.is_mixed |= old.labels().get(ZONE) != node.labels().get(ZONE);
            info.set_node(node);
            return Some(old);
        }
        let mut info = NodeInfo::new(node.clone());
        for pod in self.homeless.remove(node.name()).unwrap_or_default() {
            info.add_pod(pod);
        }
        let at = self.snapshot.nodes.len();
        self.positions.insert(node.name().to_owned(), at);
        self.snapshot.nodes.push(Arc::new(info));
        self.is_mixed = true;
        None
    }

    pub fn remove_node(&mut self, name: &str) {
        let Some(at) = self.positions.remove(name) else {
            return;
        };
        let info = self.snapshot.nodes.remove(at);
        if !info.pods.is_empty() {
            self.homeless.insert(name.to_owned(), info.pods.clone());
        }
        self.interleave();
    }

    /// Takes over a Pod that the cluster says is on a node, whatever was assumed of it.
    pub fn set_pod(&mut self, pod: Arc<Pod>) {
        self.remove_pod(pod.uid());
        self.place(Arc::new(PodInfo::new(pod)), false);
    }

    /// Counts a Pod on the node that was chosen for it, until the cluster confirms.
    pub fn assume(&mut self, pod: &PodInfo, node: &str) {
        let mut assumed = Pod::clone(&pod.pod);
        assumed.spec.get_or_insert_default().node_name = Some(node.to_owned());
        self.remove_pod(pod.uid());
        self.place(Arc::new(PodInfo::new(Arc::new(assumed))), true);
    }

    /// Takes an assumption back because binding failed. What the cluster has confirmed stays.
    pub fn forget(&mut self, uid: &str) {
        if self.is_assumed(uid) {
            self.remove_pod(uid);
        }
    }

    pub fn is_assumed(&self, uid: &str) -> bool {
        self.placed.get(uid).is_some_and(|placed| placed.is_assumed)
    }

    pub fn is_placed(&self, uid: &str) -> bool {
        self.placed.contains_key(uid)
    }

    pub fn remove_pod(&mut self, uid: &str) {
        let Some(placed) = self.placed.remove(uid) else {
            return;
        };
        self.snapshot.pods_with_affinity -= usize::from(placed.has_affinity);
        if let Some(at) = self.positions.get(&placed.node) {
            Arc::make_mut(&mut self.snapshot.nodes[*at]).remove_pod(uid);
        } else if let Some(pods) = self.homeless.get_mut(&placed.node) {
            pods.retain(|pod| pod.uid() != uid);
            if pods.is_empty() {
                self.homeless.remove(&placed.node);
            }
        }
    }

    /// The storage of the snapshot, to be changed.
    pub fn volumes_mut(&mut self) -> &mut Volumes {
        Arc::make_mut(&mut self.snapshot.volumes)
    }

    pub fn set_namespaces(&mut self, namespaces: NamespaceLabels) {
        self.snapshot.namespaces = Arc::new(namespaces);
    }

    fn place(&mut self, pod: Arc<PodInfo>, is_assumed: bool) {
        let node = pod.node_name().to_owned();
        let has_affinity = pod.has_affinity();
        self.snapshot.pods_with_affinity += usize::from(has_affinity);
        let placed = Placed {
            node: node.clone(),
            is_assumed,
            has_affinity,
        };
        self.placed.insert(pod.uid().to_owned(), placed);
        match self.positions.get(&node) {
            Some(at) => Arc::make_mut(&mut self.snapshot.nodes[*at]).add_pod(pod),
            None => self.homeless.entry(node).or_default().push(pod),
        }
    }

    /// Puts the nodes in order: one of each zone, then the next of each, so that a search that
    /// stops early has seen every zone.
    fn interleave(&mut self) {
        let mut zones: BTreeMap<String, VecDeque<Arc<NodeInfo>>> = BTreeMap::new();
        let mut nodes = std::mem::take(&mut self.snapshot.nodes);
        nodes.sort_by(|a, b| a.name().cmp(b.name()));
        for node in nodes {
            let zone = node.label(ZONE).unwrap_or_default().to_owned();
            zones.entry(zone).or_default().push_back(node);
        }
        while !zones.is_empty() {
            for queue in zones.values_mut() {
                self.snapshot.nodes.extend(queue.pop_front());
            }
            zones.retain(|_, queue| !queue.is_empty());
        }
        self.positions = self
            .snapshot
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (node.name().to_owned(), at))
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scheduler::testing::{node, pod};

    fn cache() -> Cache {
        let mut cache = Cache::default();
        for (name, zone) in [("a", "x"), ("b", "x"), ("c", "y")] {
            let mut node = node(name, json!({}));
            node["metadata"]["labels"][ZONE] = json!(zone);
            cache.set_node(Arc::new(serde_json::from_value(node).unwrap()));
        }
        cache
    }

    fn requested(cache: &Cache, node: &str) -> i64 {
        cache.snapshot().node(node).unwrap().requested.milli_cpu
    }

    fn worker(node: Option<&str>) -> Pod {
        pod(json!({"metadata": {"name": "p"}, "spec": {"nodeName": node,
            "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}}))
    }

    #[test]
    fn zones_take_turns() {
        let mut cache = cache();
        cache.settle();
        let order: Vec<_> = cache.snapshot().nodes.iter().map(|n| n.name()).collect();
        assert_eq!(order, ["a", "c", "b"]);
    }

    #[test]
    fn an_assumed_pod_counts_until_it_is_confirmed_or_forgotten() {
        let mut cache = cache();
        let info = PodInfo::new(Arc::new(worker(None)));
        cache.assume(&info, "a");
        assert_eq!(requested(&cache, "a"), 1000);
        cache.forget("p");
        assert_eq!(requested(&cache, "a"), 0);
        cache.assume(&info, "a");
        cache.set_pod(Arc::new(worker(Some("b"))));
        cache.forget("p");
        assert_eq!((requested(&cache, "a"), requested(&cache, "b")), (0, 1000));
    }

    #[test]
    fn pods_of_a_node_that_comes_later_are_counted_when_it_does() {
        let mut cache = cache();
        cache.set_pod(Arc::new(worker(Some("late"))));
        let late = serde_json::from_value(node("late", json!({}))).unwrap();
        cache.set_node(Arc::new(late));
        assert_eq!(requested(&cache, "late"), 1000);
        cache.remove_node("late");
        cache.remove_pod("p");
        assert!(cache.homeless.is_empty());
    }
}
