//! Nodes in a scene: they are there already, so the scene changes them and gives them back.
//!
//! What a Node was like is remembered in an annotation of its own for each kata. Giving back
//! restores labels, annotations of the scene, taints and `unschedulable`, whoever changed them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use k8s_openapi::api::core::v1::{Node, Taint};
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::seed;
use super::words::words;
use crate::course::KataInstance;

/// Taints of these are the cluster's own business: they come and go with the state of the Node.
const CLUSTERS_OWN: [&str; 2] = ["node.kubernetes.io/", "node.cloudprovider.kubernetes.io/"];

/// What is remembered of a Node.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Before {
    labels: BTreeMap<String, String>,
    taints: Vec<Taint>,
    unschedulable: bool,
}

pub(super) fn is_node(manifest: &Value) -> bool {
    manifest["kind"] == "Node" && manifest["apiVersion"] == "v1"
}

/// Makes a Node of the cluster as the scene says. Fails where there is none of that name.
pub(super) async fn change(client: &Client, kata: &KataInstance, manifest: &Value) -> Result<()> {
    refuse_other_fields(manifest)?;
    let name = manifest["metadata"]["name"].as_str().unwrap_or_default();
    let nodes: Api<Node> = Api::all(client.clone());
    let Some(node) = nodes.get_opt(name).await.map_err(words)? else {
        let all = nodes.list_metadata(&ListParams::default()).await;
        let all = all.map_err(words)?.items.into_iter();
        let known: Vec<_> = all.filter_map(|node| node.metadata.name).collect();
        bail!("no node {name}; there are {}", known.join(", "));
    };
    let mut annotations = mapping(&manifest["metadata"]["annotations"]);
    if remembered(&node, kata).is_none() {
        let before = serde_json::to_string(&Before::of(&node))?;
        annotations.insert(key(kata), before.into());
    }
    let mut patch = json!({
        "metadata": {"annotations": annotations, "labels": manifest["metadata"]["labels"]},
    });
    for field in ["taints", "unschedulable"] {
        if let Some(value) = manifest["spec"].get(field) {
            patch["spec"][field] = value.clone();
        }
    }
    drop_nulls(&mut patch);
    merge(&nodes, name, patch).await
}

/// Gives the Nodes of the scene back as they were. Those that were not changed stay as they are.
pub(super) async fn give_back(client: &Client, kata: &KataInstance) -> Result<()> {
    let nodes: Api<Node> = Api::all(client.clone());
    for (_, manifest) in seed::manifests(kata)? {
        if !is_node(&manifest) {
            continue;
        }
        let name = manifest["metadata"]["name"].as_str().unwrap_or_default();
        let Some(node) = nodes.get_opt(name).await.map_err(words)? else {
            continue;
        };
        let Some(before) = remembered(&node, kata) else {
            continue;
        };
        let patch = before.restoring(&node, kata, &manifest);
        merge(&nodes, name, patch).await?;
    }
    Ok(())
}

async fn merge(nodes: &Api<Node>, name: &str, patch: Value) -> Result<()> {
    let how = PatchParams::default();
    let changed = nodes.patch(name, &how, &Patch::Merge(patch)).await;
    changed.map(drop).map_err(words)
}

impl Before {
    fn of(node: &Node) -> Self {
        let spec = node.spec.clone().unwrap_or_default();
        let taints = spec.taints.unwrap_or_default().into_iter();
        Self {
            labels: node.metadata.labels.clone().unwrap_or_default(),
            taints: taints.filter(|taint| !is_clusters_own(taint)).collect(),
            unschedulable: spec.unschedulable.unwrap_or(false),
        }
    }

    /// The patch that makes `node` like this again.
    fn restoring(&self, node: &Node, kata: &KataInstance, manifest: &Value) -> Value {
        let now = Self::of(node);
        let names: BTreeSet<&String> = self.labels.keys().chain(now.labels.keys()).collect();
        let labels: Map<String, Value> = names
            .into_iter()
            .filter(|name| self.labels.get(*name) != now.labels.get(*name))
            .map(|name| (name.clone(), json!(self.labels.get(name))))
            .collect();
        let mut annotations: Map<String, Value> = mapping(&manifest["metadata"]["annotations"]);
        annotations
            .values_mut()
            .for_each(|value| *value = Value::Null);
        annotations.insert(key(kata), Value::Null);
        let spec = node.spec.clone().unwrap_or_default();
        let own = spec.taints.unwrap_or_default().into_iter();
        let own = own.filter(is_clusters_own);
        let taints: Vec<Taint> = self.taints.iter().cloned().chain(own).collect();
        let unschedulable = self.unschedulable.then_some(true);
        json!({
            "metadata": {"labels": labels, "annotations": annotations},
            "spec": {
                "taints": (!taints.is_empty()).then_some(taints),
                "unschedulable": unschedulable,
            },
        })
    }
}

