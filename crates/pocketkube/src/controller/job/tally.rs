//! Looks over the Pods of a Job: which run, which have ended, which of those are counted. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::Pod;

use super::super::pod;
use super::FailuresByIndex;
use super::failure_policy::{self, Action};
use super::indexes::{self, Indexes};
use crate::client::Kind;

/// Keeps a Pod until its end has been counted.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// Which part of the work an indexed Job's Pod does.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// How often the index had failed before this Pod.
pub(super) const INDEX_FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";

/// What one sync knows of a Job's Pods.
pub(super) struct Tally {
    pub(super) active: Vec<Arc<Pod>>,
    pub(super) ready: usize,
    /// Deleted, but still running.
    pub(super) terminating: usize,
    /// Ended, and not counted in any way yet.
    pub(super) new_succeeded: Vec<Arc<Pod>>,
    pub(super) new_failed: Vec<Arc<Pod>>,
    /// How many have succeeded and failed in all.
    pub(super) succeeded: i32,
    pub(super) failed: i32,
    /// Pods that still carry the finalizer.
    pub(super) tracked: Vec<Arc<Pod>>,
    /// For indexed Jobs only.
    pub(super) completed_indexes: Indexes,
    pub(super) failed_indexes: Indexes,
    pub(super) index_failures: FailuresByIndex,
    /// Why a rule of the failure policy ends the Job, if one does.
    pub(super) fail_job: Option<String>,
}

/// How an index has failed so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IndexFailures {
    pub(super) count: i32,
    pub(super) last: Option<Timestamp>,
    /// A rule of the failure policy ends the index.
    fails_for_good: bool,
}

pub(super) fn spec(job: &Job) -> JobSpec {
    job.spec.clone().unwrap_or_default()
}

/// The number of indexes of an indexed Job.
pub(super) fn indexed(job: &Job) -> Option<i32> {
    let spec = job.spec.as_ref()?;
    (spec.completion_mode.as_deref() == Some("Indexed")).then(|| spec.completions.unwrap_or(0))
}

pub(super) fn index_of(pod: &Pod) -> Option<i32> {
    pod.annotation(INDEX)?.parse().ok()
}

/// Whether a Pod that is being deleted may be replaced only once it has ended.
pub(super) fn replaces_failed_only(job: &Job) -> bool {
    let spec = job.spec.as_ref();
    spec.and_then(|spec| spec.pod_replacement_policy.as_deref()) == Some("Failed")
}

/// A Pod that was deleted before it could succeed has failed as well, unless the Job waits to see
/// how it ends.
pub(super) fn has_failed(job: &Job, pod: &Pod) -> bool {
    match pod::phase(pod) {
        "Failed" => true,
        "Succeeded" => false,
        _ => pod.is_terminating() && !replaces_failed_only(job),
    }
}

/// When a Pod's last container ended, or else when it was deleted or created.
pub(super) fn finished_at(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod
        .status
        .iter()
        .flat_map(|status| status.container_statuses.iter().flatten());
    let ends = statuses.filter_map(|container| {
        let ended = container.state.as_ref()?.terminated.as_ref()?;
        ended.finished_at.as_ref().map(|time| time.0)
    });
    let ready = pod::condition(pod, "Ready").and_then(|ready| ready.last_transition_time.as_ref());
    let deleted = pod.metadata.deletion_timestamp.as_ref();
    ends.max()
        .or(ready.map(|time| time.0))
        .or(deleted.map(|time| time.0))
        .or(pod.created_at())
}

