//! A Job never runs more Pods than it may, counts every Pod once, and ends for good.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Invariant, ensure};
use crate::properties::objects::{
    app, controller, has_condition, is_active, is_over, is_terminating, list, name, number, phase,
    text, uid,
};
use crate::properties::state::{Commit, State};

/// What was seen of a Job's Pods: all of them, and how they ended.
#[derive(Default)]
struct Seen {
    created: BTreeSet<String>,
    succeeded: BTreeSet<String>,
}

#[derive(Default)]
pub struct Jobs {
    seen: BTreeMap<String, Seen>,
}

const INDEX: &str = "/metadata/annotations/batch.kubernetes.io~1job-completion-index";

fn is_indexed(job: &Value) -> bool {
    text(job, "/spec/completionMode") == "Indexed"
}

fn parallelism(job: &Value) -> i64 {
    job["spec"]["parallelism"].as_i64().unwrap_or(1)
}

fn active<'a>(state: &'a State, job: &'a Value) -> impl Iterator<Item = &'a Value> {
    state
        .controlled_by("pods", uid(job))
        .filter(|pod| is_active(pod))
}

fn starts_what_it_may(state: &State, job: &Value, pod: &Value) -> Result<(), String> {
    let count = i64::try_from(active(state, job).count()).unwrap();
    let most = state.lately(job).map(parallelism).max().unwrap_or_default();
    ensure(count <= most, || {
        format!("{} is one of {count}, of {most}", name(pod))
    })?;
    ensure(state.lately(job).any(|job| !is_over(job)), || {
        format!("{} starts after the end", name(pod))
    })?;
    let index = text(pod, INDEX);
    let mut twins = active(state, job).filter(|own| text(own, INDEX) == index);
    ensure(
        !is_indexed(job) || twins.nth(1).is_none() || !state.is_calm(app(pod)),
        || format!("{} is not the only one of index {index}", name(pod)),
    )
}

impl Jobs {
    fn counts_once(&self, commit: &Commit) -> Result<(), String> {
        let job = commit.object();
        let count = |job: &Value, field: &str| number(job, &format!("/status/{field}"));
        if let Some(before) = commit.previous() {
            let shrinks = |field: &str| count(job, field) < count(before, field);
            ensure(!shrinks("succeeded") && !shrinks("failed"), || {
                format!(
                    "what has ended begins anew: {} after {}",
                    job["status"], before["status"]
                )
            })?;
            ensure(!is_over(before) || is_over(job), || {
                format!("{} is no longer over", name(job))
            })?;
        }
        let both = has_condition(job, "Complete") && has_condition(job, "Failed");
        ensure(!both, || format!("{} is complete and failed", name(job)))?;
        let seen = self.seen.get(uid(job));
        let created = seen.map_or(0, |seen| seen.created.len());
        let sum = count(job, "succeeded") + count(job, "failed");
        ensure(sum <= i64::try_from(created).unwrap(), || {
            format!("of {created} Pods {sum} have ended: {}", job["status"])
        })?;
        let completions = job["spec"]["completions"].as_i64();
        if let Some(completions) = completions.filter(|_| has_condition(job, "Complete")) {
            let policy = job["spec"]["successPolicy"].is_null();
            ensure(!policy || count(job, "succeeded") >= completions, || {
                format!("complete too early: {}", job["status"])
            })?;
        }
        Ok(())
    }
}

impl Invariant for Jobs {
    fn commit(&mut self, state: &State, commit: &Commit) -> Result<(), String> {
        match commit.resource {
            "jobs" if !commit.is_deletion() => self.counts_once(commit),
            "pods" => {
                let pod = commit.object();
                let Some(job) = state.by_uid("jobs", controller(pod)) else {
                    return Ok(());
                };
                let seen = self.seen.entry(uid(job).to_owned()).or_default();
                seen.created.insert(uid(pod).to_owned());
                if phase(pod) == "Succeeded" {
                    seen.succeeded.insert(uid(pod).to_owned());
                }
                match commit.is_creation() && commit.is_by("job-controller") {
                    true => starts_what_it_may(state, job, pod),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn quiet(&mut self, state: &State) -> Result<(), String> {
        for job in state.all("jobs").filter(|job| !is_terminating(job)) {
            ensure(is_over(job), || format!("this never ends: {job}"))?;
            ensure(active(state, job).next().is_none(), || {
                format!("{} is over and has Pods that run", name(job))
            })?;
            let uncounted = &job["status"]["uncountedTerminatedPods"];
            let is_counted = list(uncounted, "/succeeded").is_empty()
                && list(uncounted, "/failed").is_empty()
                && number(job, "/status/active") == 0;
            ensure(is_counted, || {
                format!("not all are counted: {}", job["status"])
            })?;
            let seen = self.seen.remove(uid(job)).unwrap_or_default();
            let count = |field: &str| number(job, &format!("/status/{field}"));
            if !is_indexed(job) {
                let succeeded = i64::try_from(seen.succeeded.len()).unwrap();
                ensure(count("succeeded") == succeeded, || {
                    format!("{succeeded} Pods succeeded: {}", job["status"])
                })?;
                let created = i64::try_from(seen.created.len()).unwrap();
                ensure(count("succeeded") + count("failed") == created, || {
                    format!("there were {created} Pods: {}", job["status"])
                })?;
            }
            let tracked = state.controlled_by("pods", uid(job)).find(|pod| {
                let finalizers = list(pod, "/metadata/finalizers");
                finalizers
                    .iter()
                    .any(|own| own == "batch.kubernetes.io/job-tracking")
            });
            ensure(tracked.is_none(), || {
                format!("{} is still held", tracked.map(name).unwrap_or_default())
            })?;
        }
        Ok(())
    }
}
