//! The Jobs of a CronJob: what one is made of, which are listed as active, which are too old. Pure.
//!
//! Mirrors `getJobFromTemplate2` and `cleanupFinishedJobs` of `pkg/controller/cronjob` (v1.35).

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, CronJobStatus, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::job::finished_condition;
use crate::client::{Kind, controller_reference};

/// Tells for which time a Job was made.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// The same for the same time, so that a Job is never made twice.
pub(super) fn name_at(cron_job: &CronJob, at: Timestamp) -> String {
    format!("{}-{}", cron_job.name(), at.as_second() / 60)
}

pub(super) fn job_at(cron_job: &CronJob, at: Timestamp, zone: &TimeZone) -> Job {
    let spec = cron_job.spec.clone().unwrap_or_default();
    let template = spec.job_template;
    let metadata = template.metadata.unwrap_or_default();
    let mut annotations = metadata.annotations.unwrap_or_default();
    annotations.insert(SCHEDULED.to_owned(), rfc3339(at, zone));
    Job {
        metadata: ObjectMeta {
            name: Some(name_at(cron_job, at)),
            namespace: Some(cron_job.namespace().to_owned()),
            labels: metadata.labels,
            annotations: Some(annotations),
            owner_references: Some(vec![controller_reference(cron_job)]),
            ..ObjectMeta::default()
        },
        spec: template.spec,
        status: None,
    }
}

fn rfc3339(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    let format = match zoned.offset() {
        Offset::UTC => "%Y-%m-%dT%H:%M:%SZ",
        _ => "%Y-%m-%dT%H:%M:%S%:z",
    };
    zoned.strftime(format).to_string()
}

pub(super) fn is_active(status: &CronJobStatus, uid: &str) -> bool {
    let mut active = status.active.iter().flatten();
    active.any(|reference| reference.uid.as_deref() == Some(uid))
}

pub(super) fn remove_active(status: &mut CronJobStatus, uid: &str) {
    if let Some(active) = &mut status.active {
        active.retain(|reference| reference.uid.as_deref() != Some(uid));
    }
    status.active = status.active.take().filter(|active| !active.is_empty());
}

/// The order in which Jobs began; those that have not come last.
pub(super) fn started_at(job: &Job) -> (Timestamp, String) {
    let started = job.status.as_ref();
    let started = started.and_then(|status| status.start_time.as_ref());
    let started = started.map_or(Timestamp::MAX, |time| time.0);
    (started, job.name().to_owned())
}

/// The Jobs that ended and are more than the history keeps; `jobs` come in the order of their
/// beginnings.
pub(super) fn too_old(spec: &CronJobSpec, jobs: &[Arc<Job>]) -> Vec<Arc<Job>> {
    let limits = [
        ("Complete", spec.successful_jobs_history_limit),
        ("Failed", spec.failed_jobs_history_limit),
    ];
    let mut old = Vec::new();
    for (condition, limit) in limits {
        let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else {
            continue;
        };
        let ended: Vec<_> = jobs
            .iter()
            .filter(|job| !job.is_terminating() && finished_condition(job) == Some(condition))
            .collect();
        let surplus = ended.len().saturating_sub(limit);
        old.extend(ended.into_iter().take(surplus).cloned());
    }
    old
}
