//! Pods that want to be near other Pods, or away from them, by topology domain.
//!
//! Mirrors `plugins/interpodaffinity/{filtering,scoring}.go` (v1.35).

use std::collections::HashMap;

use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, MAX_SCORE, Plugin, Rejection, Score, Snapshot};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::{AffinityTerm, PodInfo};

/// What a required affinity of a placed Pod adds to the score of nodes near it.
const HARD_AFFINITY_WEIGHT: i64 = 1;

pub struct InterPodAffinity;

/// A topology domain: a label's key and value.
type Domain<'a> = (&'a str, &'a str);
type Counts<'a> = HashMap<Domain<'a>, i64>;

impl Plugin for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        let asks = !pod.affinity.is_empty() || !pod.anti_affinity.is_empty();
        if !asks && snapshot.pods_with_affinity == 0 {
            return Ok(None);
        }
        let required = Required::count(pod, snapshot);
        if !asks && required.refusing.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(required)))
    }

    fn score<'a>(
        &self,
        pod: &'a PodInfo,
        snapshot: &'a Snapshot,
        _feasible: &[&'a NodeInfo],
    ) -> Option<Box<dyn Score + 'a>> {
        let prefers = !pod.preferred_affinity.is_empty() || !pod.preferred_anti_affinity.is_empty();
        if !prefers && snapshot.pods_with_affinity == 0 {
            return None;
        }
        let weights = preferences(pod, snapshot);
        (!weights.is_empty()).then(|| Box::new(Preference { weights }) as Box<dyn Score>)
    }

    fn may_reconsider(&self, change: ClusterChange) -> bool {
        matches!(
            change,
            ClusterChange::NodeAdded
                | ClusterChange::NodeLabels
                | ClusterChange::PodPlaced
                | ClusterChange::PodChanged
                | ClusterChange::PodGone
                | ClusterChange::Namespace
        )
    }
}

/// Where Pods stand that the required terms mean.
struct Required<'a> {
    pod: &'a PodInfo,
    snapshot: &'a Snapshot,
    /// Domains with placed Pods whose anti-affinity means the new Pod.
    refusing: Counts<'a>,
    /// Domains with Pods that match all of the new Pod's affinity terms.
    near: Counts<'a>,
    /// Domains with Pods that match one of its anti-affinity terms.
    away: Counts<'a>,
}

impl<'a> Required<'a> {
    fn count(pod: &'a PodInfo, snapshot: &'a Snapshot) -> Self {
        let mut own = Self {
            pod,
            snapshot,
            refusing: Counts::new(),
            near: Counts::new(),
            away: Counts::new(),
        };
        let asks = !pod.affinity.is_empty() || !pod.anti_affinity.is_empty();
        for node in &snapshot.nodes {
            for placed in &node.pods {
                for term in &placed.anti_affinity {
                    if term.matches(&pod.pod, &snapshot.namespaces) {
                        own.refusing.add(node, &term.topology_key, 1);
                    }
                }
                if asks {
                    own.count_matches(node, placed);
                }
            }
        }
        own
    }

    fn count_matches(&mut self, node: &'a NodeInfo, placed: &PodInfo) {
        let namespaces = &self.snapshot.namespaces;
        if matches_all(&self.pod.affinity, placed, self.snapshot) {
            for term in &self.pod.affinity {
                self.near.add(node, &term.topology_key, 1);
            }
        }
        for term in &self.pod.anti_affinity {
            if term.matches(&placed.pod, namespaces) {
                self.away.add(node, &term.topology_key, 1);
            }
        }
    }

    fn is_near(&self, node: &NodeInfo) -> bool {
        let mut found_all = true;
        for term in &self.pod.affinity {
            let Some(value) = node.label(&term.topology_key) else {
                return false;
            };
            found_all &= self.near.contains_key(&(term.topology_key.as_str(), value));
        }
        // The first of a group that wants to be together may go anywhere.
        found_all
            || (self.near.is_empty() && matches_all(&self.pod.affinity, self.pod, self.snapshot))
    }
}

impl Filter for Required<'_> {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejection> {
        if !self.is_near(node) {
            return Err(Rejection::unresolvable(
                "node(s) didn't match pod affinity rules",
            ));
        }
        let meets = |counts: &Counts<'_>, term: &AffinityTerm| {
            node.label(&term.topology_key)
                .is_some_and(|value| counts.contains_key(&(term.topology_key.as_str(), value)))
        };
        if self
            .pod
            .anti_affinity
            .iter()
            .any(|term| meets(&self.away, term))
        {
            return Err(Rejection::unschedulable(
                "node(s) didn't match pod anti-affinity rules",
            ));
        }
        let refused = self
            .refusing
            .keys()
            .any(|(key, value)| node.label(key) == Some(value));
        if refused {
            return Err(Rejection::unschedulable(
                "node(s) didn't satisfy existing pods anti-affinity rules",
            ));
        }
        Ok(())
    }
}

fn matches_all(terms: &[AffinityTerm], pod: &PodInfo, snapshot: &Snapshot) -> bool {
    let mut terms = terms.iter();
    terms.len() > 0 && terms.all(|term| term.matches(&pod.pod, &snapshot.namespaces))
}

/// The weight of each domain, from the new Pod's wishes and from those of placed Pods.
fn preferences<'a>(pod: &'a PodInfo, snapshot: &'a Snapshot) -> Counts<'a> {
    let mut weights = Counts::new();
    let namespaces = &snapshot.namespaces;
    for node in &snapshot.nodes {
        for placed in &node.pods {
            let mut add = |term: &'a AffinityTerm, of: &PodInfo, weight: i64| {
                if term.matches(&of.pod, namespaces) {
                    weights.add(node, &term.topology_key, weight);
                }
            };
            for own in &pod.preferred_affinity {
                add(&own.term, placed, own.weight);
            }
            for own in &pod.preferred_anti_affinity {
                add(&own.term, placed, -own.weight);
            }
            for term in &placed.affinity {
                add(term, pod, HARD_AFFINITY_WEIGHT);
            }
            for theirs in &placed.preferred_affinity {
                add(&theirs.term, pod, theirs.weight);
            }
            for theirs in &placed.preferred_anti_affinity {
                add(&theirs.term, pod, -theirs.weight);
            }
        }
    }
    weights
}

struct Preference<'a> {
    weights: Counts<'a>,
}

impl Score for Preference<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        self.weights
            .iter()
            .filter(|((key, value), _)| node.label(key) == Some(value))
            .map(|(_, weight)| weight)
            .sum()
    }

    fn normalize(&self, scores: &mut [i64]) {
        let lowest = scores.iter().copied().min().unwrap_or_default();
        let highest = scores.iter().copied().max().unwrap_or_default();
        let range = highest - lowest;
        for score in scores {
            *score = if range > 0 {
                MAX_SCORE * (*score - lowest) / range
            } else {
                0
            };
        }
    }
}

trait Add<'a> {
    /// Counts in the node's domain, if it is in one.
    fn add(&mut self, node: &'a NodeInfo, key: &'a str, weight: i64);
}

impl<'a> Add<'a> for Counts<'a> {
    fn add(&mut self, node: &'a NodeInfo, key: &'a str, weight: i64) {
        if let Some(value) = node.label(key) {
            *self.entry((key, value)).or_default() += weight;
        }
    }
}
