//! Spreads Pods evenly over topology domains: as a must, or as a preference.
//!
//! Pods without constraints of their own that belong to a controller prefer to be spread over
//! zones and nodes. Mirrors `plugins/podtopologyspread` (v1.35).

use std::collections::{HashMap, HashSet};

use k8s_openapi::api::core::v1::TopologySpreadConstraint;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;

use crate::client::{Kind, Selector};
use crate::component_helpers::node_selector::{
    NO_EXECUTE, NO_SCHEDULE, matches_required, taints, untolerated,
};
use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, MAX_SCORE, Plugin, Rejection, Score, Snapshot};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

pub struct PodTopologySpread;

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        let constraints = constraints_of(pod, "DoNotSchedule");
        if constraints.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(Spread::count(pod, snapshot, constraints))))
    }

    fn score<'a>(
        &self,
        pod: &'a PodInfo,
        snapshot: &'a Snapshot,
        feasible: &[&'a NodeInfo],
    ) -> Option<Box<dyn Score + 'a>> {
        let own = pod.spec().topology_spread_constraints.as_ref();
        let (constraints, needs_all_keys) = if own.is_some_and(|own| !own.is_empty()) {
            (constraints_of(pod, "ScheduleAnyway"), true)
        } else {
            (default_constraints(pod), false)
        };
        if constraints.is_empty() {
            return None;
        }
        Some(Box::new(Preference::count(
            pod,
            snapshot,
            feasible,
            constraints,
            needs_all_keys,
        )))
    }

    fn may_reconsider(&self, change: ClusterChange) -> bool {
        matches!(
            change,
            ClusterChange::NodeAdded
                | ClusterChange::NodeLabels
                | ClusterChange::NodeTaints
                | ClusterChange::PodPlaced
                | ClusterChange::PodChanged
                | ClusterChange::PodGone
        )
    }
}

/// One constraint, made ready.
struct Constraint {
    key: String,
    max_skew: i64,
    min_domains: usize,
    counted: Counted,
    honors_affinity: bool,
    honors_taints: bool,
}

/// Which Pods of a node count.
enum Counted {
    Matching(Selector),
    /// Those of the same controller; its uid.
    OfOwner(String),
}

impl Constraint {
    fn new(pod: &PodInfo, own: &TopologySpreadConstraint) -> Self {
        let mut selector = own.label_selector.clone();
        if let Some(selector) = &mut selector {
            let labels = pod.pod.labels();
            let keys = own.match_label_keys.iter().flatten();
            let pairs = keys.filter_map(|key| Some((key.clone(), labels.get(key)?.clone())));
            let expressions = pairs.map(|(key, value)| LabelSelectorRequirement {
                key,
                operator: "In".to_owned(),
                values: Some(vec![value]),
            });
            selector
                .match_expressions
                .get_or_insert_default()
                .extend(expressions);
        }
        Self {
            key: own.topology_key.clone(),
            max_skew: i64::from(own.max_skew),
            min_domains: own
                .min_domains
                .map_or(1, |least| usize::try_from(least).unwrap_or(1)),
            counted: Counted::Matching(Selector::from_label_selector(selector.as_ref())),
            honors_affinity: own.node_affinity_policy.as_deref() != Some("Ignore"),
            honors_taints: own.node_taints_policy.as_deref() == Some("Honor"),
        }
    }

    fn count(&self, node: &NodeInfo, namespace: &str) -> i64 {
        match &self.counted {
            Counted::OfOwner(uid) => node.pods_of_owner(uid),
            Counted::Matching(selector) => {
                let matching = node.pods.iter().filter(|placed| {
                    let pod = &placed.pod;
                    pod.namespace() == namespace
                        && !pod.is_terminating()
                        && selector.matches(pod.labels())
                });
                i64::try_from(matching.count()).unwrap_or(i64::MAX)
            }
        }
    }

    /// Whether the node's domain takes part in the spreading.
    fn includes(&self, pod: &PodInfo, node: &NodeInfo) -> bool {
        let blocked = || {
            let effects = [NO_SCHEDULE, NO_EXECUTE];
            untolerated(taints(&node.node), pod.tolerations(), &effects).is_some()
        };
        (!self.honors_affinity || matches_required(pod.spec(), &node.node))
            && !(self.honors_taints && blocked())
    }
}

fn constraints_of(pod: &PodInfo, when_unsatisfiable: &str) -> Vec<Constraint> {
    pod.spec()
        .topology_spread_constraints
        .iter()
        .flatten()
        .filter(|own| own.when_unsatisfiable == when_unsatisfiable)
        .map(|own| Constraint::new(pod, own))
        .collect()
}

/// What the scheduler prefers for Pods of a controller when they don't say.
fn default_constraints(pod: &PodInfo) -> Vec<Constraint> {
    let Some(owner) = pod.pod.controller() else {
        return Vec::new();
    };
    [(HOSTNAME, 3), (ZONE, 5)]
        .into_iter()
        .map(|(key, max_skew)| Constraint {
            key: key.to_owned(),
            max_skew,
            min_domains: 1,
            counted: Counted::OfOwner(owner.uid.clone()),
            honors_affinity: true,
            honors_taints: false,
        })
        .collect()
}

fn has_all_keys(node: &NodeInfo, constraints: &[Constraint]) -> bool {
    constraints.iter().all(|own| node.label(&own.key).is_some())
}

