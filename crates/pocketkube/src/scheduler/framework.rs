//! What a scheduling rule is: a plugin that filters nodes, scores them, or both.
//!
//! A rule looks at the Pod and the whole cluster once ([`Plugin::filter`], [`Plugin::score`]) and
//! hands back something that judges node after node. It keeps no state between cycles, so judging
//! a cluster as it would be (without some Pods, for preemption) is the same call on another
//! [`Snapshot`]. Mirrors `kube-scheduler/framework/interface.go` (v1.35).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::events::ClusterChange;
use super::node_info::NodeInfo;
use super::pod_info::{NamespaceLabels, PodInfo};
use super::volumes::Volumes;

/// The best score a node can get from one rule.
pub const MAX_SCORE: i64 = 100;

/// One scheduling rule.
pub trait Plugin: Send + Sync {
    fn name(&self) -> &'static str;

    /// Whether the Pod may enter the queue at all.
    fn admits(&self, _pod: &PodInfo) -> bool {
        true
    }

    /// Names of the only nodes worth looking at, where the Pod names them itself.
    fn candidates(&self, _pod: &PodInfo) -> Option<BTreeSet<String>> {
        None
    }

    /// The filter for this Pod, `None` where the rule has nothing to object to on any node. An
    /// error is an objection to all nodes alike.
    fn filter<'a>(
        &self,
        _pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        Ok(None)
    }

    /// The scores for this Pod on the nodes that passed every filter, `None` where the rule
    /// prefers none of them.
    fn score<'a>(
        &self,
        _pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
        _feasible: &[&'a NodeInfo],
    ) -> Option<Box<dyn Score + 'a>> {
        None
    }

    /// Whether a change of the cluster can make this rule accept what it rejected.
    fn may_reconsider(&self, _change: ClusterChange) -> bool {
        false
    }
}

/// Judges nodes for one Pod.
pub trait Filter {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejection>;
}

impl<F: Fn(&NodeInfo) -> Result<(), Rejection>> Filter for F {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejection> {
        self(node)
    }
}

/// Rates nodes for one Pod.
pub trait Score {
    fn score(&self, node: &NodeInfo) -> i64;

    /// Brings all scores into `0..=MAX_SCORE`; higher is better from here on.
    fn normalize(&self, _scores: &mut [i64]) {}
}

/// Why a node won't do, in the words that `kubectl describe pod` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub reasons: Vec<Cow<'static, str>>,
    /// Whether removing other Pods from the node could help.
    pub is_resolvable: bool,
}

impl Rejection {
    /// Removing Pods could help.
    pub fn unschedulable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reasons: vec![reason.into()],
            is_resolvable: true,
        }
    }

    /// Whatever is removed, the node won't do.
    pub fn unresolvable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reasons: vec![reason.into()],
            is_resolvable: false,
        }
    }
}

/// The cluster at the moment of a decision.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// All nodes, zones taking turns.
    pub nodes: Vec<Arc<NodeInfo>>,
    pub namespaces: Arc<NamespaceLabels>,
    pub volumes: Arc<Volumes>,
    /// How many placed Pods have affinity terms of any sort; 0 spares looking for them.
    pub pods_with_affinity: usize,
}

impl Snapshot {
    pub fn node(&self, name: &str) -> Option<&Arc<NodeInfo>> {
        self.nodes.iter().find(|node| node.name() == name)
    }
}

/// A rule and how much its score counts.
pub struct Row {
    pub plugin: Box<dyn Plugin>,
    pub weight: i64,
}

/// What was found out about a Pod that fits nowhere: which rule refused which node, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    pub node_count: usize,
    /// Refused before any node was looked at.
    pub of_all: Option<(&'static str, Rejection)>,
    /// The first rule that refused each node.
    pub of_nodes: BTreeMap<String, NodeVerdict>,
    /// Every rule that refuses each node, for those who wonder; empty in large clusters.
    pub objections: BTreeMap<String, Vec<NodeVerdict>>,
    /// Nodes that were not looked at, and the sentence that stands for them.
    pub of_the_rest: Option<(usize, Rejection)>,
    /// What preemption had to say.
    pub preemption: String,
}

/// Which rule refused a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeVerdict {
    pub plugin: &'static str,
    pub rejection: Rejection,
}

impl Diagnosis {
    /// The rules that refused something: their changes of heart wake the Pod.
    pub fn plugins(&self) -> BTreeSet<&'static str> {
        let of_all = self.of_all.iter().map(|(plugin, _)| *plugin);
        let of_nodes = self.of_nodes.values().map(|verdict| verdict.plugin);
        of_all.chain(of_nodes).collect()
    }

    /// The sentence of `FailedScheduling` events and of the `PodScheduled` condition.
    pub fn message(&self) -> String {
        if self.node_count == 0 {
            return "no nodes available to schedule pods".to_owned();
        }
        let mut message = format!("0/{} nodes are available:", self.node_count);
        match &self.of_all {
            Some((_, rejection)) => {
                message.push_str(&format!(" {}.", rejection.reasons.join(", ")));
            }
            None => {
                let histogram = histogram(
                    self.of_nodes.values().map(|verdict| &verdict.rejection),
                    self.of_the_rest.as_ref(),
                );
                if !histogram.is_empty() {
                    message.push_str(&format!(" {histogram}."));
                }
            }
        }
        if !self.preemption.is_empty() {
            message.push_str(&format!(" {}", self.preemption));
        }
        message
    }
}

/// `1 Insufficient cpu, 2 node(s) were unschedulable`: counts of reasons, sorted as text.
pub fn histogram<'a>(
    rejections: impl Iterator<Item = &'a Rejection>,
    rest: Option<&(usize, Rejection)>,
) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for rejection in rejections {
        for reason in &rejection.reasons {
            *counts.entry(reason).or_default() += 1;
        }
    }
    if let Some((nodes, rejection)) = rest {
        for reason in &rejection.reasons {
            *counts.entry(reason).or_default() += nodes;
        }
    }
    let mut parts: Vec<String> = counts
        .into_iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    parts.sort();
    parts.join(", ")
}

/// Scales scores so that the highest becomes [`MAX_SCORE`]; `reverse` makes the lowest best.
pub fn normalize(scores: &mut [i64], reverse: bool) {
    let highest = scores.iter().copied().max().unwrap_or_default();
    for score in scores {
        let scaled = if highest == 0 {
            0
        } else {
            *score * MAX_SCORE / highest
        };
        *score = if reverse { MAX_SCORE - scaled } else { scaled };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_sorted_as_kubernetes_does() {
        let verdict = |rejection| NodeVerdict {
            plugin: "x",
            rejection,
        };
        let diagnosis = Diagnosis {
            node_count: 3,
            of_nodes: [
                (
                    "a",
                    Rejection::unresolvable("node(s) had untolerated taint(s)"),
                ),
                ("b", Rejection::unschedulable("Insufficient cpu")),
                ("c", Rejection::unschedulable("Insufficient cpu")),
            ]
            .into_iter()
            .map(|(node, rejection)| (node.to_owned(), verdict(rejection)))
            .collect(),
            preemption: "preemption: none.".to_owned(),
            ..Diagnosis::default()
        };
        assert_eq!(
            diagnosis.message(),
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. \
             preemption: none."
        );
    }

    #[test]
    fn a_cluster_without_nodes_says_so() {
        let message = Diagnosis::default().message();
        assert_eq!(message, "no nodes available to schedule pods");
    }
}
