//! Makes room for a Pod by removing Pods of lower priority from one node.
//!
//! A pure decision: which node, which victims. PodDisruptionBudgets are minded where there is a
//! choice. Mirrors `plugins/defaultpreemption` and `framework/preemption/preemption.go` (v1.35).

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use super::framework::{Diagnosis, Rejection, Row, Snapshot, histogram};
use super::node_info::NodeInfo;
use super::pod_info::PodInfo;
use super::schedule_one::{judge, prepare};
use crate::client::{Kind, Selector};

const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
/// How many nodes are tried at least, and the share of large clusters.
const LEAST_CANDIDATES: usize = 100;
const CANDIDATES_PERCENTAGE: usize = 10;

/// A node that fits once its victims are gone.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub node: String,
    /// Most important first.
    pub victims: Vec<Arc<PodInfo>>,
    budget_violations: usize,
}

/// Finds the node where removing Pods of lower priority hurts least.
///
/// # Errors
/// Why preemption doesn't help, as the end of a `FailedScheduling` message.
pub fn preempt(
    rows: &[Row],
    pod: &PodInfo,
    snapshot: &Snapshot,
    diagnosis: &Diagnosis,
    budgets: &[Arc<PodDisruptionBudget>],
) -> Result<Candidate, String> {
    if pod.spec().preemption_policy.as_deref() == Some("Never") {
        return Err("preemption: not eligible due to preemptionPolicy=Never.".to_owned());
    }
    if awaits_victims(pod, snapshot, diagnosis) {
        return Err(
            "preemption: not eligible due to a terminating pod on the nominated node.".to_owned(),
        );
    }
    let total = snapshot.nodes.len();
    let worth_trying: Vec<&Arc<NodeInfo>> = snapshot
        .nodes
        .iter()
        .filter(|node| {
            let verdict = diagnosis.of_nodes.get(node.name());
            verdict.is_some_and(|verdict| verdict.rejection.is_resolvable)
        })
        .collect();
    let limit = (total * CANDIDATES_PERCENTAGE / 100).max(LEAST_CANDIDATES);
    let mut candidates = Vec::new();
    let mut failures = Vec::new();
    for node in &worth_trying {
        if candidates.len() >= limit {
            break;
        }
        match victims_on(rows, pod, snapshot, node, budgets) {
            Ok(candidate) => candidates.push(candidate),
            Err(rejection) => failures.push(rejection),
        }
    }
    candidates
        .into_iter()
        .min_by(|a, b| cost(a).cmp(&cost(b)))
        .ok_or_else(|| {
            let rest = total - worth_trying.len();
            let unhelpful = Rejection::unresolvable(NOT_HELPFUL);
            let reasons = histogram(
                failures.iter(),
                Some(&(rest, unhelpful)).filter(|_| rest > 0),
            );
            format!("preemption: 0/{total} nodes are available: {reasons}.")
        })
}

/// What there is to say when every node was refused for a reason that no victim can help.
pub fn unhelpful(total: usize) -> String {
    format!("preemption: 0/{total} nodes are available: {total} {NOT_HELPFUL}.")
}

/// Whether room is already being made for the Pod.
fn awaits_victims(pod: &PodInfo, snapshot: &Snapshot, diagnosis: &Diagnosis) -> bool {
    let Some(name) = pod.nominated_node() else {
        return false;
    };
    let unresolvable = diagnosis
        .of_nodes
        .get(name)
        .is_some_and(|verdict| !verdict.rejection.is_resolvable);
    let Some(node) = snapshot.node(name).filter(|_| !unresolvable) else {
        return false;
    };
    node.pods
        .iter()
        .any(|placed| placed.priority < pod.priority && placed.pod.is_terminating())
}

/// The fewest Pods to remove from a node, least important first spared.
fn victims_on(
    rows: &[Row],
    pod: &PodInfo,
    snapshot: &Snapshot,
    node: &NodeInfo,
    budgets: &[Arc<PodDisruptionBudget>],
) -> Result<Candidate, Rejection> {
    let mut lower: Vec<Arc<PodInfo>> = node
        .pods
        .iter()
        .filter(|placed| placed.priority < pod.priority)
        .cloned()
        .collect();
    if lower.is_empty() {
        return Err(Rejection::unresolvable(
            "No preemption victims found for incoming pod",
        ));
    }
    let mut emptied = node.clone();
    for victim in &lower {
        emptied.remove_pod(victim.uid());
    }
    fits(rows, pod, snapshot, &emptied)?;
    lower.sort_by_key(|victim| std::cmp::Reverse(importance(victim)));
    let (violating, harmless): (Vec<_>, Vec<_>) = lower
        .into_iter()
        .partition(|victim| is_protected(victim, budgets));
    let mut victims = Vec::new();
    let mut budget_violations = 0;
    for (victim, is_violation) in violating
        .into_iter()
        .map(|victim| (victim, true))
        .chain(harmless.into_iter().map(|victim| (victim, false)))
    {
        emptied.add_pod(victim.clone());
        if fits(rows, pod, snapshot, &emptied).is_err() {
            emptied.remove_pod(victim.uid());
            budget_violations += usize::from(is_violation);
            victims.push(victim);
        }
    }
    victims.sort_by_key(|victim| std::cmp::Reverse(importance(victim)));
    Ok(Candidate {
        node: node.name().to_owned(),
        victims,
        budget_violations,
    })
}

