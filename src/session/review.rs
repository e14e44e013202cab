//! Spaced repetition: when a kata that was solved is worth doing again, with other parameters.
//!
//! Worked out from what the journal remembers, and nothing else is stored. An interval grows by how
//! it went (hints, time) and begins anew where the solution had to be looked at. Doing a kata again
//! long before it is due says little, and changes the interval only for the worse.

use jiff::Timestamp;

use super::effect::Effect;
use super::progress::{KataProgress, Solved};
use super::state::State;
use super::update::open_with;
use crate::course::{Course, KataId};

const DAY: i64 = 24 * 60 * 60;

/// No interval is longer: half a year.
const LONGEST: i64 = 180;

/// When a kata is due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    pub at: Timestamp,
    /// Days since it was solved last.
    pub interval: i64,
}

/// How a solution went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    /// Without help and in time.
    Fluent,
    /// One hint, or a little slow.
    Good,
    /// With much help, or slowly.
    Hard,
    /// The solution was looked at.
    Shown,
}

impl Grade {
    fn of(solved: &Solved, minutes: u32) -> Self {
        let meant = u64::from(minutes.max(1)) * 60;
        match (solved.solution_seen, solved.hints, solved.seconds) {
            (true, ..) => Self::Shown,
            (false, 0, seconds) if seconds <= meant => Self::Fluent,
            (false, 0 | 1, seconds) if seconds <= meant * 2 => Self::Good,
            _ => Self::Hard,
        }
    }

    /// The interval after this, given the one before.
    fn next(self, before: i64) -> i64 {
        let days = match self {
            Self::Fluent => (before * 5 / 2).max(3),
            Self::Good => (before * 3 / 2).max(2),
            Self::Hard => (before / 2).max(1),
            Self::Shown => 1,
        };
        days.min(LONGEST)
    }
}

impl Due {
    /// `None` for a kata that was never solved.
    pub fn of(kata: &KataProgress, minutes: u32) -> Option<Self> {
        let mut due: Option<Self> = None;
        for solved in &kata.solved {
            let before = due.map_or(0, |due| due.interval);
            let next = Grade::of(solved, minutes).next(before);
            let early = due.is_some_and(|due| {
                let left = due.at.as_second() - solved.at.as_second();
                left > before * DAY / 2
            });
            let interval = if early { next.min(before) } else { next };
            let at = solved.at.as_second() + interval * DAY;
            due = Some(Self {
                at: Timestamp::from_second(at).unwrap_or(Timestamp::MAX),
                interval,
            });
        }
        due
    }

    pub fn is_now(&self, now: Timestamp) -> bool {
        self.at <= now
    }

    /// `now`, `tomorrow`, `in 3 days`.
    pub fn words(&self, now: Timestamp) -> String {
        let left = self.at.as_second() - now.as_second();
        match (left + DAY - 1).div_euclid(DAY) {
            ..=0 => "now".to_owned(),
            1 => "tomorrow".to_owned(),
            days => format!("in {days} days"),
        }
    }
}

/// Every kata that was solved and when it is due, the most urgent first.
pub fn due_list(course: &Course, progress: &super::Progress) -> Vec<(KataId, Due)> {
    let mut list: Vec<(KataId, Due)> = course
        .katas_in_order()
        .filter_map(|kata| {
            let record = progress.kata(&kata.id)?;
            let under_way = record.attempt.number > 0 && !record.attempt.solved;
            let due = Due::of(record, kata.minutes).filter(|_| !under_way)?;
            Some((kata.id.clone(), due))
        })
        .collect();
    list.sort_by_key(|(_, due)| *due);
    list
}

/// What the parameters of the next time are drawn from: another seed each time, the same one
/// however often it is begun anew before it is solved.
pub fn next_seed(own: u64, kata: &KataProgress) -> u64 {
    let times = u64::try_from(kata.solved.len()).unwrap_or(u64::MAX);
    // Small enough to be typed after --seed, and far from the seeds of others.
    (own.wrapping_add(times.wrapping_mul(7_919))) % 1_000_000
}

