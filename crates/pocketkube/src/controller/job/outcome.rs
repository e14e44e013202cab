//! Whether a Job is over, and what it then says. Pure.
//!
//! A Job that is about to end first says so (`SuccessCriteriaMet`, `FailureTarget`), and says the
//! rest (`Complete`, `Failed`) when its last Pod is gone. Mirrors `syncJob` and
//! `success_policy.go` (v1.35).

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::{Job, JobCondition, JobStatus};

use super::super::conditions::TRUE;
use super::super::pod;
use super::indexes;
use super::manage::is_suspended;
use super::tally::{Tally, indexed, spec};
use crate::client::time;

pub(super) const SUSPENDED: &str = "Suspended";
const COMPLETE: &str = "Complete";
const FAILED: &str = "Failed";
const SUCCESS_CRITERIA_MET: &str = "SuccessCriteriaMet";
const FAILURE_TARGET: &str = "FailureTarget";

/// How a Job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) succeeded: bool,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Outcome {
    fn new(succeeded: bool, reason: &str, message: &str) -> Self {
        Self {
            succeeded,
            reason: reason.to_owned(),
            message: message.to_owned(),
        }
    }

    fn failed(reason: &str, message: &str) -> Self {
        Self::new(false, reason, message)
    }

    pub(super) fn completions_reached() -> Self {
        let message = "Reached expected number of succeeded pods";
        Self::new(true, "CompletionsReached", message)
    }

    /// Says that the Job is about to end.
    pub(super) fn announce(&self, status: &mut JobStatus, now: Timestamp) {
        let type_ = if self.succeeded {
            SUCCESS_CRITERIA_MET
        } else {
            FAILURE_TARGET
        };
        self.set(status, type_, now);
    }

    /// Says that it has ended.
    pub(super) fn enact(&self, status: &mut JobStatus, now: Timestamp) {
        self.set(status, if self.succeeded { COMPLETE } else { FAILED }, now);
        if self.succeeded {
            status.completion_time = Some(time(now));
        }
    }

    fn set(&self, status: &mut JobStatus, type_: &str, now: Timestamp) {
        let conditions = status.conditions.get_or_insert_default();
        set_condition(conditions, type_, (TRUE, &self.reason, &self.message), now);
    }
}

pub(super) fn set_condition(
    conditions: &mut Vec<JobCondition>,
    type_: &str,
    (state, reason, message): (&str, &str, &str),
    now: Timestamp,
) {
    let present = conditions.iter_mut().find(|own| own.type_ == type_);
    if present.as_ref().is_some_and(|own| own.status == state) {
        return;
    }
    let condition = JobCondition {
        type_: type_.to_owned(),
        status: state.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_probe_time: Some(time(now)),
        last_transition_time: Some(time(now)),
    };
    match present {
        Some(present) => *present = condition,
        None => conditions.push(condition),
    }
}

fn holds<'a>(status: &'a JobStatus, type_: &str) -> Option<&'a JobCondition> {
    let mut conditions = status.conditions.iter().flatten();
    conditions.find(|own| own.type_ == type_ && own.status == TRUE)
}

pub(super) fn is_finished(job: &Job) -> bool {
    ended(job).is_some()
}

/// The condition that says how a Job has ended, once it has.
pub(super) fn ended(job: &Job) -> Option<&JobCondition> {
    let status = job.status.as_ref()?;
    holds(status, COMPLETE).or_else(|| holds(status, FAILED))
}

/// How the Job ends by what is known already, if it does.
pub(super) fn judge(
    job: &Job,
    status: &JobStatus,
    tally: &Tally,
    now: Timestamp,
) -> Option<Outcome> {
    let announced = |type_, succeeded| {
        let condition = holds(status, type_)?;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Some(Outcome::new(
            succeeded,
            &text(&condition.reason),
            &text(&condition.message),
        ))
    };
    announced(FAILURE_TARGET, false)
        .or_else(|| announced(SUCCESS_CRITERIA_MET, true))
        .or_else(|| failure(job, status, tally, now))
        .or_else(|| success_policy(job, tally))
}

