//! The nodes of a cluster as a fleet: more and fewer of them, and what can happen to them.
//!
//! Power fails on a node or in a whole zone and comes back, nodes restart, and something beside the
//! Pods uses up what a node has. What follows from that is left to the cluster: leases run out,
//! nodes are tainted, Pods are evicted, as anywhere.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Taint};

use crate::api::StatusError;
use crate::client::{Client, DeleteOptions};
use crate::clock::Clock;
use crate::kubelet::{Kubelets, NodeConfig, NodeState, Pressure};
use crate::network::Network;
use crate::nodes::{nth_address, nth_pod_cidr};
use crate::tasks::Tasks;

/// How long a node takes to boot. Shorter than its lease, so that a restart is not taken for a loss.
const BOOT: Duration = Duration::from_secs(15);

/// What a node that is added shall be like.
#[derive(Debug, Clone)]
pub struct NodeSpec {
    pub name: String,
    pub zone: String,
    pub labels: BTreeMap<String, String>,
    pub taints: Vec<Taint>,
    /// `4`, `8Gi`, 110: its capacity.
    pub cpu: String,
    pub memory: String,
    pub pods: u32,
}

impl NodeSpec {
    /// A worker like those that a cluster begins with.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            zone: "zone-a".to_owned(),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            cpu: "4".to_owned(),
            memory: "8139392Ki".to_owned(),
            pods: 110,
        }
    }
}

/// Why something could not happen to a node.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    #[error("no node {name}; there are {}", .known.join(", "))]
    NoSuchNode { name: String, known: Vec<String> },
    #[error("no zone {name}; there are {}", .known.join(", "))]
    NoSuchZone { name: String, known: Vec<String> },
    #[error("{name} holds the control plane: without it nobody would notice anything")]
    ControlPlane { name: String },
    #[error("{name} has no power already")]
    IsLost { name: String },
    #[error("{name} has power")]
    IsUp { name: String },
    #[error("there is a node {name} already")]
    Exists { name: String },
    #[error(transparent)]
    Refused(#[from] StatusError),
}

/// The nodes of a running cluster; clones share them.
#[derive(Clone)]
pub struct Fleet {
    pub(crate) kubelets: Arc<Kubelets>,
    pub(crate) network: Network,
    /// In the name of an administrator.
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
}

impl Fleet {
    /// All nodes with a kubelet of this cluster, by name.
    pub fn nodes(&self) -> Vec<NodeState> {
        self.kubelets.nodes()
    }

    /// Adds a node; it is ready when this returns. It does not outlive the process.
    pub async fn add(&self, spec: NodeSpec) -> Result<(), FleetError> {
        let nodes = self.nodes();
        let name = spec.name;
        if nodes.iter().any(|node| node.config.name == name) {
            return Err(FleetError::Exists { name });
        }
        let is_free = |ip: &IpAddr| nodes.iter().all(|node| node.config.ip != *ip);
        let at = (0..=u32::MAX).find(|at| is_free(&nth_address(*at)));
        let at = at.unwrap_or(u32::MAX);
        let config = NodeConfig {
            ip: nth_address(at),
            pod_cidr: nth_pod_cidr(at),
            zone: spec.zone,
            region: nodes
                .first()
                .map_or_else(String::new, |node| node.config.region.clone()),
            is_control_plane: false,
            is_tainted: false,
            labels: spec.labels,
            taints: spec.taints,
            cpu: spec.cpu,
            memory: spec.memory,
            pods: spec.pods,
            name,
        };
        self.network.set_node(&config.name, config.ip);
        Ok(self.kubelets.add_node(config).await?)
    }

