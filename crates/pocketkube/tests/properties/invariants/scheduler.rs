//! No node is given more than it has, and none that takes nobody.

use super::{Invariant, ensure};
use crate::properties::fleet::{MILLICORES, PODS};
use crate::properties::objects::{is_terminal, list, millicores, name, node_of};
use crate::properties::state::{Commit, State};

pub struct Scheduler;

impl Invariant for Scheduler {
    fn commit(&mut self, state: &State, commit: &Commit) -> Result<(), String> {
        let pod = commit.object();
        let was_bound = commit
            .previous()
            .is_some_and(|pod| !node_of(pod).is_empty());
        if commit.resource != "pods" || was_bound || node_of(pod).is_empty() {
            return Ok(());
        }
        let node = node_of(pod);
        let there = state
            .all("pods")
            .filter(|own| node_of(own) == node && !is_terminal(own));
        let (mut cpu, mut count) = (0, 0);
        for own in there {
            count += 1;
            let containers = list(own, "/spec/containers").iter();
            cpu += containers
                .map(|own| millicores(&own["resources"]["requests"]["cpu"]))
                .sum::<i64>();
        }
        ensure(cpu <= MILLICORES && count <= PODS, || {
            format!("{} makes it {count} Pods and {cpu}m on {node}", name(pod))
        })?;
        let tolerates = list(pod, "/spec/tolerations")
            .iter()
            .any(|own| own["key"] == "node.kubernetes.io/unschedulable");
        let object = state.get("nodes", "", node);
        let is_closed = object.is_some_and(|object| {
            state
                .lately(object)
                .all(|own| own["spec"]["unschedulable"] == true)
        });
        ensure(tolerates || !is_closed, || {
            format!("{} goes to {node}, which takes nobody", name(pod))
        })
    }

    fn quiet(&mut self, state: &State) -> Result<(), String> {
        let mut pods = state.all("pods").filter(|pod| !is_terminal(pod));
        let waiting = pods.find(|pod| node_of(pod).is_empty());
        ensure(waiting.is_none(), || {
            format!("this waits for a node: {waiting:?}")
        })
    }
}
