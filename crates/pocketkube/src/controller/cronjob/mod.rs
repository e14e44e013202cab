//! Creates a Job each time a CronJob's schedule comes round, and keeps some of those that ended.
//!
//! [`schedule`] finds out which time is due; [`jobs`] makes the Job of that time and decides which
//! old ones go. The Jobs themselves are the Job controller's. Mirrors `pkg/controller/cronjob`
//! (v1.35).

mod jobs;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::Resource;
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, CronJobStatus, Job};

use self::schedule::Due;
use super::freshness::Freshness;
use super::job::finished_condition;
use super::pod_control::is_namespace_terminating;
use super::{Controller, ControllerContext, SyncError, run};
use crate::api::cron::Schedule;
use crate::client::{
    Change, Client, DeleteOptions, EventRecorder, EventType, Index, Kind, Lister, ObjectKey,
    Propagation, WorkQueue, reference_to, time,
};
use crate::clock::Clock;

const WORKERS: usize = 5;
const COMPONENT: &str = "cronjob-controller";

struct CronJobController {
    cron_jobs: Lister<CronJob>,
    jobs_by_owner: Index<Job>,
    client: Client,
    recorder: EventRecorder,
    freshness: Freshness,
    queue: Arc<WorkQueue<ObjectKey>>,
    clock: Clock,
}

