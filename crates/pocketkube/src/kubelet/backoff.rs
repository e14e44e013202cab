//! How long to wait before something that failed is tried again: doubling up to a limit, and
//! forgotten after twice the limit without failures.
//!
//! Mirrors `client-go/util/flowcontrol/backoff.go` (v1.35).

use std::time::Duration;

use jiff::Timestamp;

/// First and longest waits of restarts and of image pulls.
pub const INITIAL: Duration = Duration::from_secs(10);
pub const LONGEST: Duration = Duration::from_secs(300);

/// The back-off of one thing that may fail.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    initial: Duration,
    longest: Duration,
    current: Option<(Duration, Timestamp)>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(INITIAL, LONGEST)
    }
}

impl Backoff {
    pub fn new(initial: Duration, longest: Duration) -> Self {
        Self {
            initial,
            longest,
            current: None,
        }
    }

    /// The wait that is in force for a failure at `failed`, if it is not over at `now`; and when
    /// it will be.
    pub fn waiting(&self, failed: Timestamp, now: Timestamp) -> Option<(Duration, Timestamp)> {
        let (wait, updated) = self.current?;
        if self.has_expired(updated, failed) {
            return None;
        }
        let end = failed.saturating_add(wait).unwrap_or(failed);
        (end > now).then_some((wait, end))
    }

    /// Counts a failure at `failed`: the next wait is twice as long as the last.
    pub fn next(&mut self, failed: Timestamp) {
        let wait = match self.current {
            Some((wait, updated)) if !self.has_expired(updated, failed) => {
                (wait * 2).min(self.longest)
            }
            _ => self.initial,
        };
        self.current = Some((wait, failed));
    }

    fn has_expired(&self, updated: Timestamp, failed: Timestamp) -> bool {
        let quiet: Duration = failed
            .duration_since(updated)
            .try_into()
            .unwrap_or_default();
        quiet > self.longest * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn the_first_failure_is_retried_at_once_and_later_ones_wait_longer_and_longer() {
        let mut backoff = Backoff::default();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..8 {
            let waiting = backoff.waiting(at(now), at(now));
            let wait = waiting.map_or(0, |(wait, _)| wait.as_secs());
            waits.push(wait);
            backoff.next(at(now));
            now += i64::try_from(wait).unwrap();
        }
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn a_long_quiet_time_forgives() {
        let mut backoff = Backoff::default();
        backoff.next(at(0));
        backoff.next(at(10));
        assert!(backoff.waiting(at(20), at(20)).is_some());
        assert!(backoff.waiting(at(700), at(700)).is_none());
        backoff.next(at(700));
        let (wait, _) = backoff.waiting(at(701), at(701)).unwrap();
        assert_eq!(wait.as_secs(), 10);
    }
}
