//! The scheduler's decisions as data: for each Pod the last one, node by node and rule by rule.
//!
//! Bounded in Pods and in nodes, so that a large cluster costs no more than a small one. Upstream
//! logs these at high verbosity and keeps nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use super::framework::{Diagnosis, NodeVerdict};
use super::pod_info::PodInfo;
use super::schedule_one::Placement;
use crate::client::Kind;

/// Decisions are kept for so many Pods.
const MOST_PODS: usize = 1000;
/// So many refused nodes are told about where none did.
const MOST_REFUSED: usize = 100;
/// So many refused nodes are told about where another did.
const MOST_PASSED_OVER: usize = 20;

/// What the scheduler found out when it last looked for a node for a Pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    /// In cluster time.
    pub at: Timestamp,
    /// The chosen node; none where the Pod fits nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The sentence of the `FailedScheduling` event; empty where there is a node.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How many nodes there were. In large clusters not all of them are in `nodes`.
    pub node_count: usize,
    /// What refuses the Pod whatever the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_everywhere: Option<Refusal>,
    /// Nodes that fit, the best first; then those that do not, by name.
    pub nodes: Vec<NodeDecision>,
}

/// What was found out about a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeDecision {
    pub node: String,
    /// Who objects, and why; nobody where the Pod fits. Where another node was found, only the
    /// first who objected is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// What speaks for the node; nothing where it was the only one that fits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<PluginScore>,
    /// The sum of scores times weights.
    pub total: i64,
}

/// A rule that objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    pub plugin: Cow<'static, str>,
    pub reasons: Vec<Cow<'static, str>>,
    /// Whether removing other Pods could help.
    pub is_resolvable: bool,
}

/// A rule's score, from 0 to 100, and how much it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginScore {
    pub plugin: Cow<'static, str>,
    pub score: i64,
    pub weight: i64,
}

impl From<&NodeVerdict> for Refusal {
    fn from(verdict: &NodeVerdict) -> Self {
        Self {
            plugin: verdict.plugin.into(),
            reasons: verdict.rejection.reasons.clone(),
            is_resolvable: verdict.rejection.is_resolvable,
        }
    }
}

impl Decision {
    pub(super) fn placed(pod: &PodInfo, at: Timestamp, placement: Placement) -> Self {
        let refused = placement.diagnosis.of_nodes.iter();
        let refused = refused
            .map(|(node, verdict)| NodeDecision::refused(node, [verdict]))
            .take(MOST_PASSED_OVER);
        Self {
            node: Some(placement.node),
            nodes: placement.ratings.into_iter().chain(refused).collect(),
            ..Self::about(pod, at, placement.diagnosis.node_count)
        }
    }

    pub(super) fn refused(pod: &PodInfo, at: Timestamp, diagnosis: &Diagnosis) -> Self {
        let whole: BTreeMap<&str, Vec<&NodeVerdict>> = match diagnosis.objections.is_empty() {
            false => {
                let all = diagnosis.objections.iter();
                all.map(|(node, own)| (node.as_str(), own.iter().collect()))
                    .collect()
            }
            true => {
                let first = diagnosis.of_nodes.iter();
                first
                    .map(|(node, own)| (node.as_str(), vec![own]))
                    .collect()
            }
        };
        let nodes = whole.into_iter().take(MOST_REFUSED);
        Self {
            message: diagnosis.message(),
            refused_everywhere: diagnosis
                .of_all
                .as_ref()
                .map(|(plugin, rejection)| Refusal {
                    plugin: (*plugin).into(),
                    reasons: rejection.reasons.clone(),
                    is_resolvable: rejection.is_resolvable,
                }),
            nodes: nodes
                .map(|(node, verdicts)| NodeDecision::refused(node, verdicts))
                .collect(),
            ..Self::about(pod, at, diagnosis.node_count)
        }
    }

    fn about(pod: &PodInfo, at: Timestamp, node_count: usize) -> Self {
        Self {
            namespace: pod.pod.namespace().to_owned(),
            name: pod.pod.name().to_owned(),
            uid: pod.uid().to_owned(),
            at,
            node: None,
            message: String::new(),
            node_count,
            refused_everywhere: None,
            nodes: Vec::new(),
        }
    }
}

impl NodeDecision {
    fn refused<'a>(node: &str, verdicts: impl IntoIterator<Item = &'a NodeVerdict>) -> Self {
        Self {
            node: node.to_owned(),
            refusals: verdicts.into_iter().map(Refusal::from).collect(),
            scores: Vec::new(),
            total: 0,
        }
    }
}

/// The last decision for each Pod; clones share them.
#[derive(Clone, Default)]
pub struct Decisions {
    kept: Arc<RwLock<Kept>>,
}

#[derive(Default)]
struct Kept {
    by_uid: HashMap<String, (u64, Arc<Decision>)>,
    /// All that were made, the oldest first; those that a later one replaced included.
    order: VecDeque<(u64, String)>,
    count: u64,
}

impl Decisions {
    /// The last decision for the Pod with this uid; `None` where the scheduler never looked for a
    /// node, or that was long ago.
    pub fn get(&self, uid: &str) -> Option<Arc<Decision>> {
        let kept = self.kept.read();
        kept.by_uid.get(uid).map(|(_, decision)| decision.clone())
    }

    /// The last decision for a Pod of this name.
    pub fn find(&self, namespace: &str, name: &str) -> Option<Arc<Decision>> {
        let kept = self.kept.read();
        let own = kept
            .by_uid
            .values()
            .filter(|(_, own)| own.namespace == namespace && own.name == name);
        let newest = own.max_by_key(|(number, _)| *number);
        newest.map(|(_, decision)| decision.clone())
    }

    pub(super) fn put(&self, decision: Decision) {
        let mut kept = self.kept.write();
        kept.count += 1;
        let (number, uid) = (kept.count, decision.uid.clone());
        kept.order.push_back((number, uid.clone()));
        kept.by_uid.insert(uid, (number, Arc::new(decision)));
        while kept.order.len() > MOST_PODS {
            if let Some((number, uid)) = kept.order.pop_front()
                && kept.by_uid.get(&uid).is_some_and(|(own, _)| *own == number)
            {
                kept.by_uid.remove(&uid);
            }
        }
    }

    pub(super) fn remove(&self, uid: &str) {
        self.kept.write().by_uid.remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scheduler::testing::pod;

    fn decision(uid: &str) -> Decision {
        let mut info = pod(json!({"containers": []}));
        info.metadata.uid = Some(uid.to_owned());
        let info = PodInfo::new(Arc::new(info));
        Decision::about(&info, Timestamp::UNIX_EPOCH, 3)
    }

    #[test]
    fn the_last_decisions_of_many_pods_are_kept_and_older_ones_go() {
        let decisions = Decisions::default();
        for number in 0..MOST_PODS {
            decisions.put(decision(&number.to_string()));
        }
        // Whoever is tried again is among the last.
        decisions.put(decision("0"));
        decisions.put(decision("new"));
        assert!(decisions.get("0").is_some() && decisions.get("new").is_some());
        assert!(decisions.get("1").is_none());
        assert!(decisions.get("2").is_some());
    }

    #[test]
    fn a_decision_is_read_back_as_it_was_told() {
        let told = Decision {
            nodes: vec![NodeDecision {
                node: "worker".to_owned(),
                refusals: vec![Refusal {
                    plugin: "NodeResourcesFit".into(),
                    reasons: vec!["Insufficient cpu".into()],
                    is_resolvable: true,
                }],
                scores: Vec::new(),
                total: 0,
            }],
            ..decision("a")
        };
        let text = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), told);
    }
}
