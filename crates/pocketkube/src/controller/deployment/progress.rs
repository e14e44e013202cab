//! The status of a Deployment: its counts, and whether it is available and progressing.
//!
//! Computing is pure; only the two `write_…` functions reach the server, at the end of a sync.
//! Mirrors `pkg/controller/deployment/progress.go` and `calculateStatus` (v1.35).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet, ReplicaSetCondition,
};

use super::super::conditions::{self, Condition, FALSE, TRUE, UNKNOWN};
use super::numbers::{desired, is_paused, max_unavailable, progress_deadline, wanted};
use super::revision::REVISION;
use super::rollout::Rollout;
use super::{DeploymentController, SyncError};
use crate::client::{Kind, time};

const AVAILABLE: &str = "Available";
const PROGRESSING: &str = "Progressing";
const REPLICA_FAILURE: &str = "ReplicaFailure";

/// Reasons of `Progressing`.
pub(super) const REPLICA_SET_CREATE_ERROR: &str = "ReplicaSetCreateError";
const REPLICA_SET_UPDATED: &str = "ReplicaSetUpdated";
const NEW_REPLICA_SET_CREATED: &str = "NewReplicaSetCreated";
const FOUND_NEW_REPLICA_SET: &str = "FoundNewReplicaSet";
const NEW_REPLICA_SET_AVAILABLE: &str = "NewReplicaSetAvailable";
const PROGRESS_DEADLINE_EXCEEDED: &str = "ProgressDeadlineExceeded";
const DEPLOYMENT_PAUSED: &str = "DeploymentPaused";
const DEPLOYMENT_RESUMED: &str = "DeploymentResumed";

impl DeploymentController {
    /// Writes the counts, without judging progress: while paused, scaling or being deleted.
    pub(super) async fn write_status(&self, rollout: &Rollout) -> Result<(), SyncError> {
        let status = counts(rollout, self.clock.now());
        self.write(rollout, status).await.map(drop)
    }

    /// Writes the counts and how the rollout is getting on, and comes back when its time is up.
    pub(super) async fn write_rollout_status(&self, rollout: &Rollout) -> Result<(), SyncError> {
        let now = self.clock.now();
        let status = judge(rollout, counts(rollout, now), now);
        let wait = until_deadline(&rollout.deployment, &status, now);
        if self.write(rollout, status).await? {
            // The change of the status brings the Deployment back.
            return Ok(());
        }
        match wait {
            Some(wait) if wait < Duration::from_secs(1) => {
                self.queue.add_rate_limited(rollout.deployment.key());
            }
            Some(wait) => {
                let wait = wait + Duration::from_secs(1);
                self.queue.add_after(rollout.deployment.key(), wait);
            }
            None => {}
        }
        Ok(())
    }

    /// True where the status or the revision was news.
    async fn write(&self, rollout: &Rollout, status: DeploymentStatus) -> Result<bool, SyncError> {
        let original = &rollout.original;
        let revision = rollout.deployment.annotation(REVISION);
        if original.status.as_ref() == Some(&status) && original.annotation(REVISION) == revision {
            return Ok(false);
        }
        let mut changed = rollout.deployment.clone();
        changed.status = Some(status);
        self.client.update_status(&changed).await?;
        Ok(true)
    }
}

/// Zero counts are left out of the API's JSON.
fn count(number: i32) -> Option<i32> {
    (number != 0).then_some(number)
}

fn counts(rollout: &Rollout, now: Timestamp) -> DeploymentStatus {
    let deployment = &rollout.deployment;
    let before = deployment.status.clone().unwrap_or_default();
    let statuses = || rollout.sets().filter_map(|set| set.status.as_ref());
    let available: i32 = statuses()
        .filter_map(|status| status.available_replicas)
        .sum();
    let total: i32 = rollout.sets().map(wanted).sum();
    let new = rollout.new.as_ref().and_then(|set| set.status.as_ref());
    let terminating = rollout
        .sets()
        .map(|set| set.status.as_ref()?.terminating_replicas);
    let mut status = DeploymentStatus {
        observed_generation: Some(deployment.generation()),
        replicas: count(statuses().map(|status| status.replicas).sum()),
        updated_replicas: new.and_then(|status| count(status.replicas)),
        ready_replicas: count(statuses().filter_map(|status| status.ready_replicas).sum()),
        available_replicas: count(available),
        unavailable_replicas: count((total - available).max(0)),
        // Unknown as long as one ReplicaSet doesn't say.
        terminating_replicas: terminating.sum(),
        collision_count: before.collision_count,
        conditions: before.conditions,
    };
    let has_minimum = available >= desired(deployment) - max_unavailable(deployment);
    let (state, reason, message) = match has_minimum {
        true => (
            TRUE,
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        ),
        false => (
            FALSE,
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        ),
    };
    set_condition(&mut status, AVAILABLE, (state, reason, message), now);
    status
}