    /// Switches a node off for good, and deletes it.
    pub async fn remove(&self, name: &str) -> Result<(), FleetError> {
        let node = self.worker(name)?;
        self.switch_off(&node);
        self.kubelets.forget_node(name);
        let deleted = self
            .client
            .delete::<Node>("", name, &DeleteOptions::default())
            .await;
        match deleted {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Takes the power from a node: nothing runs on it any more, and nobody is told.
    pub fn lose(&self, name: &str) -> Result<(), FleetError> {
        let node = self.worker(name)?;
        if !node.is_up {
            let name = name.to_owned();
            return Err(FleetError::IsLost { name });
        }
        self.switch_off(&node);
        Ok(())
    }

    /// Gives a node its power back; its kubelet has registered when this returns.
    pub async fn bring_back(&self, name: &str) -> Result<(), FleetError> {
        let node = self.worker(name)?;
        if node.is_up {
            let name = name.to_owned();
            return Err(FleetError::IsUp { name });
        }
        self.switch_on(&node).await
    }

    /// Restarts a node: it is gone at once, and back after some seconds of cluster time.
    pub fn restart(&self, name: &str) -> Result<(), FleetError> {
        self.lose(name)?;
        let (fleet, name) = (self.clone(), name.to_owned());
        self.tasks.spawn(format!("boot of {name}"), async move {
            fleet.clock.sleep(BOOT).await;
            // Somebody may have brought it back, or removed it, meanwhile.
            if let Err(error) = fleet.bring_back(&name).await {
                tracing::debug!(%error, "a node did not boot");
            }
        });
        Ok(())
    }

    /// Takes the power from all workers of a zone; returns their names. What is lost stays so.
    pub fn lose_zone(&self, zone: &str) -> Result<Vec<String>, FleetError> {
        let workers = self.workers_of(zone)?;
        for node in workers.iter().filter(|node| node.is_up) {
            self.switch_off(node);
        }
        Ok(names(&workers))
    }

    /// Gives all nodes of a zone their power back; returns their names.
    pub async fn bring_back_zone(&self, zone: &str) -> Result<Vec<String>, FleetError> {
        let workers = self.workers_of(zone)?;
        for node in workers.iter().filter(|node| !node.is_up) {
            self.switch_on(node).await?;
        }
        Ok(names(&workers))
    }

    /// Has something beside the Pods use up what a node has, or ends that. The node says so at
    /// once, and evicts Pods for as long as it lasts.
    pub async fn press(&self, name: &str, pressure: Pressure, on: bool) -> Result<(), FleetError> {
        self.node(name)?;
        match self.kubelets.press(name, pressure, on).await? {
            true => Ok(()),
            false => Err(FleetError::IsLost {
                name: name.to_owned(),
            }),
        }
    }

    fn switch_off(&self, node: &NodeState) {
        self.kubelets.lose(&node.config.name);
        self.network.remove_node(node.config.ip);
    }

    async fn switch_on(&self, node: &NodeState) -> Result<(), FleetError> {
        let NodeConfig { name, ip, .. } = &node.config;
        self.network.set_node(name, *ip);
        self.kubelets.bring_back(name).await?;
        Ok(())
    }

    fn node(&self, name: &str) -> Result<NodeState, FleetError> {
        let nodes = self.nodes();
        let known = names(&nodes);
        let mut nodes = nodes.into_iter();
        let found = nodes.find(|node| node.config.name == name);
        found.ok_or_else(|| FleetError::NoSuchNode {
            name: name.to_owned(),
            known,
        })
    }

    fn worker(&self, name: &str) -> Result<NodeState, FleetError> {
        let node = self.node(name)?;
        if node.config.is_control_plane {
            let name = name.to_owned();
            return Err(FleetError::ControlPlane { name });
        }
        Ok(node)
    }

    /// The workers of a zone; the control plane in it has a supply of its own.
    fn workers_of(&self, zone: &str) -> Result<Vec<NodeState>, FleetError> {
        let workers = self.nodes().into_iter();
        let workers: Vec<_> = workers
            .filter(|node| !node.config.is_control_plane)
            .collect();
        let (inside, outside): (Vec<_>, Vec<_>) = workers
            .into_iter()
            .partition(|node| node.config.zone == zone);
        if inside.is_empty() {
            let mut known: Vec<_> = outside.into_iter().map(|node| node.config.zone).collect();
            known.sort();
            known.dedup();
            let name = zone.to_owned();
            return Err(FleetError::NoSuchZone { name, known });
        }
        Ok(inside)
    }
}

fn names(nodes: &[NodeState]) -> Vec<String> {
    let names = nodes.iter().map(|node| node.config.name.clone());
    names.collect()
}
