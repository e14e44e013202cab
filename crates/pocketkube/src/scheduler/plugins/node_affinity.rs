//! `nodeSelector` and node affinity: labels that a node must, or should, carry.
//!
//! Mirrors `plugins/nodeaffinity` (v1.35).

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{NodeSelectorTerm, PreferredSchedulingTerm};

use crate::component_helpers::node_selector::{matches_required, required_affinity, term_matches};
use crate::scheduler::events::ClusterChange;
use crate::scheduler::framework::{Filter, Plugin, Rejection, Score, Snapshot, normalize};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

pub struct NodeAffinity;

impl Plugin for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    /// Nodes named by `matchFields` in every term, as DaemonSet Pods have it.
    fn candidates(&self, pod: &PodInfo) -> Option<BTreeSet<String>> {
        let selector = required_affinity(pod.spec())?;
        let mut names = BTreeSet::new();
        for term in &selector.node_selector_terms {
            names.extend(named_nodes(term)?);
        }
        Some(names)
    }

    fn filter<'a>(
        &self,
        pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
    ) -> Result<Option<Box<dyn Filter + 'a>>, Rejection> {
        let spec = pod.spec();
        let selects = spec
            .node_selector
            .as_ref()
            .is_some_and(|map| !map.is_empty());
        if !selects && required_affinity(spec).is_none() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |node: &NodeInfo| {
            if matches_required(spec, &node.node) {
                Ok(())
            } else {
                Err(Rejection::unresolvable(
                    "node(s) didn't match Pod's node affinity/selector",
                ))
            }
        })))
    }

    fn score<'a>(
        &self,
        pod: &'a PodInfo,
        _snapshot: &'a Snapshot,
        _feasible: &[&'a NodeInfo],
    ) -> Option<Box<dyn Score + 'a>> {
        let affinity = pod.spec().affinity.as_ref()?.node_affinity.as_ref()?;
        let terms = affinity
            .preferred_during_scheduling_ignored_during_execution
            .as_deref()?;
        Some(Box::new(Preference { terms }))
    }

    fn may_reconsider(&self, change: ClusterChange) -> bool {
        matches!(change, ClusterChange::NodeAdded | ClusterChange::NodeLabels)
    }
}

/// The names in a term's `matchFields`; `None` where it leaves the name open.
fn named_nodes(term: &NodeSelectorTerm) -> Option<BTreeSet<String>> {
    let mut names: Option<BTreeSet<String>> = None;
    for field in term.match_fields.iter().flatten() {
        if field.key != "metadata.name" || field.operator != "In" {
            continue;
        }
        let listed: BTreeSet<String> = field.values.iter().flatten().cloned().collect();
        names = Some(match names {
            Some(names) => names.intersection(&listed).cloned().collect(),
            None => listed,
        });
    }
    names
}

struct Preference<'a> {
    terms: &'a [PreferredSchedulingTerm],
}

impl Score for Preference<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        self.terms
            .iter()
            .filter(|own| term_matches(&own.preference, &node.node))
            .map(|own| i64::from(own.weight))
            .sum()
    }

    fn normalize(&self, scores: &mut [i64]) {
        normalize(scores, false);
    }
}