/// Opens a solved kata with the parameters of its next time.
pub(super) fn review(state: &mut State, id: &KataId) -> Vec<Effect> {
    let record = state.progress.kata(id);
    let seed = match record.filter(|record| record.attempt.solved) {
        Some(record) => next_seed(state.seed, record),
        // It is under way already, or was never solved.
        None => state.seed_of(id),
    };
    open_with(state, id, seed)
}

impl State {
    /// The katas that are due at the last tick, the most urgent first.
    pub fn due_now(&self) -> Vec<KataId> {
        let Some(now) = self.now else {
            return Vec::new();
        };
        due_list(&self.course, &self.progress)
            .into_iter()
            .filter(|(_, due)| due.is_now(now))
            .map(|(id, _)| id)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course;
    use crate::session::{Entry, Progress};

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * DAY).unwrap()
    }

    fn solved(on: i64, seconds: u64, hints: usize) -> Solved {
        Solved {
            at: day(on),
            attempt: 1,
            seed: None,
            seconds,
            hints,
            solution_seen: false,
        }
    }

    /// The intervals after each of these.
    fn intervals(solved: &[Solved]) -> Vec<i64> {
        let upto = |count: usize| KataProgress {
            solved: solved[..count].to_vec(),
            ..KataProgress::default()
        };
        (1..=solved.len())
            .filter_map(|count| Due::of(&upto(count), 5))
            .map(|due| due.interval)
            .collect()
    }

    #[test]
    fn intervals_grow_while_it_goes_well() {
        let well = [solved(0, 60, 0), solved(3, 60, 0), solved(10, 60, 0)];
        assert_eq!(intervals(&well), [3, 7, 17]);
    }

    #[test]
    fn hints_and_slowness_hold_them_back_and_the_solution_begins_anew() {
        assert_eq!(intervals(&[solved(0, 60, 1)]), [2]);
        assert_eq!(intervals(&[solved(0, 60, 0), solved(3, 4_000, 0)]), [3, 1]);
        let shown = Solved {
            solution_seen: true,
            ..solved(10, 60, 0)
        };
        assert_eq!(
            intervals(&[solved(0, 60, 0), solved(3, 60, 0), shown]),
            [3, 7, 1]
        );
    }

    #[test]
    fn doing_it_again_at_once_does_not_put_it_off() {
        assert_eq!(intervals(&[solved(0, 60, 0), solved(0, 60, 0)]), [3, 3]);
    }

    #[test]
    fn a_kata_is_due_when_its_interval_is_over_and_not_while_it_is_under_way() {
        let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
        let kata = KataId::new("pods/first-pod");
        let mut progress = Progress::default();
        let start = |on| Entry::Started {
            kata: kata.clone(),
            at: day(on),
            seed: None,
        };
        progress.apply(&start(0));
        assert!(due_list(&course, &progress).is_empty());
        let at = day(0);
        progress.apply(&Entry::Solved {
            kata: kata.clone(),
            at,
        });
        let list = due_list(&course, &progress);
        let (id, due) = &list[0];
        assert_eq!((id, due.words(day(0))), (&kata, "in 3 days".to_owned()));
        assert_eq!(due.words(day(2)), "tomorrow");
        assert!(!due.is_now(day(2)) && due.is_now(day(3)));
        progress.apply(&start(3));
        assert!(due_list(&course, &progress).is_empty());
    }

    #[test]
    fn the_next_time_is_drawn_from_another_seed_until_it_is_solved() {
        let mut kata = KataProgress::default();
        kata.solved.push(solved(0, 60, 0));
        let first = next_seed(7, &kata);
        assert_ne!(first, 7);
        assert_eq!(first, next_seed(7, &kata));
        kata.solved.push(solved(3, 60, 0));
        assert_ne!(first, next_seed(7, &kata));
    }
}
