//! When a finding becomes a verdict: `within` and `holds`, measured on the sandbox's clock.
//!
//! Pure: it is told what was found and what time it is, and says when to look again.

use std::time::Duration;

use jiff::Timestamp;

use super::scene::Truth;
use super::verdict::Outcome;

/// The course of one check over time.
#[derive(Debug, Clone)]
pub struct Timing {
    within: Duration,
    holds: Duration,
    /// From when `within` counts.
    since: Timestamp,
    true_since: Option<Timestamp>,
}

impl Timing {
    pub fn new(within: Option<Duration>, holds: Option<Duration>, now: Timestamp) -> Self {
        Self {
            within: within.unwrap_or_default(),
            holds: holds.unwrap_or_default(),
            since: now,
            true_since: None,
        }
    }

    /// Something moved: what is not true yet gets its whole time again.
    pub fn restart(&mut self, now: Timestamp) {
        self.since = now;
    }

    /// The outcome of a finding made `now`, and when it can change by time alone.
    pub fn outcome(&mut self, truth: Truth, now: Timestamp) -> (Outcome, Option<Timestamp>) {
        if truth == Truth::True {
            let since = *self.true_since.get_or_insert(now);
            let so_far = elapsed(since, now);
            return if so_far >= self.holds {
                (Outcome::Holds, None)
            } else {
                let of = self.holds;
                (Outcome::Holding { so_far, of }, Some(after(since, of)))
            };
        }
        self.true_since = None;
        let waited = elapsed(self.since, now);
        match self.within.checked_sub(waited) {
            Some(left) if left > Duration::ZERO => {
                (Outcome::Waiting { left }, Some(after(now, left)))
            }
            _ if truth == Truth::Unknown => (Outcome::Unknown, None),
            _ => (Outcome::Fails, None),
        }
    }
}

fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}

fn after(from: Timestamp, span: Duration) -> Timestamp {
    from.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn what_must_last_holds_only_after_lasting() {
        let mut timing = Timing::new(None, seconds(10), at(0));
        let (outcome, again) = timing.outcome(Truth::True, at(0));
        assert!(matches!(outcome, Outcome::Holding { .. }));
        assert_eq!(again, Some(at(10)));
        assert_eq!(timing.outcome(Truth::True, at(10)).0, Outcome::Holds);
    }

    #[test]
    fn a_moment_of_untruth_starts_the_lasting_anew() {
        let mut timing = Timing::new(None, seconds(10), at(0));
        timing.outcome(Truth::True, at(0));
        assert_eq!(timing.outcome(Truth::False, at(5)).0, Outcome::Fails);
        let (outcome, again) = timing.outcome(Truth::True, at(6));
        assert!(matches!(outcome, Outcome::Holding { .. }));
        assert_eq!(again, Some(at(16)));
    }

    #[test]
    fn what_may_take_time_fails_only_after_that_time() {
        let mut timing = Timing::new(seconds(30), None, at(0));
        let (outcome, again) = timing.outcome(Truth::False, at(10));
        assert_eq!(
            outcome,
            Outcome::Waiting {
                left: Duration::from_secs(20)
            }
        );
        assert_eq!(again, Some(at(30)));
        assert_eq!(timing.outcome(Truth::False, at(30)).0, Outcome::Fails);
        timing.restart(at(40));
        assert!(matches!(
            timing.outcome(Truth::False, at(41)).0,
            Outcome::Waiting { .. }
        ));
    }

    #[test]
    fn what_cannot_be_judged_is_unknown_not_wrong() {
        let mut timing = Timing::new(None, None, at(0));
        assert_eq!(timing.outcome(Truth::Unknown, at(0)).0, Outcome::Unknown);
    }
}
