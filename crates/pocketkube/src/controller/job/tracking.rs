//! Counts the Pods that have ended, each exactly once.
//!
//! First their uids go into the status, then their finalizers go, then the uids turn into numbers:
//! whatever is interrupted is picked up where it stopped. Mirrors
//! `trackJobStatusAndRemoveFinalizers` (v1.35).

use std::sync::Arc;

use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::Pod;

use super::super::pod;
use super::failure_policy::{self, Action};
use super::outcome::Outcome;
use super::tally::{Tally, has_failed, index_of, indexed};
use super::{JobController, SyncError, indexes};
use crate::client::{EventType, Kind};

impl JobController {
    pub(super) async fn track(
        &self,
        job: &Job,
        mut status: JobStatus,
        tally: &Tally,
        outcome: Option<Outcome>,
        active: usize,
    ) -> Result<(), SyncError> {
        let now = self.clock.now();
        let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        status.active = Some(number(active)).filter(|active| *active != 0);
        status.ready = Some(number(tally.ready));
        // What was deleted in this very sync is on its way out as well.
        let leaving = tally.terminating + tally.active.len().saturating_sub(active);
        status.terminating = Some(number(leaving));
        if let Some(outcome) = &outcome {
            outcome.announce(&mut status, now);
            status.ready = Some(0);
        }
        let ended = ended(job, tally, outcome.is_some());
        note_uncounted(job, &mut status, &ended);
        if indexed(job).is_some() {
            status.completed_indexes = text(&tally.completed_indexes);
            status.failed_indexes = text(&tally.failed_indexes);
        }
        let mut latest = job.clone();
        self.write(&mut latest, status).await?;

        for pod in &ended {
            self.remove_finalizer(pod).await?;
        }
        let mut status = latest.status.clone().unwrap_or_default();
        count_up(job, &mut status, tally);
        if let Some(outcome) = outcome.filter(|_| leaving == 0) {
            outcome.enact(&mut status, now);
            self.write(&mut latest, status).await?;
            self.tell(&latest, &outcome);
            return Ok(());
        }
        self.write(&mut latest, status).await
    }

    /// Writes a status that is news, and keeps what the server returns.
    async fn write(&self, job: &mut Job, status: JobStatus) -> Result<(), SyncError> {
        if job.status.as_ref() == Some(&status) {
            return Ok(());
        }
        job.status = Some(status);
        match self.client.update_status(job).await {
            Ok(written) => {
                self.freshness.wrote(&written);
                *job = written;
                Ok(())
            }
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn tell(&self, job: &Job, outcome: &Outcome) {
        let (event_type, reason, message) = match outcome.succeeded {
            true => (EventType::Normal, "Completed", "Job completed"),
            false => (
                EventType::Warning,
                outcome.reason.as_str(),
                outcome.message.as_str(),
            ),
        };
        self.recorder.event(job, event_type, reason, message);
    }
}

fn text(indexes: &indexes::Indexes) -> Option<String> {
    Some(indexes::format(indexes)).filter(|text| !text.is_empty())
}

/// The Pods that no longer need to be kept: all of them once the Job is over or going.
fn ended(job: &Job, tally: &Tally, is_over: bool) -> Vec<Arc<Pod>> {
    let all = is_over || job.is_terminating();
    let tracked = tally.tracked.iter();
    let ended = tracked.filter(|pod| all || pod::phase(pod) == "Succeeded" || has_failed(job, pod));
    ended.cloned().collect()
}

/// Puts the uids of Pods that have ended into the status, those that are there already excepted.
/// A Pod that still runs when the Job is over counts as failed.
fn note_uncounted(job: &Job, status: &mut JobStatus, ended: &[Arc<Pod>]) {
    let uncounted = status.uncounted_terminated_pods.get_or_insert_default();
    let mut succeeded = uncounted.succeeded.take().unwrap_or_default();
    let mut failed = uncounted.failed.take().unwrap_or_default();
    for pod in ended {
        let uid = pod.uid().to_owned();
        if succeeded.contains(&uid) || failed.contains(&uid) {
            continue;
        }
        if pod::phase(pod) == "Succeeded" {
            // Of an indexed Job the indexes are counted, not the Pods.
            if indexed(job).is_none() {
                succeeded.push(uid);
            }
        } else if failure_policy::apply(job, pod) != Action::Ignore
            && indexed(job).is_none_or(|limit| index_of(pod).is_some_and(|own| own < limit))
        {
            failed.push(uid);
        }
    }
    uncounted.succeeded = Some(succeeded).filter(|list| !list.is_empty());
    uncounted.failed = Some(failed).filter(|list| !list.is_empty());
}

/// Turns uids into numbers.
fn count_up(job: &Job, status: &mut JobStatus, tally: &Tally) {
    let uncounted = status.uncounted_terminated_pods.get_or_insert_default();
    let succeeded = uncounted.succeeded.take().unwrap_or_default();
    let failed = uncounted.failed.take().unwrap_or_default();
    let add = |number: Option<i32>, more: usize| {
        let sum = number.unwrap_or(0) + i32::try_from(more).unwrap_or(i32::MAX);
        Some(sum).filter(|sum| *sum != 0)
    };
    status.succeeded = match indexed(job) {
        Some(_) => add(None, tally.completed_indexes.len()),
        None => add(status.succeeded, succeeded.len()),
    };
    status.failed = add(status.failed, failed.len());
}
