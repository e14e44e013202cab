//! A Deployment never goes over its surge, never below its availability, never mixes versions
//! where it recreates, and ends with the wanted Pods of the wanted template.

use jiff::Timestamp;
use serde_json::Value;

use super::{Invariant, ensure};
use crate::properties::objects::{
    controller, is_active, is_ready, is_terminal, is_terminating, list, name, number, replicas,
    share, text, uid,
};
use crate::properties::state::{Commit, State};

pub struct Deployments;

fn is_recreate(deployment: &Value) -> bool {
    text(deployment, "/spec/strategy/type") == "Recreate"
}

/// By how much a Deployment may be over and below its size.
fn leeway(deployment: &Value) -> (i64, i64) {
    if is_recreate(deployment) {
        return (0, replicas(deployment));
    }
    let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
    let size = replicas(deployment);
    let surge = share(&rolling["maxSurge"], size, true);
    let unavailable = share(&rolling["maxUnavailable"], size, false);
    match (surge, unavailable) {
        (0, 0) => (0, 1),
        leeway => leeway,
    }
}

/// The Deployment that a Pod's ReplicaSet belongs to, and that ReplicaSet.
fn of_pod<'a>(state: &'a State, pod: &Value) -> Option<(&'a Value, &'a Value)> {
    let set = state.by_uid("replicasets", controller(pod))?;
    Some((state.by_uid("deployments", controller(set))?, set))
}

fn pods_of<'a>(state: &'a State, deployment: &'a Value) -> impl Iterator<Item = &'a Value> {
    let sets = state.controlled_by("replicasets", uid(deployment));
    sets.flat_map(|set| state.controlled_by("pods", uid(set)))
}

/// The ReplicaSets of a Deployment together are never made larger than size and surge.
fn keeps_surge(state: &State, commit: &Commit) -> Result<(), String> {
    let set = commit.object();
    let Some(deployment) = state.by_uid("deployments", controller(set)) else {
        return Ok(());
    };
    let sets = state.controlled_by("replicasets", uid(deployment));
    let total: i64 = sets.map(replicas).sum();
    let grown = replicas(set) - commit.previous().map_or(0, replicas);
    let limits = state
        .lately(deployment)
        .map(|own| replicas(own) + leeway(own).0);
    let limit = limits.max().unwrap_or_default();
    ensure(grown <= 0 || total <= limit, || {
        format!(
            "{} makes it {total} Pods, and {limit} is the limit",
            name(set)
        )
    })
}

/// Whether a Pod has been ready for so many seconds that every loop takes it for available.
/// Moments are written in whole seconds, and a loop may be one second behind.
fn is_available(pod: &Value, seconds: i64, now: Timestamp) -> bool {
    let conditions = list(pod, "/status/conditions");
    let ready = conditions.iter().find(|own| own["type"] == "Ready");
    let since = ready.map(|own| text(own, "/lastTransitionTime").parse::<Timestamp>());
    let Some(Ok(since)) = since.filter(|_| is_ready(pod)) else {
        return false;
    };
    now.duration_since(since).as_secs() >= seconds + 2
}

/// An available Pod is only taken away while enough others are ready. One that has not been ready
/// for long enough is not healthier than one that is not ready.
fn keeps_availability(state: &State, commit: &Commit) -> Result<(), String> {
    let Some(before) = commit.previous() else {
        return Ok(());
    };
    let Some((deployment, _)) = of_pod(state, before) else {
        return Ok(());
    };
    let seconds = number(deployment, "/spec/minReadySeconds");
    if seconds > 0 && !is_available(before, seconds, commit.at) || !is_ready(before) {
        return Ok(());
    }
    let is_resized = !state.is_steady(deployment, "/spec/replicas");
    if is_resized || is_terminating(deployment) || !state.is_calm(name(deployment)) {
        return Ok(());
    }
    let left = pods_of(state, deployment).filter(|pod| is_active(pod) && is_ready(pod));
    let left = i64::try_from(left.count()).unwrap();
    let least = state
        .lately(deployment)
        .map(|own| replicas(own) - leeway(own).1);
    let least = least.min().unwrap_or_default();
    ensure(left >= least, || {
        format!(
            "{} leaves {left} ready Pods, and {least} is the least",
            name(before)
        )
    })
}