pub(super) fn start(context: ControllerContext) {
    let cron_jobs = context.informers.get::<CronJob>();
    let jobs = context.informers.get::<Job>();
    let controller = Arc::new(CronJobController {
        cron_jobs: cron_jobs.lister(),
        jobs_by_owner: jobs.lister().by_controller(),
        client: context.client.clone(),
        recorder: context.recorder(COMPONENT),
        freshness: Freshness::default(),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let queue = controller.queue.clone();
    cron_jobs.subscribe(move |change| queue.add(change.object().key()));
    let handler = controller.clone();
    jobs.subscribe(move |change| handler.job_changed(change));
    let queue = (controller.queue.clone(), WORKERS);
    run(&context, COMPONENT, queue, controller, async move {
        cron_jobs.wait_synced().await;
        jobs.wait_synced().await;
    });
}

/// What one sync has found out and changed so far.
struct Sync<'a> {
    cron_job: &'a CronJob,
    spec: CronJobSpec,
    status: CronJobStatus,
    jobs: Vec<Arc<Job>>,
    now: Timestamp,
}

impl CronJobController {
    fn job_changed(&self, change: &Change<Job>) {
        for job in change.old().into_iter().chain([change.object()]) {
            if let Some(owner) = job.controller().filter(|owner| owner.kind == CronJob::KIND) {
                self.queue.add(ObjectKey::new(job.namespace(), &owner.name));
            }
        }
    }

    fn tell(&self, sync: &Sync<'_>, event_type: EventType, reason: &str, message: String) {
        self.recorder
            .event(sync.cron_job, event_type, reason, message);
    }

    /// Brings `status.active` and the time of the last success up to date.
    async fn note_jobs(&self, sync: &mut Sync<'_>) -> Result<(), SyncError> {
        for job in sync.jobs.clone() {
            let is_listed = jobs::is_active(&sync.status, job.uid());
            match (finished_condition(&job), is_listed) {
                (None, false) => {
                    let name = job.name();
                    let message =
                        format!("Saw a job that the controller did not create or forgot: {name}");
                    self.tell(sync, EventType::Warning, "UnexpectedJob", message);
                }
                (Some(condition), true) => {
                    jobs::remove_active(&mut sync.status, job.uid());
                    let name = job.name();
                    let message = format!("Saw completed job: {name}, condition: {condition}");
                    self.tell(sync, EventType::Normal, "SawCompletedJob", message);
                }
                _ => {}
            }
            let completed = job.status.as_ref();
            let completed = completed.and_then(|status| status.completion_time.clone());
            if let Some(completed) = completed
                && finished_condition(&job) == Some("Complete")
                && sync.status.last_successful_time.as_ref() < Some(&completed)
            {
                sync.status.last_successful_time = Some(completed);
            }
        }
        let known: BTreeSet<&str> = sync.jobs.iter().map(|job| job.uid()).collect();
        let listed = sync.status.active.clone().unwrap_or_default();
        for reference in listed {
            let uid = reference.uid.unwrap_or_default();
            let name = reference.name.unwrap_or_default();
            // The cache may be late, so the server is asked.
            if !known.contains(uid.as_str())
                && self
                    .client
                    .find::<Job>(sync.cron_job.namespace(), &name)
                    .await?
                    .is_none_or(|job| job.uid() != uid)
            {
                let message = format!("Active job went missing: {name}");
                self.tell(sync, EventType::Normal, "MissingJob", message);
                jobs::remove_active(&mut sync.status, &uid);
            }
        }
        Ok(())
    }

    /// Starts the Job that is due; returns how long until the CronJob must be looked at again.
    async fn follow_schedule(&self, sync: &mut Sync<'_>) -> Result<Option<Duration>, SyncError> {
        if sync.cron_job.is_terminating() || sync.spec.suspend == Some(true) {
            return Ok(None);
        }
        let Some((schedule, zone)) = self.schedule(sync) else {
            return Ok(None);
        };
        let due = match schedule::due(sync.cron_job, &schedule, &zone, sync.now) {
            Ok(due) => due,
            Err(why) => {
                let text = &sync.spec.schedule;
                let message = format!("invalid schedule: {text} : {why}");
                self.tell(sync, EventType::Warning, "InvalidSchedule", message);
                return Ok(None);
            }
        };
        let next = schedule::until_next(sync.cron_job, &schedule, &zone, sync.now);
        if let Some(due) = due {
            self.run_at(sync, &due, &zone).await?;
        }
        Ok(next)
    }

    fn schedule(&self, sync: &Sync<'_>) -> Option<(Schedule, TimeZone)> {
        let zone = match &sync.spec.time_zone {
            None => TimeZone::UTC,
            Some(name) => match TimeZone::get(name) {
                Ok(zone) => zone,
                Err(error) => {
                    let message = format!("invalid timeZone: {name:?}: {error}");
                    self.tell(sync, EventType::Warning, "UnknownTimeZone", message);
                    return None;
                }
            },
        };
        match Schedule::parse(&sync.spec.schedule) {
            Ok(schedule) => Some((schedule, zone)),
            Err(why) => {
                let text = &sync.spec.schedule;
                let message = format!("unparseable schedule: {text:?} : {why}");
                self.tell(sync, EventType::Warning, "UnparseableSchedule", message);
                None
            }
        }
    }

    async fn run_at(
        &self,
        sync: &mut Sync<'_>,
        due: &Due,
        zone: &TimeZone,
    ) -> Result<(), SyncError> {
        if due.missed_many {
            let message = "too many missed start times. Set or decrease \
                           .spec.startingDeadlineSeconds or check clock skew";
            let message = message.to_owned();
            self.tell(sync, EventType::Warning, "TooManyMissedTimes", message);
        }
        let deadline = sync.spec.starting_deadline_seconds;
        let latest = deadline.map(|span| due.at.saturating_add(SignedDuration::from_secs(span)));
        if latest.is_some_and(|latest| latest.is_ok_and(|latest| latest < sync.now)) {
            let missed = schedule::rfc1123(due.at);
            let message = format!("Missed scheduled time to start a job: {missed}");
            self.tell(sync, EventType::Warning, "MissSchedule", message);
            return Ok(());
        }
        let last = sync.status.last_schedule_time.as_ref();
        let name = jobs::name_at(sync.cron_job, due.at);
        let active = sync.status.active.clone().unwrap_or_default();
        let is_listed = active.iter().any(|own| own.name.as_deref() == Some(&name));
        if is_listed || last.is_some_and(|last| last.0 == due.at) {
            return Ok(());
        }
        match sync.spec.concurrency_policy.as_deref() {
            Some("Forbid") if !active.is_empty() => {
                let message = "Not starting job because prior execution is running and \
                               concurrency policy is Forbid";
                let message = message.to_owned();
                self.tell(sync, EventType::Normal, "JobAlreadyActive", message);
                return Ok(());
            }
            Some("Replace") => {
                for reference in &active {
                    let name = reference.name.as_deref().unwrap_or_default();
                    self.delete(sync, name).await?;
                    let uid = reference.uid.as_deref().unwrap_or_default();
                    jobs::remove_active(&mut sync.status, uid);
                }
            }
            _ => {}
        }
        self.create(sync, due.at, zone).await
    }

    async fn create(
        &self,
        sync: &mut Sync<'_>,
        at: Timestamp,
        zone: &TimeZone,
    ) -> Result<(), SyncError> {
        let job = jobs::job_at(sync.cron_job, at, zone);
        let created = match self.client.create(&job).await {
            Ok(created) => {
                let message = format!("Created job {}", created.name());
                self.tell(sync, EventType::Normal, "SuccessfulCreate", message);
                created
            }
            // Created before, by a sync that could not write its status.
            Err(error) if error.is_already_exists() => {
                let found = self.client.get::<Job>(job.namespace(), job.name()).await?;
                let is_ours = found.is_controlled_by(sync.cron_job.uid());
                if !is_ours || finished_condition(&found).is_some() {
                    return Ok(());
                }
                found
            }
            Err(error) => {
                if !is_namespace_terminating(&error) {
                    let message = format!("Error creating job: {error}");
                    self.tell(sync, EventType::Warning, "FailedCreate", message);
                }
                return Err(error.into());
            }
        };
        if !jobs::is_active(&sync.status, created.uid()) {
            let active = sync.status.active.get_or_insert_default();
            active.push(reference_to(&created));
        }
        sync.status.last_schedule_time = Some(time(at));
        Ok(())
    }

    /// Deletes a Job with its Pods.
    async fn delete(&self, sync: &Sync<'_>, name: &str) -> Result<(), SyncError> {
        let options = DeleteOptions::default().propagation(Propagation::Background);
        let deleted = self
            .client
            .delete::<Job>(sync.cron_job.namespace(), name, &options);
        match deleted.await {
            Ok(()) => {
                let message = format!("Deleted job {name}");
                self.tell(sync, EventType::Normal, "SuccessfulDelete", message);
                Ok(())
            }
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => {
                let message = format!("Deleted job: {error}");
                self.tell(sync, EventType::Warning, "FailedDelete", message);
                Err(error.into())
            }
        }
    }

    async fn write_status(&self, sync: &Sync<'_>) -> Result<(), SyncError> {
        let mut changed = sync.cron_job.clone();
        let current = changed.status.take().unwrap_or_default();
        if current == sync.status {
            return Ok(());
        }
        changed.status = Some(sync.status.clone());
        let written = self.client.update_status(&changed).await?;
        self.freshness.wrote(&written);
        Ok(())
    }
}

#[async_trait]
impl Controller for CronJobController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(cron_job) = self.cron_jobs.get_key(key) else {
            self.freshness.forget(key);
            return Ok(());
        };
        if self.freshness.is_stale(&*cron_job) {
            return Ok(());
        }
        let mut jobs = self.jobs_by_owner.get(cron_job.uid());
        jobs.sort_by_key(|job| jobs::started_at(job));
        let mut status = cron_job.status.clone().unwrap_or_default();
        status.active = status.active.filter(|active| !active.is_empty());
        let mut sync = Sync {
            spec: cron_job.spec.clone().unwrap_or_default(),
            status,
            cron_job: &cron_job,
            jobs,
            now: self.clock.now(),
        };
        self.note_jobs(&mut sync).await?;
        let next = self.follow_schedule(&mut sync).await?;
        for job in jobs::too_old(&sync.spec, &sync.jobs) {
            jobs::remove_active(&mut sync.status, job.uid());
            self.delete(&sync, job.name()).await?;
        }
        self.write_status(&sync).await?;
        if let Some(next) = next {
            self.queue.add_after(key.clone(), next);
        }
        Ok(())
    }
}
