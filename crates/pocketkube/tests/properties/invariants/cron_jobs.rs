//! A CronJob that forbids or replaces never has two Jobs, makes one Job a time, and keeps no more
//! history than it may.

use serde_json::Value;

use super::{Invariant, ensure};
use crate::properties::objects::{
    controller, has_condition, is_terminating, list, name, number, text, uid,
};
use crate::properties::state::{Commit, State};

pub struct CronJobs;

fn is_over(job: &Value) -> bool {
    has_condition(job, "Complete") || has_condition(job, "Failed")
}

impl Invariant for CronJobs {
    fn commit(&mut self, state: &State, commit: &Commit) -> Result<(), String> {
        let job = commit.object();
        if commit.resource != "jobs" || !commit.is_creation() {
            return Ok(());
        }
        let Some(cron_job) = state.by_uid("cronjobs", controller(job)) else {
            return Ok(());
        };
        if text(cron_job, "/spec/concurrencyPolicy") == "Allow" {
            return Ok(());
        }
        let others = state.controlled_by("jobs", uid(cron_job));
        let mut others = others.filter(|other| uid(other) != uid(job) && !is_terminating(other));
        let running = others.find(|other| state.lately(other).all(|own| !is_over(own)));
        ensure(running.is_none(), || {
            format!(
                "{} starts beside {}",
                name(job),
                running.map(name).unwrap_or_default()
            )
        })
    }

    fn quiet(&mut self, state: &State) -> Result<(), String> {
        for cron_job in state.all("cronjobs").filter(|own| !is_terminating(own)) {
            let jobs: Vec<_> = state.controlled_by("jobs", uid(cron_job)).collect();
            for (condition, limit) in [
                ("Complete", "/spec/successfulJobsHistoryLimit"),
                ("Failed", "/spec/failedJobsHistoryLimit"),
            ] {
                let kept = jobs
                    .iter()
                    .filter(|job| has_condition(job, condition))
                    .count();
                let limit = number(cron_job, limit);
                ensure(i64::try_from(kept).unwrap() <= limit, || {
                    format!("{} keeps {kept} of {limit} {condition}", name(cron_job))
                })?;
            }
            ensure(list(cron_job, "/status/active").is_empty(), || {
                format!("nothing runs: {}", cron_job["status"])
            })?;
        }
        Ok(())
    }
}