/// Adds to the counts whether the rollout is complete, progressing, or out of time.
fn judge(rollout: &Rollout, mut status: DeploymentStatus, now: Timestamp) -> DeploymentStatus {
    let deployment = &rollout.deployment;
    let current = progressing(deployment).cloned();
    let was_complete = status.replicas == status.updated_replicas
        && current
            .as_ref()
            .is_some_and(|current| current.reason() == NEW_REPLICA_SET_AVAILABLE);
    let subject = match &rollout.new {
        Some(new) => format!("ReplicaSet {:?}", new.name()),
        None => format!("Deployment {:?}", deployment.name()),
    };
    if progress_deadline(deployment).is_none() {
        conditions::remove(status.conditions.get_or_insert_default(), PROGRESSING);
    } else if was_complete {
        // Nothing is being rolled out.
    } else if is_complete(deployment, &status) {
        let message = format!("{subject} has successfully progressed.");
        let state = (TRUE, NEW_REPLICA_SET_AVAILABLE, message.as_str());
        set_condition(&mut status, PROGRESSING, state, now);
    } else if has_progressed(deployment, &status) {
        // Unlike other conditions this one is written anew with the same reason: its time of
        // update is what the deadline counts from.
        let message = format!("{subject} is progressing.");
        let state = (TRUE, REPLICA_SET_UPDATED, message.as_str());
        conditions::remove(status.conditions.get_or_insert_default(), PROGRESSING);
        set_condition(&mut status, PROGRESSING, state, now);
        keep_transition(&mut status, current);
    } else if is_out_of_time(deployment, &status, now) {
        let message = format!("{subject} has timed out progressing.");
        let state = (FALSE, PROGRESS_DEADLINE_EXCEEDED, message.as_str());
        set_condition(&mut status, PROGRESSING, state, now);
    }
    let conditions = status.conditions.get_or_insert_default();
    match rollout.new.iter().chain(&rollout.old).find_map(failure_of) {
        Some(failure) => conditions::set(conditions, failure),
        None => conditions::remove(conditions, REPLICA_FAILURE),
    }
    status
}

fn keep_transition(status: &mut DeploymentStatus, current: Option<DeploymentCondition>) {
    let conditions = status.conditions.iter_mut().flatten();
    for condition in conditions.filter(|own| own.type_ == PROGRESSING) {
        if let Some(current) = current.as_ref().filter(|current| current.status == TRUE) {
            condition.last_transition_time = current.last_transition_time.clone();
        }
    }
}

fn failure_of(set: &ReplicaSet) -> Option<DeploymentCondition> {
    let conditions = set.status.as_ref()?.conditions.as_ref()?;
    let failure: &ReplicaSetCondition = conditions::find(conditions, REPLICA_FAILURE)?;
    Some(DeploymentCondition {
        type_: failure.type_.clone(),
        status: failure.status.clone(),
        reason: failure.reason.clone(),
        message: failure.message.clone(),
        last_transition_time: failure.last_transition_time.clone(),
        last_update_time: failure.last_transition_time.clone(),
    })
}

/// Whether the status shows the wanted number of new, available Pods and no others.
pub(super) fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let desired = count(desired(deployment));
    status.updated_replicas == desired
        && status.replicas == desired
        && status.available_replicas == desired
        && status.observed_generation.unwrap_or(0) >= deployment.generation()
}

fn has_progressed(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let before = deployment.status.clone().unwrap_or_default();
    let number = |count: Option<i32>| count.unwrap_or(0);
    let old_replicas =
        |status: &DeploymentStatus| number(status.replicas) - number(status.updated_replicas);
    number(status.updated_replicas) > number(before.updated_replicas)
        || old_replicas(status) < old_replicas(&before)
        || number(status.ready_replicas) > number(before.ready_replicas)
        || number(status.available_replicas) > number(before.available_replicas)
}

