//! How long a Job waits before it replaces a Pod that failed: 10 s, doubling, at most 10 minutes.
//!
//! Mirrors `pkg/controller/job/backoff_utils.go` (v1.35).

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use parking_lot::Mutex;

use super::tally::{Tally, finished_at};
use crate::client::{Kind, ObjectKey};

const BASE: Duration = Duration::from_secs(10);
const MAX: Duration = Duration::from_secs(600);

/// What was seen of each Job's failures since its last success.
#[derive(Default)]
pub(super) struct BackoffRecords {
    records: Mutex<HashMap<ObjectKey, Record>>,
}

#[derive(Default)]
struct Record {
    /// The uid of the Job: another Job of the same name has not failed yet.
    job: String,
    /// The uids of the Pods that failed after the last success, and when the last did.
    failed: Vec<String>,
    last_failure: Option<Timestamp>,
    last_success: Option<Timestamp>,
}

impl BackoffRecords {
    /// Takes in what has ended since the last call.
    pub(super) fn note(&self, job: &Job, tally: &Tally) {
        if tally.new_succeeded.is_empty() && tally.new_failed.is_empty() {
            return;
        }
        let mut records = self.records.lock();
        let record = records.entry(job.key()).or_default();
        if record.job != job.uid() {
            *record = Record {
                job: job.uid().to_owned(),
                ..Record::default()
            };
        }
        let success = tally
            .new_succeeded
            .iter()
            .filter_map(|pod| finished_at(pod))
            .max();
        if success.is_some() && success > record.last_success {
            record.last_success = success;
            record.failed.clear();
            record.last_failure = None;
        }
        for pod in &tally.new_failed {
            let finished = finished_at(pod);
            let is_known = record.failed.iter().any(|uid| uid == pod.uid());
            if !is_known && finished > record.last_success {
                record.failed.push(pod.uid().to_owned());
                record.last_failure = record.last_failure.max(finished);
            }
        }
    }

    pub(super) fn forget(&self, job: &ObjectKey) {
        self.records.lock().remove(job);
    }

    /// How long the Job has to wait before it creates another Pod.
    pub(super) fn left(&self, job: &Job, now: Timestamp) -> Duration {
        let records = self.records.lock();
        let record = records.get(&job.key());
        let Some(record) = record.filter(|record| record.job == job.uid()) else {
            return Duration::ZERO;
        };
        left(
            i32::try_from(record.failed.len()).unwrap_or(i32::MAX),
            record.last_failure,
            now,
        )
    }
}

/// How long to wait after so many failures, of which the last was at `last`.
pub(super) fn left(failures: i32, last: Option<Timestamp>, now: Timestamp) -> Duration {
    let Some(last) = last.filter(|_| failures > 0) else {
        return Duration::ZERO;
    };
    let factor = u32::try_from(failures - 1)
        .ok()
        .and_then(|power| 2_u32.checked_pow(power));
    let delay = BASE.saturating_mul(factor.unwrap_or(u32::MAX)).min(MAX);
    let passed = Duration::try_from(now.duration_since(last)).unwrap_or_default();
    delay.saturating_sub(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_ten_minutes() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        let delays = [0, 1, 2, 3, 7, 40].map(|failures| left(failures, Some(now), now).as_secs());
        assert_eq!(delays, [0, 10, 20, 40, 600, 600]);
        let later = now + Duration::from_secs(15);
        assert_eq!(left(2, Some(now), later).as_secs(), 5);
    }
}
