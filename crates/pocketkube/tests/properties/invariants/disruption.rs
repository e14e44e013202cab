//! An eviction never takes a Pod that its budget needs, and budgets count what is there.

use serde_json::Value;

use super::{Invariant, ensure};
use crate::properties::objects::{
    app, controller, is_active, is_ready, is_terminating, name, namespace, number, replicas, share,
    uid,
};
use crate::properties::state::{Commit, State, is_eviction};

pub struct Disruption;

/// The Pods of the workload that a budget of the same name is for.
fn covered<'a>(state: &'a State, budget: &'a Value) -> impl Iterator<Item = &'a Value> {
    let pods = state.all("pods");
    pods.filter(|pod| namespace(pod) == namespace(budget) && app(pod) == name(budget))
}

/// The workload itself.
fn workload<'a>(state: &'a State, budget: &Value) -> Option<&'a Value> {
    let mut kinds = ["deployments", "statefulsets"].into_iter();
    kinds.find_map(|kind| state.get(kind, namespace(budget), name(budget)))
}

/// Whether a budget covers Pods that the workload has lost, whose former owners count as well.
fn has_strangers(state: &State, budget: &Value) -> bool {
    let owner = workload(state, budget).map(uid).unwrap_or_default();
    let is_own = |pod: &Value| {
        let direct = controller(pod);
        let set = state.by_uid("replicasets", direct);
        !owner.is_empty() && (direct == owner || set.is_some_and(|set| controller(set) == owner))
    };
    covered(state, budget).any(|pod| !is_own(pod))
}

/// How many Pods there should be, and how many of them a budget needs.
fn needs(state: &State, budget: &Value) -> (i64, i64) {
    let spec = &budget["spec"];
    let there = covered(state, budget).filter(|pod| !is_terminating(pod));
    let there = i64::try_from(there.count()).unwrap();
    let expected = workload(state, budget).map_or(0, replicas);
    // Without Pods there is nobody to ask for the size.
    let expected = if there == 0 { 0 } else { expected };
    if !spec["maxUnavailable"].is_null() {
        let most = share(&spec["maxUnavailable"], expected, true);
        return (expected, (expected - most).max(0));
    }
    match spec["minAvailable"].as_i64() {
        Some(least) => (there, least),
        None => (expected, share(&spec["minAvailable"], expected, true)),
    }
}

fn healthy(state: &State, budget: &Value) -> i64 {
    let healthy = covered(state, budget).filter(|pod| is_active(pod) && is_ready(pod));
    i64::try_from(healthy.count()).unwrap()
}

impl Invariant for Disruption {
    fn commit(&mut self, state: &State, commit: &Commit) -> Result<(), String> {
        let Some(before) = commit.previous().filter(|before| is_ready(before)) else {
            return Ok(());
        };
        let budget = state.get("poddisruptionbudgets", namespace(before), app(before));
        let Some(budget) = budget.filter(|_| is_eviction(commit)) else {
            return Ok(());
        };
        let workload = workload(state, budget);
        let is_steady = workload.is_none_or(|own| state.is_steady(own, "/spec/replicas"));
        if !is_steady || !state.is_seen(app(before)) || has_strangers(state, budget) {
            return Ok(());
        }
        let (_, least) = needs(state, budget);
        let left = healthy(state, budget);
        let pod = name(before);
        ensure(left >= least, || {
            format!("{pod} leaves {left} healthy Pods of {least}: {budget}")
        })
    }

    fn quiet(&mut self, state: &State) -> Result<(), String> {
        for budget in state.all("poddisruptionbudgets") {
            if has_strangers(state, budget) {
                continue;
            }
            let (expected, least) = needs(state, budget);
            let healthy = healthy(state, budget);
            let count = |field: &str| number(budget, &format!("/status/{field}"));
            let spare = (healthy - least).max(0);
            let allowed = if expected == 0 { 0 } else { spare };
            let holds = count("currentHealthy") == healthy
                && count("desiredHealthy") == least
                && count("expectedPods") == expected
                && count("disruptionsAllowed") == allowed;
            ensure(holds, || {
                format!("{healthy} healthy Pods, {expected} expected, {least} needed: {budget}")
            })?;
        }
        Ok(())
    }
}
