//! One simulated node as its kubelet sees it: what Pods on it share.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};

use ipnet::Ipv4Net;
use k8s_openapi::api::core::v1::{ObjectReference, Pod, Taint};
use parking_lot::Mutex;

use super::environment::Caches;
use super::pod_worker::record::Role;
use super::pressure::Pressure;
use super::runtime::filesystem::Volume;
use super::runtime::{PodNetwork, Runtime};
use crate::client::{Client, EventRecorder, EventType, reference_to};
use crate::clock::Clock;

/// What a simulated node is like.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    pub name: String,
    pub ip: IpAddr,
    /// Where its Pods get their addresses from.
    pub pod_cidr: Ipv4Net,
    pub zone: String,
    pub region: String,
    /// Labelled with the role.
    pub is_control_plane: bool,
    /// Keeps Pods away that don't belong to the control plane.
    pub is_tainted: bool,
    /// What it is labelled and tainted with besides.
    pub labels: BTreeMap<String, String>,
    pub taints: Vec<Taint>,
    /// `4`, `8Gi`, `110`: as the Node's capacity says.
    pub cpu: String,
    pub memory: String,
    pub pods: u32,
}

/// What the workers of a node's Pods share.
pub struct Node {
    pub config: NodeConfig,
    /// In the name of the node.
    pub client: Client,
    pub recorder: EventRecorder,
    pub runtime: Arc<Runtime>,
    /// The node's own place in the network.
    pub network: Arc<PodNetwork>,
    pub sources: Caches,
    pub clock: Clock,
    pub cluster_dns: IpAddr,
    pub cluster_domain: String,
    /// Directories of the node that Pods have mounted, by path.
    pub host_paths: Mutex<BTreeMap<String, Arc<Volume>>>,
    /// Volumes of the cluster, by the name of the PersistentVolume; all nodes share them.
    pub persistent: Arc<Mutex<BTreeMap<String, Arc<Volume>>>>,
    /// How often it has booted since the cluster began.
    pub boots: AtomicU32,
    /// What it is short of.
    pub pressures: Mutex<BTreeSet<Pressure>>,
    /// Whether somebody evicts Pods because of that.
    pub is_reclaiming: AtomicBool,
}

impl Node {
    /// Records what happened to a Pod.
    pub fn event(&self, pod: &Pod, kind: EventType, reason: &str, message: impl Into<String>) {
        self.recorder.event(pod, kind, reason, message);
    }

    /// Records what happened to one of a Pod's containers.
    pub fn container_event(
        &self,
        pod: &Pod,
        (name, role): (&str, Role),
        kind: EventType,
        reason: &str,
        message: impl Into<String>,
    ) {
        let list = match role {
            Role::Init | Role::Sidecar => "initContainers",
            Role::Regular => "containers",
            Role::Ephemeral => "ephemeralContainers",
        };
        let reference = ObjectReference {
            field_path: Some(format!("spec.{list}{{{name}}}")),
            ..reference_to(pod)
        };
        self.recorder.event_about(reference, kind, reason, message);
    }

    /// The directory of the node at `path`, made when first asked for.
    pub fn host_path(&self, path: &str) -> Arc<Volume> {
        let mut paths = self.host_paths.lock();
        let volume = paths.entry(path.to_owned()).or_insert_with(Volume::empty);
        volume.clone()
    }

    pub fn persistent_volume(&self, name: &str) -> Arc<Volume> {
        let mut volumes = self.persistent.lock();
        let volume = volumes.entry(name.to_owned()).or_insert_with(Volume::empty);
        volume.clone()
    }
}
