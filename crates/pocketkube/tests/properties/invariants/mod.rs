//! What must hold: a file and a row for each loop.

mod cron_jobs;
mod daemon_sets;
mod deployments;
mod disruption;
mod endpoint_slices;
mod jobs;
mod ownership;
mod replica_sets;
mod scheduler;
mod stateful_sets;

use super::state::{Commit, State};

/// A rule that judges what happens. Errors say what was broken, and by what.
pub trait Invariant {
    /// Judges one commit; `state` is how everything is after it.
    fn commit(&mut self, _state: &State, _commit: &Commit) -> Result<(), String> {
        Ok(())
    }

    /// Judges a moment at which nobody has anything left to do.
    fn settled(&mut self, _state: &State) -> Result<(), String> {
        Ok(())
    }

    /// Judges the end, when nothing keeps the loops from their goals.
    fn quiet(&mut self, _state: &State) -> Result<(), String> {
        Ok(())
    }
}

/// Every rule, as a seed begins with them.
pub fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(deployments::Deployments),
        Box::new(replica_sets::ReplicaSets),
        Box::new(stateful_sets::StatefulSets),
        Box::new(daemon_sets::DaemonSets),
        Box::new(jobs::Jobs::default()),
        Box::new(cron_jobs::CronJobs),
        Box::new(scheduler::Scheduler),
        Box::new(disruption::Disruption),
        Box::new(endpoint_slices::EndpointSlices),
        Box::new(ownership::Ownership),
    ]
}

/// Fails with `why` unless `holds`.
fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}