impl Tally {
    /// `released` are the uids of Pods whose finalizer is gone although the cache shows it.
    pub(super) fn new(job: &Job, pods: &[Arc<Pod>], released: &BTreeSet<String>) -> Self {
        let status = job.status.clone().unwrap_or_default();
        let uncounted = status.uncounted_terminated_pods.clone().unwrap_or_default();
        let uncounted_succeeded = uncounted.succeeded.unwrap_or_default();
        let uncounted_failed = uncounted.failed.unwrap_or_default();
        let is_known = |pod: &Pod| {
            let uid = pod.uid();
            uncounted_succeeded
                .iter()
                .chain(&uncounted_failed)
                .any(|known| known == uid)
        };
        let tracked: Vec<Arc<Pod>> = pods
            .iter()
            .filter(|pod| pod.has_finalizer(TRACKING) && !released.contains(pod.uid()))
            .cloned()
            .collect();
        let new = |ended: &dyn Fn(&Pod) -> bool| -> Vec<Arc<Pod>> {
            let new = tracked.iter().filter(|pod| !is_known(pod) && ended(pod));
            new.cloned().collect()
        };
        let new_succeeded = new(&|pod| pod::phase(pod) == "Succeeded");
        let new_failed = new(&|pod| has_failed(job, pod));
        let active: Vec<Arc<Pod>> = pods
            .iter()
            .filter(|pod| pod::is_active(pod))
            .cloned()
            .collect();

        let actions: BTreeMap<&str, Action> = new_failed
            .iter()
            .map(|pod| (pod.uid(), failure_policy::apply(job, pod)))
            .collect();
        let ignored = actions
            .values()
            .filter(|action| **action == Action::Ignore)
            .count();
        let fail_job = actions.values().find_map(|action| match action {
            Action::FailJob(message) => Some(message.clone()),
            _ => None,
        });
        let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let mut tally = Self {
            ready: active.iter().filter(|pod| pod::is_ready(pod)).count(),
            terminating: pods.iter().filter(|pod| pod::is_shutting_down(pod)).count(),
            succeeded: status.succeeded.unwrap_or(0)
                + number(new_succeeded.len() + uncounted_succeeded.len()),
            failed: status.failed.unwrap_or(0)
                + number(new_failed.len() - ignored + uncounted_failed.len()),
            active,
            new_succeeded,
            new_failed,
            tracked,
            completed_indexes: Indexes::new(),
            failed_indexes: Indexes::new(),
            index_failures: FailuresByIndex::new(),
            fail_job,
        };
        if let Some(limit) = indexed(job) {
            tally.count_indexes(job, pods, limit);
        }
        tally
    }

    fn count_indexes(&mut self, job: &Job, pods: &[Arc<Pod>], limit: i32) {
        let status = job.status.clone().unwrap_or_default();
        self.completed_indexes =
            indexes::parse(&status.completed_indexes.unwrap_or_default(), limit);
        let succeeded = self
            .tracked
            .iter()
            .filter(|pod| pod::phase(pod) == "Succeeded");
        let succeeded = succeeded
            .filter_map(|pod| index_of(pod))
            .filter(|index| *index < limit);
        self.completed_indexes.extend(succeeded);
        self.succeeded = i32::try_from(self.completed_indexes.len()).unwrap_or(i32::MAX);

        let Some(per_index) = spec(job).backoff_limit_per_index else {
            return;
        };
        self.failed_indexes = indexes::parse(&status.failed_indexes.unwrap_or_default(), limit);
        for pod in pods.iter().filter(|pod| has_failed(job, pod)) {
            let Some(index) = index_of(pod).filter(|index| *index < limit) else {
                continue;
            };
            let before = pod
                .annotation(INDEX_FAILURES)
                .and_then(|count| count.parse().ok());
            let failures = self.index_failures.entry(index).or_default();
            let action = failure_policy::apply(job, pod);
            failures.fails_for_good |= action == Action::FailIndex;
            if action != Action::Ignore {
                failures.count = failures.count.max(before.unwrap_or(0) + 1);
            }
            failures.last = failures.last.max(finished_at(pod));
        }
        for (index, failures) in &self.index_failures {
            let is_over = failures.fails_for_good || failures.count > per_index;
            if is_over && !self.completed_indexes.contains(index) {
                self.failed_indexes.insert(*index);
            }
        }
    }
}
