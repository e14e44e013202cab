//! A StatefulSet never skips an ordinal: it starts Pods from the lowest and ends them from the
//! highest, waiting for each, and an update leaves what is below its partition alone.

use serde_json::Value;

use super::{Invariant, ensure};
use crate::properties::objects::{
    controller, is_active, is_ready, is_terminal, is_terminating, name, number, phase, replicas,
    text, uid,
};
use crate::properties::state::{Commit, State};

pub struct StatefulSets;

const REVISION: &str = "/metadata/labels/controller-revision-hash";

fn ordinal(pod: &Value) -> i64 {
    let number = name(pod).rsplit('-').next();
    number.and_then(|number| number.parse().ok()).unwrap_or(-1)
}

fn first(set: &Value) -> i64 {
    number(set, "/spec/ordinals/start")
}

fn is_ordered(set: &Value) -> bool {
    text(set, "/spec/podManagementPolicy") != "Parallel"
}

fn pods<'a>(state: &'a State, set: &'a Value) -> impl Iterator<Item = &'a Value> {
    state.controlled_by("pods", uid(set))
}

fn serves(pod: &Value) -> bool {
    is_active(pod) && phase(pod) == "Running" && is_ready(pod)
}

fn starts_in_order(state: &State, set: &Value, pod: &Value) -> Result<(), String> {
    for below in first(set)..ordinal(pod) {
        let mut pods = pods(state, set);
        let serves = pods.any(|own| ordinal(own) == below && serves(own));
        ensure(serves, || {
            format!(
                "{} starts, and nothing serves at ordinal {below}",
                name(pod)
            )
        })?;
    }
    Ok(())
}

fn ends_in_order(state: &State, set: &Value, pod: &Value) -> Result<(), String> {
    let own = ordinal(pod);
    let mut above = pods(state, set).filter(|other| ordinal(other) > own);
    if own >= first(set) + replicas(set) {
        let higher = above.next().filter(|_| is_ordered(set));
        return ensure(higher.is_none(), || {
            let higher = higher.map(name).unwrap_or_default();
            format!("{} goes before {higher}", name(pod))
        });
    }
    if is_terminal(pod) {
        return Ok(());
    }
    let partition = number(set, "/spec/updateStrategy/rollingUpdate/partition");
    let is_old = text(pod, REVISION) != text(set, "/status/updateRevision");
    ensure(own >= first(set) + partition && is_old, || {
        format!("{} goes without a reason: {}", name(pod), set["status"])
    })?;
    let end = first(set) + replicas(set);
    for higher in own + 1..end {
        let mut pods = pods(state, set);
        ensure(
            pods.any(|other| ordinal(other) == higher && serves(other)),
            || {
                format!(
                    "{} is updated, and nothing serves at ordinal {higher}",
                    name(pod)
                )
            },
        )?;
    }
    Ok(())
}

impl Invariant for StatefulSets {
    fn commit(&mut self, state: &State, commit: &Commit) -> Result<(), String> {
        if commit.resource != "pods" || !commit.is_by("statefulset-controller") {
            return Ok(());
        }
        let pod = commit.previous().unwrap_or(commit.object());
        let Some(set) = state.by_uid("statefulsets", controller(pod)) else {
            return Ok(());
        };
        if !state.is_steady(set, "/spec") || !state.is_calm(name(set)) {
            return Ok(());
        }
        if commit.is_creation() {
            let range = first(set)..first(set) + replicas(set);
            ensure(range.contains(&ordinal(pod)), || {
                format!("{} is one too many", name(pod))
            })?;
            return match is_ordered(set) {
                true => starts_in_order(state, set, pod),
                false => Ok(()),
            };
        }
        match commit.begins_end() {
            true => ends_in_order(state, set, pod),
            false => Ok(()),
        }
    }

    fn quiet(&mut self, state: &State) -> Result<(), String> {
        for set in state.all("statefulsets").filter(|set| !is_terminating(set)) {
            let count = |field: &str| number(set, &format!("/status/{field}"));
            let size = replicas(set);
            let mut ordinals: Vec<_> = pods(state, set).map(ordinal).collect();
            ordinals.sort_unstable();
            let counts = [
                "replicas",
                "readyReplicas",
                "availableReplicas",
                "currentReplicas",
                "updatedReplicas",
            ];
            let holds = counts.iter().all(|field| count(field) == size)
                && set["status"]["currentRevision"] == set["status"]["updateRevision"]
                && count("observedGeneration") == number(set, "/metadata/generation")
                && ordinals == Vec::from_iter(first(set)..first(set) + size);
            ensure(holds, || format!("Pods {ordinals:?} of this: {set}"))?;
        }
        Ok(())
    }
}
