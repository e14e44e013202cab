//! Creates and deletes a Job's Pods.
//!
//! Mirrors `manageJob` and `indexed_job_utils.go` (v1.35).

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector, Pod};

use super::super::pod;
use super::super::pod_control::{is_namespace_terminating, pod_from_template, slow_start};
use super::tally::{
    INDEX, INDEX_FAILURES, TRACKING, Tally, index_of, indexed, replaces_failed_only, spec,
};
use super::{JobController, Key, SyncError, backoff};
use crate::client::Kind;

/// How many Pods are created or deleted in one sync.
const BURST: usize = 500;

pub(super) fn is_suspended(job: &Job) -> bool {
    job.spec.as_ref().and_then(|spec| spec.suspend) == Some(true)
}

/// How many Pods should run now.
fn wanted_active(job: &Job, tally: &Tally) -> usize {
    let spec = spec(job);
    let number = |count: i32| usize::try_from(count).unwrap_or(0);
    let parallelism = number(spec.parallelism.unwrap_or(1));
    match spec.completions {
        // Once one has succeeded, the others may end and no new ones start.
        None if tally.succeeded > 0 => tally.active.len().min(parallelism),
        None => parallelism,
        Some(completions) => {
            let failed = i32::try_from(tally.failed_indexes.len()).unwrap_or(i32::MAX);
            number(completions - tally.succeeded - failed).min(parallelism)
        }
    }
}

impl JobController {
    /// Brings the number of running Pods to what it should be; returns that number.
    pub(super) async fn manage(&self, job: &Job, tally: &Tally) -> Result<usize, SyncError> {
        if is_suspended(job) {
            self.delete_pods(job, &tally.active).await?;
            return Ok(0);
        }
        let wanted = wanted_active(job, tally);
        let doomed = doomed(job, tally, tally.active.len().saturating_sub(wanted));
        if !doomed.is_empty() {
            self.delete_pods(job, &doomed).await?;
            return Ok(tally.active.len() - doomed.len());
        }
        let held = if replaces_failed_only(job) {
            tally.terminating
        } else {
            0
        };
        let missing = wanted.saturating_sub(tally.active.len() + held).min(BURST);
        if missing == 0 {
            return Ok(tally.active.len());
        }
        let created = self.create_pods(job, tally, missing).await?;
        Ok(tally.active.len() + created)
    }

    pub(super) async fn delete_pods(
        &self,
        job: &Job,
        doomed: &[Arc<Pod>],
    ) -> Result<(), SyncError> {
        if doomed.is_empty() {
            return Ok(());
        }
        let key = job.key();
        self.expectations
            .expect_deletions(&key, doomed.iter().map(|pod| pod.key()));
        let mut outcome = Ok(());
        for pod in doomed {
            if let Err(error) = self.pod_control.delete(job, pod).await {
                self.expectations.deletion_observed(&key, &pod.key());
                if !error.is_not_found() {
                    outcome = Err(error.into());
                }
            }
        }
        outcome
    }

    /// Returns how many were created, which is none while the Job waits after a failure.
    async fn create_pods(
        &self,
        job: &Job,
        tally: &Tally,
        missing: usize,
    ) -> Result<usize, SyncError> {
        let key = job.key();
        let wait = match spec(job).backoff_limit_per_index {
            Some(_) => Duration::ZERO,
            None => self.backoff.left(job, self.clock.now()),
        };
        if !wait.is_zero() {
            self.queue.add_after(Key::Job(key), wait);
            return Ok(0);
        }
        let mut pods = self.new_pods(job, tally, missing);
        let count = pods.len();
        self.expectations.expect_creations(&key, count);
        let (created, outcome) = slow_start(count, || {
            let pod = pods.pop_front();
            let key = &key;
            async move {
                let Some(pod) = pod else {
                    return Ok(());
                };
                match self.pod_control.create_pod(job, pod).await {
                    Err(error) if is_namespace_terminating(&error) => {
                        self.expectations.creations_observed(key, 1);
                        Ok(())
                    }
                    outcome => outcome.map(drop),
                }
            }
        })
        .await;
        self.expectations.creations_observed(&key, count - created);
        outcome?;
        Ok(created)
    }

