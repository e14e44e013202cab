//! Every rule's opinion of every node for one Pod, for whoever wants to know why it waits.
//!
//! The scheduler itself asks no further once a rule has refused a node, and keeps only that. Here
//! all of them are asked, about any cluster's objects; nothing is decided and nothing is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;

use super::cache::Cache;
use super::framework::Rejection;
use super::plugins::default_plugins;
use super::pod_info::PodInfo;
use crate::client::{Kind, ObjectKey};

/// The objects of a cluster that scheduling looks at.
#[derive(Debug, Default)]
pub struct Surroundings {
    pub nodes: Vec<Node>,
    /// Those that have a node count.
    pub pods: Vec<Pod>,
    pub namespaces: Vec<Namespace>,
    pub claims: Vec<PersistentVolumeClaim>,
    pub volumes: Vec<PersistentVolume>,
    pub classes: Vec<StorageClass>,
}

/// What all rules think of all nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Objections that are the same for every node.
    pub of_all: Vec<(&'static str, Vec<String>)>,
    /// The rules that have a say about this Pod, in the order in which they are asked.
    pub rules: Vec<&'static str>,
    pub nodes: Vec<NodeOpinions>,
}

/// What the rules think of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeOpinions {
    pub node: String,
    /// One each rule: why not, or nothing where it agrees.
    pub objections: Vec<Vec<String>>,
}

/// Asks every rule about every node.
pub fn explain(pod: &Pod, surroundings: Surroundings) -> Explanation {
    let cache = cache_of(surroundings);
    let snapshot = cache.snapshot();
    let pod = PodInfo::new(Arc::new(pod.clone()));
    let mut nodes: Vec<NodeOpinions> = snapshot
        .nodes
        .iter()
        .map(|node| NodeOpinions {
            node: node.name().to_owned(),
            objections: Vec::new(),
        })
        .collect();
    let mut explanation = Explanation::default();
    for row in default_plugins() {
        let name = row.plugin.name();
        if !row.plugin.admits(&pod) {
            let reason = "the Pod has scheduling gates".to_owned();
            explanation.of_all.push((name, vec![reason]));
            continue;
        }
        let candidates = row.plugin.candidates(&pod);
        match row.plugin.filter(&pod, snapshot) {
            Err(rejection) => explanation.of_all.push((name, words(rejection))),
            Ok(None) => {}
            Ok(Some(filter)) => {
                explanation.rules.push(name);
                for (node, opinions) in snapshot.nodes.iter().zip(&mut nodes) {
                    let is_named = candidates
                        .as_ref()
                        .is_none_or(|names| names.contains(node.name()));
                    opinions.objections.push(match filter.filter(node) {
                        Ok(()) if is_named => Vec::new(),
                        Ok(()) => vec!["the Pod asks for another node".to_owned()],
                        Err(rejection) => words(rejection),
                    });
                }
            }
        }
    }
    nodes.sort_by(|one, other| one.node.cmp(&other.node));
    explanation.nodes = nodes;
    explanation
}

fn words(rejection: Rejection) -> Vec<String> {
    let reasons = rejection.reasons.into_iter();
    reasons.map(std::borrow::Cow::into_owned).collect()
}

fn cache_of(surroundings: Surroundings) -> Cache {
    let mut cache = Cache::default();
    for node in surroundings.nodes {
        cache.set_node(Arc::new(node));
    }
    for pod in surroundings.pods {
        let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref());
        let is_placed = pod.spec.as_ref().is_some_and(|it| it.node_name.is_some());
        if is_placed && !matches!(phase, Some("Succeeded" | "Failed")) {
            cache.set_pod(Arc::new(pod));
        }
    }
    let labels = |namespace: Namespace| (namespace.name().to_owned(), namespace.labels().clone());
    let namespaces: BTreeMap<_, _> = surroundings.namespaces.into_iter().map(labels).collect();
    cache.set_namespaces(namespaces);
    let volumes = cache.volumes_mut();
    for claim in surroundings.claims {
        let key = ObjectKey::new(claim.namespace(), claim.name());
        volumes.claims.insert(key, Arc::new(claim));
    }
    for volume in surroundings.volumes {
        let name = volume.name().to_owned();
        volumes.volumes.insert(name, Arc::new(volume));
    }
    for class in surroundings.classes {
        let name = class.name().to_owned();
        volumes.classes.insert(name, Arc::new(class));
    }
    cache
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{node, pod};
    use super::*;

    #[test]
    fn every_rule_has_its_say_about_every_node() {
        let read = |value| serde_json::from_value(value).expect("a node");
        let tainted = json!({"unschedulable": true, "taints":
            [{"key": "disk", "value": "ssd", "effect": "NoSchedule"}]});
        let mut placed = pod(json!({"containers": [{"name": "a", "image": "a",
            "resources": {"requests": {"cpu": "3500m"}}}]}));
        placed.metadata.uid = Some("placed".to_owned());
        placed.spec.get_or_insert_default().node_name = Some("b".to_owned());
        let asking = pod(json!({"containers": [{"name": "a", "image": "a",
            "resources": {"requests": {"cpu": "900m"}}}]}));
        let explanation = explain(
            &asking,
            Surroundings {
                nodes: vec![read(node("a", tainted)), read(node("b", json!({})))],
                pods: vec![placed],
                ..Surroundings::default()
            },
        );
        let objections = |node: usize| -> Vec<(&str, String)> {
            let rules = explanation.rules.iter().copied();
            let objections = explanation.nodes[node].objections.iter();
            rules
                .zip(objections)
                .filter(|(_, words)| !words.is_empty())
                .map(|(rule, words)| (rule, words.join(", ")))
                .collect()
        };
        let of_a: Vec<&str> = objections(0).iter().map(|(rule, _)| *rule).collect();
        assert_eq!(of_a, ["NodeUnschedulable", "TaintToleration"]);
        assert_eq!(
            objections(1),
            [("NodeResourcesFit", "Insufficient cpu".to_owned())]
        );
        assert!(explanation.of_all.is_empty());
    }
}
