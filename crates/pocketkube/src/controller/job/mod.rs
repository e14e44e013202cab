//! Runs Pods until enough of them have succeeded, or too many have failed.
//!
//! Every Pod carries a finalizer until it has been counted, so that none is lost or counted twice:
//! [`tally`] looks at the Pods, [`outcome`] judges whether the Job is over, [`manage`] creates and
//! deletes, [`tracking`] counts. Failures per index are read from the Pods that are still there.
//! Mirrors `pkg/controller/job` (v1.35).

mod backoff;
mod failure_policy;
mod indexes;
mod manage;
mod outcome;
mod tally;
#[cfg(test)]
mod tests;
mod tracking;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::Resource;
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::Pod;
use parking_lot::Mutex;
use serde_json::json;

use self::backoff::BackoffRecords;
use self::outcome::Outcome;
use self::tally::{TRACKING, Tally};
use super::claim::claim;
use super::expectations::Expectations;
use super::freshness::Freshness;
use super::pod_control::PodControl;
use super::{Controller, ControllerContext, SyncError, conditions, run};
use crate::api::StatusError;
use crate::client::{
    Change, Client, EventRecorder, EventType, Index, Kind, Lister, ObjectKey, Patch, Selector,
    WorkQueue, time,
};
use crate::clock::Clock;

const WORKERS: usize = 5;
const COMPONENT: &str = "job-controller";
/// Who manages a Job that says so; others are not ours.
const MANAGED_BY: &str = "kubernetes.io/job-controller";

struct JobController {
    jobs: Lister<Job>,
    pods: Lister<Pod>,
    pods_by_owner: Index<Pod>,
    client: Client,
    pod_control: PodControl,
    recorder: EventRecorder,
    expectations: Expectations,
    freshness: Freshness,
    backoff: BackoffRecords,
    /// Pods whose finalizer was removed while the cache still shows it, by uid.
    released: Mutex<BTreeSet<String>>,
    queue: Arc<WorkQueue<Key>>,
    clock: Clock,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Job(ObjectKey),
    /// A Pod with the finalizer of a Job that is gone.
    Orphan(ObjectKey),
}