/// Whether the Pod would fit if the node looked like this.
fn fits(
    rows: &[Row],
    pod: &PodInfo,
    snapshot: &Snapshot,
    node: &NodeInfo,
) -> Result<(), Rejection> {
    let mut imagined = snapshot.clone();
    for own in &mut imagined.nodes {
        if own.name() == node.name() {
            *own = Arc::new(node.clone());
        }
    }
    let filters = prepare(rows, pod, &imagined).map_err(|(_, rejection)| rejection)?;
    judge(&filters, node).map_err(|verdict| verdict.rejection)
}

/// Higher priority, then longer running.
fn importance(pod: &PodInfo) -> (i32, std::cmp::Reverse<Option<Timestamp>>) {
    (pod.priority, std::cmp::Reverse(pod.started_at()))
}

/// Whether a budget allows no further disruption of the Pod.
fn is_protected(pod: &PodInfo, budgets: &[Arc<PodDisruptionBudget>]) -> bool {
    budgets.iter().any(|budget| {
        let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        let status = budget.status.as_ref();
        budget.namespace() == pod.pod.namespace()
            && Selector::from_label_selector(selector).matches(pod.pod.labels())
            && status.is_none_or(|status| status.disruptions_allowed <= 0)
    })
}

/// What a candidate costs, the lower the better: broken budgets, the most important victim, the
/// sum of priorities, the number of victims, and how long the most important has run.
fn cost(candidate: &Candidate) -> (usize, i32, i64, usize, std::cmp::Reverse<Option<Timestamp>>) {
    let highest = candidate
        .victims
        .first()
        .map_or(i32::MIN, |victim| victim.priority);
    let offset = i64::from(i32::MAX) + 1;
    let sum = candidate
        .victims
        .iter()
        .map(|victim| i64::from(victim.priority) + offset)
        .sum();
    let oldest = candidate
        .victims
        .iter()
        .filter(|victim| victim.priority == highest)
        .filter_map(|victim| victim.started_at())
        .min();
    (
        candidate.budget_violations,
        highest,
        sum,
        candidate.victims.len(),
        std::cmp::Reverse(oldest),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::scheduler::plugins::default_plugins;
    use crate::scheduler::schedule_one::Scheduling;
    use crate::scheduler::testing::{node, pod, snapshot};

    fn placed(name: &str, node: &str, cpu: &str, priority: i32) -> Value {
        json!({"metadata": {"name": name}, "spec": {"nodeName": node, "priority": priority,
            "containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}})
    }

    fn attempt(
        snapshot: &Snapshot,
        cpu: &str,
        priority: i32,
    ) -> Result<(String, Vec<String>), String> {
        let new = json!({"metadata": {"name": "new"}, "spec": {"priority": priority,
            "containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}});
        let new = PodInfo::new(Arc::new(pod(new)));
        let diagnosis = Scheduling::new(default_plugins())
            .schedule(&new, snapshot)
            .expect_err("it fits nowhere");
        preempt(&default_plugins(), &new, snapshot, &diagnosis, &[]).map(|candidate| {
            let names = candidate.victims.iter().map(|v| v.uid().to_owned());
            (candidate.node.clone(), names.collect())
        })
    }

    #[test]
    fn the_least_important_pods_make_room_and_no_more_than_needed() {
        let snapshot = snapshot(
            vec![node("a", json!({})), node("b", json!({}))],
            vec![
                placed("a1", "a", "2", 5),
                placed("a2", "a", "2", 1),
                placed("b1", "b", "4", 5),
            ],
        );
        let found = attempt(&snapshot, "2", 10);
        assert_eq!(found, Ok(("a".to_owned(), vec!["a2".to_owned()])));
    }

    #[test]
    fn equals_are_not_preempted() {
        let tainted = node(
            "t",
            json!({"taints": [{"key": "x", "effect": "NoSchedule"}]}),
        );
        let snapshot = snapshot(
            vec![node("a", json!({})), tainted],
            vec![placed("a1", "a", "4", 0)],
        );
        assert_eq!(
            attempt(&snapshot, "2", 0).unwrap_err(),
            "preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, \
             1 Preemption is not helpful for scheduling."
        );
    }
}