/// Where everything is recreated, nothing new starts beside something old.
fn keeps_apart(state: &State, commit: &Commit) -> Result<(), String> {
    let pod = commit.object();
    let Some((deployment, set)) = of_pod(state, pod) else {
        return Ok(());
    };
    if !is_recreate(deployment) || !state.is_steady(deployment, "/spec") {
        return Ok(());
    }
    let mut others = pods_of(state, deployment);
    let other = others.find(|other| controller(other) != uid(set) && !is_terminal(other));
    ensure(other.is_none(), || {
        let other = other.map(name).unwrap_or_default();
        format!("{} starts while {other} of another version runs", name(pod))
    })
}

fn counts_make_sense(commit: &Commit) -> Result<(), String> {
    let deployment = commit.object();
    let count = |field: &str| number(deployment, &format!("/status/{field}"));
    let seen = count("observedGeneration");
    let was_seen = commit
        .previous()
        .map_or(0, |own| number(own, "/status/observedGeneration"));
    let kinds: Vec<&str> = list(deployment, "/status/conditions")
        .iter()
        .map(|own| text(own, "/type"))
        .collect();
    let mut unique = kinds.clone();
    unique.sort_unstable();
    unique.dedup();
    let holds = seen <= number(deployment, "/metadata/generation")
        && seen >= was_seen
        && count("updatedReplicas") <= count("replicas")
        && count("availableReplicas") <= count("readyReplicas")
        && count("readyReplicas") <= count("replicas")
        && unique.len() == kinds.len();
    ensure(holds, || format!("a status that can't be: {deployment}"))
}

impl Invariant for Deployments {
    fn commit(&mut self, state: &State, commit: &Commit) -> Result<(), String> {
        match commit.resource {
            "replicasets" if commit.is_by("deployment-controller") && !commit.is_deletion() => {
                keeps_surge(state, commit)
            }
            "pods" if commit.is_by("replicaset-controller") && commit.begins_end() => {
                keeps_availability(state, commit)
            }
            "pods" if commit.is_by("replicaset-controller") && commit.is_creation() => {
                keeps_apart(state, commit)
            }
            "deployments" if commit.is_by("deployment-controller") => counts_make_sense(commit),
            _ => Ok(()),
        }
    }

    fn quiet(&mut self, state: &State) -> Result<(), String> {
        for deployment in state.all("deployments") {
            let size = replicas(deployment);
            let count = |field: &str| number(deployment, &format!("/status/{field}"));
            let counts = [
                "replicas",
                "updatedReplicas",
                "readyReplicas",
                "availableReplicas",
            ];
            let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
            let pods: Vec<_> = pods_of(state, deployment)
                .filter(|pod| is_active(pod))
                .collect();
            let are_wanted = pods
                .iter()
                .all(|pod| pod["spec"]["containers"][0]["image"] == *image);
            let holds = counts.iter().all(|field| count(field) == size)
                && count("observedGeneration") == number(deployment, "/metadata/generation")
                && count("unavailableReplicas") == 0
                && i64::try_from(pods.len()) == Ok(size)
                && are_wanted;
            ensure(holds, || {
                format!("this did not come to its end: {deployment}")
            })?;
            let progressing = list(deployment, "/status/conditions")
                .iter()
                .find(|own| own["type"] == "Progressing");
            let reason = progressing.map(|own| text(own, "/reason"));
            ensure(reason == Some("NewReplicaSetAvailable"), || {
                format!("{} is complete and says {reason:?}", name(deployment))
            })?;
            let limit = number(deployment, "/spec/revisionHistoryLimit");
            let sets = state.controlled_by("replicasets", uid(deployment));
            let old = i64::try_from(sets.count()).unwrap() - 1;
            ensure(old <= limit, || {
                format!(
                    "{} keeps {old} old ReplicaSets of {limit}",
                    name(deployment)
                )
            })?;
        }
        Ok(())
    }
}
