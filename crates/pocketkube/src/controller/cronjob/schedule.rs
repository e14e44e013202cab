//! Which of a CronJob's times is due, and how long until the next. Pure.
//!
//! Mirrors `pkg/controller/cronjob/utils.go` (v1.35).

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::CronJob;

use crate::api::cron::Schedule;
use crate::client::Kind;

/// A little more than the next time, so that it has surely come when the CronJob is looked at.
const DELTA: SignedDuration = SignedDuration::from_millis(100);
/// So many missed times are worth a warning.
const MANY: i64 = 100;

/// A time at which a Job should have started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) at: Timestamp,
    /// Whether very many times were missed before it.
    pub(super) missed_many: bool,
}

/// The latest time that has come and was not served, if there is one. Fails for a schedule whose
/// times lie too close together.
pub(super) fn due(
    cron_job: &CronJob,
    schedule: &Schedule,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Option<Due>, String> {
    let mut earliest = last_looked_at(cron_job);
    let deadline = cron_job.spec.as_ref();
    let deadline = deadline.and_then(|spec| spec.starting_deadline_seconds);
    if let Some(deadline) = deadline {
        let bound = now.saturating_sub(SignedDuration::from_secs(deadline));
        earliest = earliest.max(bound.unwrap_or(Timestamp::MIN));
    }
    latest_between(schedule, zone, earliest, now)
}

/// How long until the next time; `None` for a schedule that never comes round again.
pub(super) fn until_next(
    cron_job: &CronJob,
    schedule: &Schedule,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<Duration> {
    let earliest = last_looked_at(cron_job);
    let from = match latest_between(schedule, zone, earliest, now) {
        Ok(Some(due)) => due.at,
        Ok(None) => earliest,
        Err(_) => now,
    };
    let next = schedule.next_after(from, zone)?.max(now);
    let wait = next.duration_since(now).saturating_add(DELTA);
    Duration::try_from(wait).ok()
}

/// When the last Job was due, or else when the CronJob was made.
fn last_looked_at(cron_job: &CronJob) -> Timestamp {
    let status = cron_job.status.as_ref();
    let last = status.and_then(|status| status.last_schedule_time.as_ref());
    let last = last.map(|time| time.0).or(cron_job.created_at());
    last.unwrap_or(Timestamp::MIN)
}

/// The latest time after `earliest` that is not after `now`.
fn latest_between(
    schedule: &Schedule,
    zone: &TimeZone,
    earliest: Timestamp,
    now: Timestamp,
) -> Result<Option<Due>, String> {
    let once = |at| {
        Ok(Some(Due {
            at,
            missed_many: false,
        }))
    };
    let Some(first) = schedule
        .next_after(earliest, zone)
        .filter(|first| *first <= now)
    else {
        return Ok(None);
    };
    let Some(second) = schedule
        .next_after(first, zone)
        .filter(|second| *second <= now)
    else {
        return once(first);
    };
    let between = second.duration_since(first).as_secs();
    if between < 1 {
        return Err("time difference between two schedules is less than 1 second".to_owned());
    }
    let missed = now.duration_since(first).as_secs() / between + 1;
    Ok(Some(Due {
        at: latest_before(schedule, zone, (first, between), now),
        missed_many: missed > MANY,
    }))
}

/// The latest time from `first` to `now`, looked for from two periods back, and from ever further
/// back where an irregular schedule has none there.
fn latest_before(
    schedule: &Schedule,
    zone: &TimeZone,
    (first, between): (Timestamp, i64),
    now: Timestamp,
) -> Timestamp {
    let mut periods = 2_i64;
    loop {
        let back = SignedDuration::from_secs(between.saturating_mul(periods));
        let from = now.saturating_sub(back).unwrap_or(first).max(first);
        let next = |time: &Timestamp| schedule.next_after(*time, zone).filter(|next| *next <= now);
        let latest = std::iter::successors(next(&from), next).last();
        match latest {
            Some(latest) => return latest,
            None if from == first => return first,
            None => periods = periods.saturating_mul(8),
        }
    }
}

/// As Go's `time.RFC1123Z` in UTC.
pub(super) fn rfc1123(time: Timestamp) -> String {
    let zoned = time.to_zoned(TimeZone::UTC);
    zoned.strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn cron_job(created: &str) -> CronJob {
        serde_json::from_value(json!({
            "metadata": {"name": "tick", "creationTimestamp": created},
            "spec": {"schedule": "", "jobTemplate": {"spec": {"template": {}}}},
        }))
        .expect("a cron job")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn the_latest_missed_time_is_due_and_many_are_a_warning() {
        let schedule = Schedule::parse("*/5 * * * *").expect("a schedule");
        let job = cron_job("2026-01-02T03:04:05Z");
        let due = |now| due(&job, &schedule, &TimeZone::UTC, at(now)).expect("a fine schedule");
        assert_eq!(due("2026-01-02T03:04:59Z"), None);
        let first = due("2026-01-02T03:05:00Z").expect("the first time");
        assert_eq!(first.at, at("2026-01-02T03:05:00Z"));
        let later = due("2026-01-03T03:07:00Z").expect("the latest time");
        assert_eq!(later.at, at("2026-01-03T03:05:00Z"));
        assert!(later.missed_many && !first.missed_many);
    }

    #[test]
    fn the_clocks_of_the_time_zone_count() {
        let schedule = Schedule::parse("30 9 * * *").expect("a schedule");
        let zone = TimeZone::get("Asia/Tokyo").expect("a zone");
        let job = cron_job("2026-01-02T00:00:00Z");
        let due = due(&job, &schedule, &zone, at("2026-01-02T00:30:00Z"));
        assert_eq!(
            due.expect("fine").expect("due").at,
            at("2026-01-02T00:30:00Z")
        );
    }

    #[test]
    fn times_are_written_as_go_does() {
        assert_eq!(
            rfc1123(at("2026-01-02T03:04:05Z")),
            "Fri, 02 Jan 2026 03:04:05 +0000"
        );
    }

    proptest! {
        #[test]
        fn what_is_due_has_come_and_nothing_later_has(
            minutes in 0..200_000_i64,
            text in prop::sample::select(vec![
                "* * * * *", "*/7 * * * *", "0 0 * * 1", "15,45 2-4 1 * *", "0 12 * * mon-fri",
            ]),
        ) {
            let schedule = Schedule::parse(text).expect("a schedule");
            let job = cron_job("2026-01-02T03:04:05Z");
            let now = at("2026-01-02T03:04:05Z") + SignedDuration::from_mins(minutes);
            let due = due(&job, &schedule, &TimeZone::UTC, now).expect("a fine schedule");
            let from = due.map_or(at("2026-01-02T03:04:05Z"), |due| due.at);
            prop_assert!(from <= now);
            let next = schedule.next_after(from, &TimeZone::UTC).expect("a next time");
            prop_assert!(next > now);
        }
    }
}
