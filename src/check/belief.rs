//! How long behaviour is believed: what containers and Services do can change without any object
//! changing, so it is asked again now and then. Pure: it is told what time it is.

use std::time::Duration;

use jiff::Timestamp;

/// The first question after something moved.
const SOON: Duration = Duration::from_millis(50);

/// The longest time between two questions.
const SELDOM: Duration = Duration::from_secs(5);

/// The longest time between two questions while a learner waits for a tick.
const ATTENTIVE: Duration = Duration::from_millis(100);

/// How long after the last move something may come of it: a kubelet brings mounted ConfigMaps up
/// to date within so much time.
const CONSEQUENCES: Duration = Duration::from_secs(150);

/// When to ask next.
#[derive(Debug, Clone)]
pub struct Belief {
    moved: Timestamp,
    next: Duration,
}

impl Belief {
    pub fn new(now: Timestamp) -> Self {
        Self {
            moved: now,
            next: SOON,
        }
    }

    /// Something changed: what follows from it follows soon.
    pub fn moved(&mut self, now: Timestamp) {
        *self = Self::new(now);
    }

    /// How long to believe what was found `now`; never long what is `awaited`.
    pub fn span(&mut self, now: Timestamp, awaited: bool) -> Duration {
        let span = self.next;
        self.next = (span * 2).min(SELDOM);
        let quiet: Duration = now
            .duration_since(self.moved)
            .try_into()
            .unwrap_or_default();
        match awaited && quiet < CONSEQUENCES {
            true => span.min(ATTENTIVE),
            false => span,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).expect("a moment")
    }

    fn spans(awaited: bool, now: i64) -> Vec<u128> {
        let mut belief = Belief::new(at(0));
        let spans = (0..9).map(|_| belief.span(at(now), awaited).as_millis());
        spans.collect()
    }

    #[test]
    fn the_longer_nothing_moves_the_longer_it_is_believed() {
        let expected = [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000];
        assert_eq!(spans(false, 0), expected);
    }

    #[test]
    fn what_a_learner_waits_for_is_asked_often_as_long_as_something_may_come() {
        assert_eq!(spans(true, 149_000)[7], 100);
        assert_eq!(spans(true, 151_000)[7], 5000);
    }

    #[test]
    fn a_move_begins_it_anew() {
        let mut belief = Belief::new(at(0));
        for _ in 0..9 {
            belief.span(at(0), false);
        }
        belief.moved(at(200_000));
        assert_eq!(belief.span(at(200_000), true), SOON);
    }
}
