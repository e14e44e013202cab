//! A node with the sum of what its Pods take.
//!
//! Mirrors `NodeInfo` of `pkg/scheduler/framework/types.go` (v1.35).

use std::collections::HashMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;

use super::pod_info::{HostPort, PodInfo};
use super::resources::Resources;
use crate::client::Kind;

/// A node and the Pods on it, assumed ones included.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    pub node: Arc<Node>,
    pub pods: Vec<Arc<PodInfo>>,
    pub allocatable: Resources,
    pub requested: Resources,
    pub non_zero_requested: Resources,
    pub used_ports: Vec<HostPort>,
    /// Bytes of each image on the node, by normalized name.
    pub images: HashMap<String, i64>,
    /// How many live Pods each controller has here, by namespace-free uid.
    owners: HashMap<String, i64>,
}

impl NodeInfo {
    pub fn new(node: Arc<Node>) -> Self {
        let mut info = Self {
            node: node.clone(),
            pods: Vec::new(),
            allocatable: Resources::default(),
            requested: Resources::default(),
            non_zero_requested: Resources::default(),
            used_ports: Vec::new(),
            images: HashMap::new(),
            owners: HashMap::new(),
        };
        info.set_node(node);
        info
    }

    pub fn name(&self) -> &str {
        self.node.name()
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        self.node.labels().get(key).map(String::as_str)
    }

    /// Takes over a new version of the node.
    pub fn set_node(&mut self, node: Arc<Node>) {
        let status = node.status.as_ref();
        let allocatable = status.and_then(|status| status.allocatable.as_ref());
        self.allocatable = Resources::from_list(allocatable);
        self.images = status
            .and_then(|status| status.images.as_ref())
            .into_iter()
            .flatten()
            .flat_map(|image| {
                let size = image.size_bytes.unwrap_or_default();
                let names = image.names.iter().flatten();
                names.map(move |name| (normalized_image(name), size))
            })
            .collect();
        self.node = node;
    }

    pub fn add_pod(&mut self, pod: Arc<PodInfo>) {
        self.requested.add(&pod.requests);
        self.non_zero_requested.add(&pod.non_zero_requests);
        self.used_ports.extend(pod.host_ports.iter().cloned());
        if let Some(owner) = counted_owner(&pod) {
            *self.owners.entry(owner.to_owned()).or_default() += 1;
        }
        self.pods.push(pod);
    }

    /// Removes the Pod with this uid and gives it back.
    pub fn remove_pod(&mut self, uid: &str) -> Option<Arc<PodInfo>> {
        let at = self.pods.iter().position(|pod| pod.uid() == uid)?;
        let pod = self.pods.swap_remove(at);
        self.requested.subtract(&pod.requests);
        self.non_zero_requested.subtract(&pod.non_zero_requests);
        for port in &pod.host_ports {
            if let Some(at) = self.used_ports.iter().position(|used| used == port) {
                self.used_ports.swap_remove(at);
            }
        }
        if let Some(owner) = counted_owner(&pod)
            && let Some(count) = self.owners.get_mut(owner)
        {
            *count -= 1;
            if *count == 0 {
                self.owners.remove(owner);
            }
        }
        Some(pod)
    }

    /// How many Pods of a controller run here and are not on their way out.
    pub fn pods_of_owner(&self, uid: &str) -> i64 {
        self.owners.get(uid).copied().unwrap_or_default()
    }
}

fn counted_owner(pod: &PodInfo) -> Option<&str> {
    let owner = pod.pod.controller()?;
    (!pod.pod.is_terminating()).then_some(owner.uid.as_str())
}

/// The name with a tag: `nginx` is `nginx:latest`.
pub fn normalized_image(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains([':', '@']) {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}
