//! The Pods that the kubelet of a control plane runs from files, without an API server: it shows
//! them there as mirror Pods, and shows them again when somebody deletes one.
//!
//! Unlike upstream the mirror is what runs: a deleted one takes its containers with it. Mirrors
//! `pkg/kubelet/pod/mirror_client.go` and `pkg/kubelet/config/common.go` (v1.35).

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node as NodeObject, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::node::{Node, NodeConfig};
use crate::client::Kind;

const MANIFESTS: &str = include_str!("../../data/bootstrap/static-pods.yaml");
/// What every node's disk comes with beside the images of the static Pods.
const DELIVERED: [&str; 4] = [
    "registry.k8s.io/pause:3.10",
    "registry.k8s.io/coredns/coredns:v1.13.1",
    "registry.k8s.io/kube-proxy:v1.35.0",
    "docker.io/kindest/kindnetd:v20250512-df8de77b",
];
const HASH: &str = "kubernetes.io/config.hash";
const MIRROR: &str = "kubernetes.io/config.mirror";
const SEEN: &str = "kubernetes.io/config.seen";

/// Whether the Pod stands for one that its node runs from a file.
pub fn is_mirror(pod: &Pod) -> bool {
    pod.annotations().contains_key(MIRROR)
}

/// Gives a node the images that it is delivered with.
pub fn deliver_images(node: &Node) {
    let manifests = MANIFESTS
        .lines()
        .filter_map(|line| line.trim().strip_prefix("image: "));
    for name in manifests.chain(DELIVERED) {
        let reference = name.parse().expect("the names are image names");
        if let Err(error) = node.runtime.images().preload(&reference) {
            tracing::debug!(%error, name, "an image is not in the catalogue");
        }
    }
}

/// Shows a control plane's Pods to the API; those it has already stay as they are.
pub async fn mirror(node: Arc<Node>) {
    let owner = match node.client.get::<NodeObject>("", &node.config.name).await {
        Ok(owner) => owner,
        Err(error) => {
            tracing::warn!(%error, "the node of static pods is missing");
            return;
        }
    };
    for pod in pods(&node, &owner) {
        match node.client.create(&pod).await {
            Err(error) if !error.is_already_exists() => {
                tracing::warn!(%error, pod = %pod.key(), "could not show a static pod");
            }
            _ => {}
        }
    }
}

fn pods(node: &Node, owner: &NodeObject) -> Vec<Pod> {
    let seen = crate::api::meta::format_micro_time(node.clock.now());
    read(&node.config)
        .into_iter()
        .map(|mut pod| {
            let digest = Sha256::digest(format!("{}/{}", pod.key(), node.config.ip));
            let hash = digest[..16].iter().map(|byte| format!("{byte:02x}"));
            let hash: String = hash.collect();
            let annotations = pod.metadata.annotations.get_or_insert_default();
            annotations.insert(HASH.to_owned(), hash.clone());
            annotations.insert(MIRROR.to_owned(), hash);
            annotations.insert(SEEN.to_owned(), seen.clone());
            pod.metadata.owner_references = Some(vec![OwnerReference {
                api_version: "v1".to_owned(),
                kind: "Node".to_owned(),
                name: owner.name().to_owned(),
                uid: owner.uid().to_owned(),
                controller: Some(true),
                block_owner_deletion: None,
            }]);
            pod
        })
        .collect()
}

fn read(config: &NodeConfig) -> Vec<Pod> {
    let text = MANIFESTS
        .replace("{node}", &config.name)
        .replace("{ip}", &config.ip.to_string());
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| Pod::deserialize(document).expect("the file holds Pods"))
        .collect()
}