/// Counts per domain for the constraints that must hold.
struct Spread<'a> {
    pod: &'a PodInfo,
    constraints: Vec<Constraint>,
    /// For each constraint, how many matching Pods each domain has.
    domains: Vec<HashMap<&'a str, i64>>,
}

impl<'a> Spread<'a> {
    fn count(pod: &'a PodInfo, snapshot: &'a Snapshot, constraints: Vec<Constraint>) -> Self {
        let mut domains = vec![HashMap::new(); constraints.len()];
        let namespace = pod.pod.namespace();
        for node in &snapshot.nodes {
            if !has_all_keys(node, &constraints) {
                continue;
            }
            for (constraint, counts) in constraints.iter().zip(&mut domains) {
                if let Some(value) = node.label(&constraint.key)
                    && constraint.includes(pod, node)
                {
                    *counts.entry(value).or_default() += constraint.count(node, namespace);
                }
            }
        }
        Self {
            pod,
            constraints,
            domains,
        }
    }
}

impl Filter for Spread<'_> {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejection> {
        for (constraint, counts) in self.constraints.iter().zip(&self.domains) {
            let Some(value) = node.label(&constraint.key) else {
                return Err(Rejection::unresolvable(
                    "node(s) didn't match pod topology spread constraints \
                     (missing required label)",
                ));
            };
            // Fewer domains than wanted: the missing ones count as empty.
            let least = if counts.len() < constraint.min_domains {
                0
            } else {
                counts.values().copied().min().unwrap_or(i64::MAX)
            };
            let own = match &constraint.counted {
                Counted::Matching(selector) => i64::from(selector.matches(self.pod.pod.labels())),
                Counted::OfOwner(_) => 1,
            };
            let here = counts.get(value).copied().unwrap_or_default();
            if (here + own).saturating_sub(least) > constraint.max_skew {
                return Err(Rejection::unschedulable(
                    "node(s) didn't match pod topology spread constraints",
                ));
            }
        }
        Ok(())
    }
}

/// Counts per domain for the constraints that should hold.
struct Preference<'a> {
    namespace: &'a str,
    constraints: Vec<Constraint>,
    domains: Vec<HashMap<&'a str, i64>>,
    /// Keeps constraints with few domains from being drowned by those with many.
    weights: Vec<f64>,
    /// Nodes outside of some constraint, by name.
    ignored: HashSet<&'a str>,
}

impl<'a> Preference<'a> {
    fn count(
        pod: &'a PodInfo,
        snapshot: &'a Snapshot,
        feasible: &[&'a NodeInfo],
        constraints: Vec<Constraint>,
        needs_all_keys: bool,
    ) -> Self {
        let mut own = Self {
            namespace: pod.pod.namespace(),
            domains: vec![HashMap::new(); constraints.len()],
            weights: Vec::new(),
            ignored: HashSet::new(),
            constraints,
        };
        for node in feasible {
            if needs_all_keys && !has_all_keys(node, &own.constraints) {
                own.ignored.insert(node.name());
                continue;
            }
            for (constraint, counts) in own.constraints.iter().zip(&mut own.domains) {
                // Counts of single nodes are looked up when the node is scored.
                if constraint.key != HOSTNAME {
                    counts.insert(node.label(&constraint.key).unwrap_or_default(), 0);
                }
            }
        }
        let nodes = feasible.len() - own.ignored.len();
        own.weights = own
            .constraints
            .iter()
            .zip(&own.domains)
            .map(|(constraint, counts)| {
                let size = if constraint.key == HOSTNAME {
                    nodes
                } else {
                    counts.len()
                };
                (size as f64 + 2.0).ln()
            })
            .collect();
        for node in &snapshot.nodes {
            if needs_all_keys && !has_all_keys(node, &own.constraints) {
                continue;
            }
            for (constraint, counts) in own.constraints.iter().zip(&mut own.domains) {
                let value = node.label(&constraint.key).unwrap_or_default();
                if let Some(count) = counts.get_mut(value)
                    && constraint.includes(pod, node)
                {
                    *count += constraint.count(node, own.namespace);
                }
            }
        }
        own
    }
}

/// Marks nodes that take no part, until scores are normalized.
const IGNORED: i64 = -1;

impl Score for Preference<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        if self.ignored.contains(node.name()) {
            return IGNORED;
        }
        let mut score = 0.0;
        for ((constraint, counts), weight) in self
            .constraints
            .iter()
            .zip(&self.domains)
            .zip(&self.weights)
        {
            let Some(value) = node.label(&constraint.key) else {
                continue;
            };
            let count = if constraint.key == HOSTNAME {
                constraint.count(node, self.namespace)
            } else {
                counts.get(value).copied().unwrap_or_default()
            };
            score += count as f64 * weight + (constraint.max_skew - 1) as f64;
        }
        #[allow(clippy::cast_possible_truncation, reason = "rounded on purpose")]
        let rounded = score.round() as i64;
        rounded
    }

    fn normalize(&self, scores: &mut [i64]) {
        let counted = || scores.iter().copied().filter(|score| *score != IGNORED);
        let lowest = counted().min().unwrap_or_default();
        let highest = counted().max().unwrap_or_default();
        for score in scores {
            *score = match *score {
                IGNORED => 0,
                _ if highest == 0 => MAX_SCORE,
                own => MAX_SCORE * (highest + lowest - own) / highest,
            };
        }
    }
}
