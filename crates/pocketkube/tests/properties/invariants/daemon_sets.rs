//! A DaemonSet has at most one Pod on a node, two while it surges, and in the end one on each.

use serde_json::Value;

use super::{Invariant, ensure};
use crate::properties::fleet::NODES;
use crate::properties::objects::{
    controller, is_active, is_ready, is_terminating, list, name, node_of, number, text, uid,
};
use crate::properties::state::{Commit, State};

pub struct DaemonSets;

/// The node that a Pod is on, or meant for.
fn place(pod: &Value) -> &str {
    if !node_of(pod).is_empty() {
        return node_of(pod);
    }
    let terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution\
                 /nodeSelectorTerms/0/matchFields/0/values/0";
    text(pod, terms)
}

impl Invariant for DaemonSets {
    fn commit(&mut self, state: &State, commit: &Commit) -> Result<(), String> {
        if commit.resource != "pods"
            || !commit.is_by("daemon-set-controller")
            || !commit.is_creation()
        {
            return Ok(());
        }
        let pod = commit.object();
        let Some(set) = state.by_uid("daemonsets", controller(pod)) else {
            return Ok(());
        };
        let surge = number(set, "/spec/updateStrategy/rollingUpdate/maxSurge");
        let own = state.controlled_by("pods", uid(set));
        let beside = own.filter(|own| is_active(own) && place(own) == place(pod));
        let beside = i64::try_from(beside.count()).unwrap();
        let is_calm = state.is_calm(name(set));
        ensure(beside <= 1 + surge || !is_calm, || {
            format!("{} is one of {beside} on {}", name(pod), place(pod))
        })
    }

    fn quiet(&mut self, state: &State) -> Result<(), String> {
        for set in state.all("daemonsets").filter(|set| !is_terminating(set)) {
            let image = &set["spec"]["template"]["spec"]["containers"][0]["image"];
            for node in NODES {
                let own = state.controlled_by("pods", uid(set));
                let own: Vec<_> = own.filter(|pod| place(pod) == node).collect();
                let holds = matches!(own.as_slice(), [pod] if is_ready(pod)
                    && list(pod, "/spec/containers")[0]["image"] == *image);
                ensure(holds, || {
                    format!("{node} has {} Pods of this: {set}", own.len())
                })?;
            }
            let count = |field: &str| number(set, &format!("/status/{field}"));
            let all = i64::try_from(NODES.len()).unwrap();
            let counts = [
                "desiredNumberScheduled",
                "currentNumberScheduled",
                "numberReady",
                "numberAvailable",
                "updatedNumberScheduled",
            ];
            let holds = counts.iter().all(|field| count(field) == all)
                && count("numberMisscheduled") == 0
                && count("observedGeneration") == number(set, "/metadata/generation");
            ensure(holds, || format!("this did not come to its end: {set}"))?;
        }
        Ok(())
    }
}
