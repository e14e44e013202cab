//! A ReplicaSet never makes more Pods than it asks for and never takes more than are too many.

use super::{Invariant, ensure};
use crate::properties::objects::{
    controller, is_active, is_terminating, name, number, replicas, uid,
};
use crate::properties::state::{Commit, State};

pub struct ReplicaSets;

impl Invariant for ReplicaSets {
    fn commit(&mut self, state: &State, commit: &Commit) -> Result<(), String> {
        if commit.resource != "pods" || !commit.is_by("replicaset-controller") {
            return Ok(());
        }
        let pod = commit.previous().unwrap_or(commit.object());
        let Some(set) = state.by_uid("replicasets", controller(pod)) else {
            return Ok(());
        };
        let active = state
            .controlled_by("pods", uid(set))
            .filter(|pod| is_active(pod));
        let active = i64::try_from(active.count()).unwrap();
        if commit.is_creation() {
            let most = state.lately(set).map(replicas).max().unwrap_or_default();
            return ensure(active <= most, || {
                format!("{} makes it {active} Pods of {most}", name(pod))
            });
        }
        if commit.begins_end() && is_active(pod) {
            let least = state.lately(set).map(replicas).min().unwrap_or_default();
            let is_left_alone = state.is_calm(crate::properties::objects::app(pod));
            return ensure(active >= least || !is_left_alone, || {
                format!("{} leaves {active} Pods of {least}", name(pod))
            });
        }
        Ok(())
    }

    fn quiet(&mut self, state: &State) -> Result<(), String> {
        for set in state.all("replicasets").filter(|set| !is_terminating(set)) {
            let active = state
                .controlled_by("pods", uid(set))
                .filter(|pod| is_active(pod));
            let active = i64::try_from(active.count()).unwrap();
            let holds = active == replicas(set) && number(set, "/status/replicas") == active;
            ensure(holds, || format!("{active} Pods of this: {set}"))?;
        }
        Ok(())
    }
}
