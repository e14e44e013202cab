//! Nodes that lose their power, and get it back.
//!
//! A node that is lost says nothing any more, and everything on it has ended; what the API knows of
//! its Pods stays as it was. When it is back it is a machine that has booted: its kubelet takes
//! over the Pods that the API still has there, and starts their containers anew.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use k8s_openapi::api::core::v1::Pod;

use super::node::{Node, NodeConfig};
use super::pod_worker::PodEvent;
use super::pressure::Pressure;
use super::{Change, Kubelet, Kubelets, heartbeat, node_of};
use crate::api::StatusError;

/// A node as its fleet knows it.
#[derive(Debug, Clone)]
pub struct NodeState {
    pub config: NodeConfig,
    pub is_up: bool,
    /// What it is short of.
    pub pressures: Vec<Pressure>,
}

impl Kubelets {
    /// All nodes, by name.
    pub fn nodes(&self) -> Vec<NodeState> {
        let state = |node: &Arc<Node>, is_up| NodeState {
            config: node.config.clone(),
            is_up,
            pressures: node.pressures(),
        };
        let kubelets = self.kubelets.read();
        let up = kubelets.values().map(|kubelet| state(&kubelet.node, true));
        let lost = self.lost.lock();
        let lost = lost.values().map(|node| state(node, false));
        let mut nodes: Vec<NodeState> = up.chain(lost).collect();
        nodes.sort_by(|one, other| one.config.name.cmp(&other.config.name));
        nodes
    }

    /// Takes the power from a node. `false` where it is not up.
    pub fn lose(&self, name: &str) -> bool {
        let Some(kubelet) = self.kubelets.write().remove(name) else {
            return false;
        };
        self.alive.lock().remove(name);
        let node = kubelet.node.clone();
        self.lost.lock().insert(name.to_owned(), node);
        let pods = std::mem::take(&mut *kubelet.pods.lock());
        for (uid, handle) in pods {
            // A worker that has ended needs not be told.
            let _ = handle.events.send(PodEvent::Lost);
            self.lose_interest(&uid, &handle);
        }
        true
    }

    /// Gives a node its power back. `false` where it was not lost.
    pub async fn bring_back(self: &Arc<Self>, name: &str) -> Result<bool, StatusError> {
        let Some(node) = self.lost.lock().remove(name) else {
            return Ok(false);
        };
        node.boots.fetch_add(1, Ordering::Relaxed);
        // What used its memory up has ended, too.
        node.pressures.lock().clear();
        node.is_reclaiming.store(false, Ordering::Relaxed);
        if let Err(error) = self.take_in(node.clone()).await {
            self.lost.lock().insert(name.to_owned(), node);
            return Err(error);
        }
        Ok(true)
    }

    /// Forgets a node that is lost.
    pub fn forget_node(&self, name: &str) {
        self.lost.lock().remove(name);
    }

    /// Registers a node and lets it live, with the Pods that were bound to it before.
    pub(super) async fn take_in(self: &Arc<Self>, node: Arc<Node>) -> Result<(), StatusError> {
        heartbeat::register(&node).await?;
        let name = node.config.name.clone();
        let kubelet = Arc::new(Kubelet {
            node: node.clone(),
            pods: Default::default(),
        });
        self.kubelets.write().insert(name.clone(), kubelet);
        self.alive.lock().insert(name.clone(), node.clone());
        self.show_static_pods(&node);
        for pod in self.config.informers.lister::<Pod>().all() {
            if node_of(&pod) == name {
                self.pod_changed(&Change::Added(pod));
            }
        }
        Ok(())
    }
}