fn failure(job: &Job, status: &JobStatus, tally: &Tally, now: Timestamp) -> Option<Outcome> {
    let spec = spec(job);
    if let Some(message) = &tally.fail_job {
        return Some(Outcome::failed("PodFailurePolicy", message));
    }
    let limit = spec.backoff_limit.unwrap_or(6);
    if tally.failed > limit || restarts_exceed(job, tally, limit) {
        let message = "Job has reached the specified backoff limit";
        return Some(Outcome::failed("BackoffLimitExceeded", message));
    }
    if is_past_deadline(job, status, now) {
        let message = "Job was active longer than specified deadline";
        return Some(Outcome::failed("DeadlineExceeded", message));
    }
    let completions = indexed(job)?;
    spec.backoff_limit_per_index?;
    let failed = tally.failed_indexes.len();
    let most = spec
        .max_failed_indexes
        .and_then(|most| usize::try_from(most).ok());
    if most.is_some_and(|most| failed > most) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return Some(Outcome::failed("MaxFailedIndexesExceeded", message));
    }
    let done = failed + tally.completed_indexes.len();
    (failed > 0 && usize::try_from(completions).is_ok_and(|all| done >= all))
        .then(|| Outcome::failed("FailedIndexes", "Job has failed indexes"))
}

/// Whether Pods that restart in place have done so too often.
fn restarts_exceed(job: &Job, tally: &Tally, limit: i32) -> bool {
    let pod_spec = spec(job).template.spec.unwrap_or_default();
    if pod_spec.restart_policy.as_deref() != Some("OnFailure") {
        return false;
    }
    let alive = tally
        .active
        .iter()
        .filter(|pod| matches!(pod::phase(pod), "Running" | "Pending"));
    let restarts: i32 = alive
        .flat_map(|pod| pod.status.iter())
        .flat_map(|status| {
            let containers = status.container_statuses.iter().flatten();
            containers.chain(status.init_container_statuses.iter().flatten())
        })
        .map(|container| container.restart_count)
        .sum();
    if limit == 0 {
        restarts > 0
    } else {
        restarts >= limit
    }
}

fn is_past_deadline(job: &Job, status: &JobStatus, now: Timestamp) -> bool {
    let deadline = spec(job)
        .active_deadline_seconds
        .filter(|_| !is_suspended(job));
    let (Some(deadline), Some(started)) = (deadline, &status.start_time) else {
        return false;
    };
    now.duration_since(started.0) >= SignedDuration::from_secs(deadline)
}

fn success_policy(job: &Job, tally: &Tally) -> Option<Outcome> {
    let completions = indexed(job)?;
    let policy = spec(job).success_policy?;
    let number = policy.rules.iter().position(|rule| {
        let wanted = rule.succeeded_indexes.as_deref();
        let wanted = wanted.map(|text| indexes::parse(text, completions));
        let met = match &wanted {
            Some(wanted) => wanted.intersection(&tally.completed_indexes).count(),
            None => tally.completed_indexes.len(),
        };
        let enough = rule
            .succeeded_count
            .and_then(|count| usize::try_from(count).ok());
        match (enough, &wanted) {
            (Some(enough), _) => met >= enough,
            (None, Some(wanted)) => met == wanted.len(),
            (None, None) => false,
        }
    })?;
    let message = format!("Matched rules at index {number}");
    Some(Outcome::new(true, "SuccessPolicy", &message))
}

/// Whether the Job's Pods have done all there was to do.
pub(super) fn has_enough(job: &Job, tally: &Tally, active: usize) -> bool {
    let enough = match spec(job).completions {
        // Without a number one success is enough, once all have ended.
        None => tally.succeeded > 0,
        Some(completions) => tally.succeeded >= completions,
    };
    enough && active == 0 && !is_suspended_and_waiting(job)
}

/// A Job without completions that is suspended has not run yet.
fn is_suspended_and_waiting(job: &Job) -> bool {
    is_suspended(job) && spec(job).completions.is_none()
}

/// The status of a condition; False where there is none.
#[cfg(test)]
pub(super) fn status_of<'a>(job: &'a Job, type_: &str) -> &'a str {
    let conditions = job
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    let mut conditions = conditions.filter(|own| own.type_ == type_);
    conditions.next().map_or("False", |own| own.status.as_str())
}