pub(super) fn start(context: ControllerContext) {
    let jobs = context.informers.get::<Job>();
    let pods = context.informers.get::<Pod>();
    let recorder = context.recorder(COMPONENT);
    let controller = Arc::new(JobController {
        jobs: jobs.lister(),
        pods: pods.lister(),
        pods_by_owner: pods.lister().by_controller(),
        client: context.client.clone(),
        pod_control: PodControl {
            client: context.client.clone(),
            recorder: recorder.clone(),
        },
        recorder,
        expectations: Expectations::new(context.clock.clone()),
        freshness: Freshness::default(),
        backoff: BackoffRecords::default(),
        released: Mutex::default(),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let handler = controller.clone();
    jobs.subscribe(move |change| handler.job_changed(change));
    let handler = controller.clone();
    pods.subscribe(move |change| handler.pod_changed(change));
    let queue = (controller.queue.clone(), WORKERS);
    run(&context, COMPONENT, queue, controller, async move {
        jobs.wait_synced().await;
        pods.wait_synced().await;
    });
}

/// `Complete` or `Failed`, once a Job has ended.
pub(super) fn finished_condition(job: &Job) -> Option<&str> {
    outcome::ended(job).map(|condition| condition.type_.as_str())
}

/// When a Job ended, once it has.
pub(super) fn finished_at(job: &Job) -> Option<Timestamp> {
    let condition = outcome::ended(job)?;
    condition.last_transition_time.as_ref().map(|time| time.0)
}

fn has_tracking(pod: &Pod) -> bool {
    pod.has_finalizer(TRACKING)
}

impl JobController {
    fn job_changed(&self, change: &Change<Job>) {
        let job = change.object();
        if let Change::Deleted(job) = change {
            for pod in self
                .pods_by_owner
                .get(job.uid())
                .iter()
                .filter(|pod| has_tracking(pod))
            {
                self.queue.add(Key::Orphan(pod.key()));
            }
        }
        self.queue.add(Key::Job(job.key()));
    }

    fn pod_changed(&self, change: &Change<Pod>) {
        let pod = change.object();
        let is_gone = matches!(change, Change::Deleted(_));
        if is_gone || !has_tracking(pod) {
            self.released.lock().remove(pod.uid());
        }
        let owner = self.owner_of(pod);
        if let Some(owner) = &owner {
            match change {
                Change::Added(_) if !pod.is_terminating() => {
                    self.expectations.creations_observed(owner, 1);
                }
                _ if is_gone || pod.is_terminating() => {
                    self.expectations.deletion_observed(owner, &pod.key());
                }
                _ => {}
            }
        }
        match owner {
            Some(owner) => self.queue.add(Key::Job(owner)),
            None if has_tracking(pod) && !is_gone => self.queue.add(Key::Orphan(pod.key())),
            None => {}
        }
        if let Some(old) = change.old()
            && old.controller() != pod.controller()
            && let Some(owner) = self.owner_of(old)
        {
            self.queue.add(Key::Job(owner));
        }
    }

    fn owner_of(&self, pod: &Pod) -> Option<ObjectKey> {
        let reference = pod.controller().filter(|owner| owner.kind == Job::KIND)?;
        let job = self.jobs.get(pod.namespace(), &reference.name)?;
        (job.uid() == reference.uid).then(|| job.key())
    }

    async fn sync_job(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(job) = self.jobs.get_key(key) else {
            self.expectations.forget(key);
            self.freshness.forget(key);
            self.backoff.forget(key);
            return Ok(());
        };
        let job = &*job;
        if !is_ours(job) || outcome::is_finished(job) || self.freshness.is_stale(job) {
            return Ok(());
        }
        let may_manage = self.expectations.are_satisfied(key) && !job.is_terminating();
        let selector = job.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        let selector = Selector::from_label_selector(selector);
        let pods = claim(&self.client, job, &selector, &self.pods_by_owner, |_| true).await?;
        let tally = Tally::new(job, &pods, &self.released.lock());

        let now = self.clock.now();
        let mut status = job.status.clone().unwrap_or_default();
        self.note_start(job, &mut status);
        self.backoff.note(job, &tally);
        let mut verdict = outcome::judge(job, &status, &tally, now);
        let mut active = tally.active.len();
        if verdict.is_some() {
            self.delete_pods(job, &tally.active).await?;
            active = 0;
        } else {
            self.await_deadline(job, &status, now);
            if may_manage {
                active = self.manage(job, &tally).await?;
                self.note_suspension(job, &mut status);
            }
            if outcome::has_enough(job, &tally, active) {
                verdict = Some(Outcome::completions_reached());
            }
        }
        self.track(job, status, &tally, verdict, active).await
    }

    /// The first start, from which the deadline counts.
    fn note_start(&self, job: &Job, status: &mut JobStatus) {
        if status.start_time.is_none() && !manage::is_suspended(job) {
            status.start_time = Some(time(self.clock.now()));
        }
    }

    fn await_deadline(&self, job: &Job, status: &JobStatus, now: Timestamp) {
        let deadline = job
            .spec
            .as_ref()
            .and_then(|spec| spec.active_deadline_seconds);
        let (Some(deadline), Some(started)) = (deadline, &status.start_time) else {
            return;
        };
        let until = started
            .0
            .saturating_add(SignedDuration::from_secs(deadline));
        let left = until
            .map(|until| until.duration_since(now))
            .unwrap_or_default();
        // Never zero, so that the deadline has passed when the Job is looked at again.
        let left = Duration::try_from(left).unwrap_or_default() + Duration::from_millis(1);
        if !manage::is_suspended(job) {
            self.queue.add_after(Key::Job(job.key()), left);
        }
    }

    /// Tells of a Job that was suspended or resumed.
    fn note_suspension(&self, job: &Job, status: &mut JobStatus) {
        let now = self.clock.now();
        let suspended = status
            .conditions
            .iter()
            .flatten()
            .find(|own| own.type_ == outcome::SUSPENDED)
            .map(|own| own.status == conditions::TRUE);
        let (state, reason, event, message) = match (manage::is_suspended(job), suspended) {
            (true, None | Some(false)) => (
                conditions::TRUE,
                "JobSuspended",
                "Suspended",
                "Job suspended",
            ),
            (false, Some(true)) => (conditions::FALSE, "JobResumed", "Resumed", "Job resumed"),
            _ => return,
        };
        let list = status.conditions.get_or_insert_default();
        outcome::set_condition(list, outcome::SUSPENDED, (state, reason, message), now);
        // The time that a Job was suspended doesn't count.
        status.start_time = (state == conditions::FALSE).then(|| time(now));
        self.recorder.event(job, EventType::Normal, event, message);
    }

    /// Lets go of a Pod whose Job will never count it.
    async fn release_orphan(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(pod) = self.pods.get_key(key).filter(|pod| has_tracking(pod)) else {
            return Ok(());
        };
        if let Some(reference) = pod.controller().filter(|owner| owner.kind == Job::KIND) {
            let job = self
                .client
                .find::<Job>(pod.namespace(), &reference.name)
                .await?;
            if job.is_some_and(|job| job.uid() == reference.uid && is_ours(&job)) {
                return Ok(());
            }
        }
        Ok(self.remove_finalizer(&pod).await?)
    }

    async fn remove_finalizer(&self, pod: &Pod) -> Result<(), StatusError> {
        let finalizers = pod.metadata.finalizers.clone().unwrap_or_default();
        let left: Vec<_> = finalizers
            .into_iter()
            .filter(|own| own != TRACKING)
            .collect();
        let patch = Patch::Merge(json!({"metadata": {
            "resourceVersion": pod.resource_version(), "finalizers": left,
        }}));
        let patched = self
            .client
            .patch::<Pod>(pod.namespace(), pod.name(), patch)
            .await;
        match patched {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => {
                outcome?;
                self.released.lock().insert(pod.uid().to_owned());
                // The cache may have been faster.
                let cached = self.pods.get_key(&pod.key());
                if cached.is_none_or(|cached| cached.uid() != pod.uid() || !has_tracking(&cached)) {
                    self.released.lock().remove(pod.uid());
                }
                Ok(())
            }
        }
    }
}

fn is_ours(job: &Job) -> bool {
    let manager = job
        .spec
        .as_ref()
        .and_then(|spec| spec.managed_by.as_deref());
    manager.is_none_or(|manager| manager == MANAGED_BY)
}

#[async_trait]
impl Controller for JobController {
    type Key = Key;

    async fn sync(&self, key: &Key) -> Result<(), SyncError> {
        match key {
            Key::Job(job) => self.sync_job(job).await,
            Key::Orphan(pod) => self.release_orphan(pod).await,
        }
    }
}

/// Failures by index, of those that are still to be seen among the Pods.
type FailuresByIndex = HashMap<i32, tally::IndexFailures>;