    fn new_pods(&self, job: &Job, tally: &Tally, missing: usize) -> VecDeque<Pod> {
        let template = spec(job).template;
        let tracked = || {
            let mut pod = pod_from_template(job, &template);
            pod.metadata
                .finalizers
                .get_or_insert_default()
                .push(TRACKING.to_owned());
            pod
        };
        let Some(completions) = indexed(job) else {
            return (0..missing).map(|_| tracked()).collect();
        };
        let mut pods = VecDeque::new();
        let mut next_try: Option<Duration> = None;
        for index in pending_indexes(tally, completions) {
            if pods.len() == missing {
                break;
            }
            let failures = tally
                .index_failures
                .get(&index)
                .copied()
                .unwrap_or_default();
            let wait = backoff::left(failures.count, failures.last, self.clock.now());
            if !wait.is_zero() {
                next_try = Some(next_try.map_or(wait, |known| known.min(wait)));
                continue;
            }
            let mut pod = tracked();
            number(&mut pod, job, index);
            if spec(job).backoff_limit_per_index.is_some() {
                let annotations = pod.metadata.annotations.get_or_insert_default();
                annotations.insert(INDEX_FAILURES.to_owned(), failures.count.to_string());
            }
            pods.push_back(pod);
        }
        if let Some(wait) = next_try {
            self.queue.add_after(Key::Job(job.key()), wait);
        }
        pods
    }
}

/// The indexes that nobody works on and nobody has finished, in order.
fn pending_indexes(tally: &Tally, completions: i32) -> impl Iterator<Item = i32> {
    let running: BTreeSet<i32> = tally
        .active
        .iter()
        .filter_map(|pod| index_of(pod))
        .collect();
    (0..completions).filter(move |index| {
        !running.contains(index)
            && !tally.completed_indexes.contains(index)
            && !tally.failed_indexes.contains(index)
    })
}

/// Gives a Pod its index: in its name, labels, annotations, host name and environment.
fn number(pod: &mut Pod, job: &Job, index: i32) {
    let metadata = &mut pod.metadata;
    metadata.generate_name = Some(format!("{}-{index}-", job.name()));
    for map in [&mut metadata.labels, &mut metadata.annotations] {
        map.get_or_insert_default()
            .insert(INDEX.to_owned(), index.to_string());
    }
    let variable = EnvVar {
        name: "JOB_COMPLETION_INDEX".to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: None,
                field_path: format!("metadata.labels['{INDEX}']"),
            }),
            ..EnvVarSource::default()
        }),
    };
    let spec = pod.spec.get_or_insert_default();
    spec.hostname = Some(format!("{}-{index}", job.name()));
    let containers = spec.containers.iter_mut();
    for container in containers.chain(spec.init_containers.iter_mut().flatten()) {
        let environment = container.env.get_or_insert_default();
        if !environment.iter().any(|own| own.name == variable.name) {
            environment.push(variable.clone());
        }
    }
}

/// Which Pods go: those of indexes that need none or have another, then as many as are too many,
/// those that have done least first.
fn doomed(job: &Job, tally: &Tally, surplus: usize) -> Vec<Arc<Pod>> {
    let mut pods = tally.active.clone();
    pods.sort_by_key(|pod| {
        let is_assigned = !pod::node_name(pod).is_empty();
        (
            is_assigned,
            pod::phase(pod) == "Running",
            pod::is_ready(pod),
            std::cmp::Reverse(pod.created_at()),
        )
    });
    let mut doomed = Vec::new();
    if let Some(completions) = indexed(job) {
        let mut seen = BTreeSet::new();
        // From the end, so that of two the one that has done more stays.
        let (superfluous, others): (Vec<_>, Vec<_>) = pods.into_iter().rev().partition(|pod| {
            index_of(pod).is_none_or(|index| {
                index >= completions
                    || tally.completed_indexes.contains(&index)
                    || tally.failed_indexes.contains(&index)
                    || !seen.insert(index)
            })
        });
        doomed = superfluous;
        pods = others.into_iter().rev().collect();
    }
    let more = surplus.saturating_sub(doomed.len());
    doomed.extend(pods.into_iter().take(more));
    doomed.truncate(BURST);
    doomed
}