fn is_clusters_own(taint: &Taint) -> bool {
    CLUSTERS_OWN
        .iter()
        .any(|prefix| taint.key.starts_with(prefix))
}

fn remembered(node: &Node, kata: &KataInstance) -> Option<Before> {
    let annotations = node.metadata.annotations.as_ref()?;
    serde_json::from_str(annotations.get(&key(kata))?).ok()
}

/// A name of an annotation has one slash.
fn key(kata: &KataInstance) -> String {
    format!("before.kubekata.dev/{}.{}", kata.id.track(), kata.id.slug())
}

fn mapping(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// In a merge patch null would take everything away.
fn drop_nulls(patch: &mut Value) {
    if let Some(metadata) = patch["metadata"].as_object_mut() {
        metadata.retain(|_, value| !value.is_null());
    }
}

fn refuse_other_fields(manifest: &Value) -> Result<()> {
    let others = |at: &str, known: &[&str]| -> Option<String> {
        let fields = manifest.pointer(at)?.as_object()?;
        let other = fields.keys().find(|name| !known.contains(&name.as_str()))?;
        Some(format!("{at}/{other}"))
    };
    let other = others("", &["apiVersion", "kind", "metadata", "spec"])
        .or_else(|| others("/metadata", &["name", "labels", "annotations"]))
        .or_else(|| others("/spec", &["taints", "unschedulable"]));
    match other {
        Some(other) => bail!(
            "a scene changes labels, annotations, taints and unschedulable of a Node, not {other}"
        ),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::reset;
    use crate::sandbox::seed::tests::kata;
    use pocketkube::Cluster;

    #[tokio::test]
    async fn a_node_of_the_scene_is_changed_and_given_back_whatever_the_learner_did() {
        let cluster = Cluster::start().await.expect("a cluster starts");
        let client = cluster.client();
        let nodes: Api<Node> = Api::all(client.clone());
        let name = "kubekata-worker";
        let kata = kata(
            "apiVersion: v1\nkind: Node\nmetadata:\n  name: kubekata-worker\n  labels: {disk: fast}\n\
             spec:\n  taints: [{key: team, value: a, effect: NoSchedule}]\n",
        );
        let before = nodes.get(name).await.expect("it is there");
        seed::seed(&client, &kata).await.expect("it is set");
        let seeded = Before::of(&nodes.get(name).await.expect("it is there"));
        assert_eq!(seeded.labels["disk"], "fast");
        assert_eq!(seeded.taints[0].key, "team");
        let learner = json!({
            "metadata": {"labels": {"disk": "slow", "mine": "x", "kubernetes.io/os": null}},
            "spec": {"unschedulable": true, "taints": null},
        });
        merge(&nodes, name, learner).await.expect("it is changed");
        reset::remove(&client, &kata)
            .await
            .expect("it is taken away");
        let after = nodes.get(name).await.expect("it is still there");
        assert_eq!(Before::of(&after), Before::of(&before));
        assert!(remembered(&after, &kata).is_none());
        // Nothing to give back: nothing is touched.
        reset::remove(&client, &kata)
            .await
            .expect("it is taken away");
        cluster.shutdown().await.expect("it ends");
    }

    #[tokio::test]
    async fn a_node_that_is_not_there_is_refused_with_those_that_are() {
        let cluster = Cluster::start().await.expect("a cluster starts");
        let kata = kata("apiVersion: v1\nkind: Node\nmetadata: {name: worker-9}\n");
        let error = seed::seed(&cluster.client(), &kata)
            .await
            .expect_err("there is none");
        let said = format!("{error:#}");
        assert!(
            said.contains("no node worker-9; there are kubekata-control-plane"),
            "{said}"
        );
        cluster.shutdown().await.expect("it ends");
    }
}