fn is_out_of_time(deployment: &Deployment, status: &DeploymentStatus, now: Timestamp) -> bool {
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let Some(condition) = conditions::find(conditions, PROGRESSING) else {
        return false;
    };
    match condition.reason() {
        NEW_REPLICA_SET_AVAILABLE => false,
        PROGRESS_DEADLINE_EXCEEDED => true,
        _ => deadline(deployment, condition).is_some_and(|deadline| deadline < now),
    }
}

/// How long an unfinished rollout has left; `None` where nothing needs to be awaited.
fn until_deadline(
    deployment: &Deployment,
    status: &DeploymentStatus,
    now: Timestamp,
) -> Option<Duration> {
    let current = progressing(deployment)?;
    if is_complete(deployment, status) || current.reason() == PROGRESS_DEADLINE_EXCEEDED {
        return None;
    }
    let left = deadline(deployment, current)?.duration_since(now);
    Some(left.try_into().unwrap_or(Duration::ZERO))
}

fn deadline(deployment: &Deployment, condition: &DeploymentCondition) -> Option<Timestamp> {
    let span = SignedDuration::from_secs(progress_deadline(deployment)?);
    let since = condition.last_update_time.as_ref()?.0;
    Some(since.saturating_add(span).unwrap_or(Timestamp::MAX))
}

fn progressing(deployment: &Deployment) -> Option<&DeploymentCondition> {
    let conditions = deployment.status.as_ref()?.conditions.as_ref()?;
    conditions::find(conditions, PROGRESSING)
}

/// Notes that the rollout was paused or goes on, so that the pause doesn't count as lack of
/// progress.
pub(super) fn note_pause(deployment: &mut Deployment, now: Timestamp) {
    if deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.progress_deadline_seconds)
        .is_none()
    {
        return;
    }
    let reason = progressing(deployment)
        .map(Condition::reason)
        .unwrap_or_default();
    let state = match (is_paused(deployment), reason) {
        (_, PROGRESS_DEADLINE_EXCEEDED) | (true, DEPLOYMENT_PAUSED) => return,
        (true, _) => (UNKNOWN, DEPLOYMENT_PAUSED, "Deployment is paused"),
        (false, DEPLOYMENT_PAUSED) => (UNKNOWN, DEPLOYMENT_RESUMED, "Deployment is resumed"),
        (false, _) => return,
    };
    let status = deployment.status.get_or_insert_default();
    set_condition(status, PROGRESSING, state, now);
}

/// Notes a new ReplicaSet that was there before anyone judged progress.
pub(super) fn note_found(deployment: &mut Deployment, set: &str, now: Timestamp) {
    if progressing(deployment).is_none() {
        let message = format!("Found new replica set {set:?}");
        note(deployment, (TRUE, FOUND_NEW_REPLICA_SET, &message), now);
    }
}

pub(super) fn note_created(deployment: &mut Deployment, set: &str, now: Timestamp) {
    let message = format!("Created new replica set {set:?}");
    note(deployment, (TRUE, NEW_REPLICA_SET_CREATED, &message), now);
}

pub(super) fn note_failed_create(deployment: &mut Deployment, message: &str, now: Timestamp) {
    note(deployment, (FALSE, REPLICA_SET_CREATE_ERROR, message), now);
}

fn note(deployment: &mut Deployment, state: (&str, &str, &str), now: Timestamp) {
    if progress_deadline(deployment).is_some() {
        let status = deployment.status.get_or_insert_default();
        set_condition(status, PROGRESSING, state, now);
    }
}

fn set_condition(
    status: &mut DeploymentStatus,
    type_: &str,
    (state, reason, message): (&str, &str, &str),
    now: Timestamp,
) {
    let conditions = status.conditions.get_or_insert_default();
    let condition = DeploymentCondition::new(type_, state, reason, message, &time(now));
    conditions::set(conditions, condition);
}

/// Every condition of a Deployment.
#[cfg(test)]
pub(super) fn conditions_of(deployment: &Deployment) -> &[DeploymentCondition] {
    let status = deployment.status.as_ref();
    status
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default()
}
