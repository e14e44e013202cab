//! The queue between watch handlers and workers: each key once, never twice at a time.
//!
//! A key added while it is being worked on comes again afterwards. Delays run on the cluster's
//! clock. Mirrors `client-go/util/workqueue` (v1.35).

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::cause::Causes;
use crate::clock::Clock;

/// The first delay after a failure, and the longest.
const BASE_DELAY: Duration = Duration::from_millis(5);
const MAX_DELAY: Duration = Duration::from_secs(1000);

/// A queue of keys that need work.
pub struct WorkQueue<T> {
    state: Mutex<State<T>>,
    news: Notify,
    clock: Clock,
}

struct State<T> {
    ready: VecDeque<T>,
    /// What needs work: everything in `ready`, and what was added while being worked on.
    dirty: HashSet<T>,
    processing: HashSet<T>,
    delayed: BTreeSet<(Timestamp, T)>,
    due: HashMap<T, Timestamp>,
    failures: HashMap<T, u32>,
    /// What made somebody ask for work on a key, until it is worked on.
    causes: HashMap<T, Causes>,
    closed: bool,
}

impl<T: Clone + Eq + Hash + Ord> WorkQueue<T> {
    pub fn new(clock: Clock) -> Self {
        Self {
            state: Mutex::new(State {
                ready: VecDeque::new(),
                dirty: HashSet::new(),
                processing: HashSet::new(),
                delayed: BTreeSet::new(),
                due: HashMap::new(),
                failures: HashMap::new(),
                causes: HashMap::new(),
                closed: false,
            }),
            news: Notify::new(),
            clock,
        }
    }

    /// Asks for work on `key`, as soon as a worker is free.
    pub fn add(&self, key: T) {
        if self.state.lock().add(key) {
            self.news.notify_one();
        }
    }

    /// Asks for work on `key` once `delay` has passed. Of several delays the earliest counts.
    pub fn add_after(&self, key: T, delay: Duration) {
        if delay.is_zero() {
            return self.add(key);
        }
        let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
        let due = self.clock.now().saturating_add(delay);
        let due = due.unwrap_or(Timestamp::MAX);
        if self.state.lock().add_at(key, due) {
            self.news.notify_one();
        }
    }

    /// Asks for work on a key whose work failed: after 5 ms, doubling with every failure.
    pub fn add_rate_limited(&self, key: T) {
        let failures = {
            let mut state = self.state.lock();
            let failures = state.failures.entry(key.clone()).or_default();
            *failures += 1;
            *failures - 1
        };
        let factor = 2_u32.checked_pow(failures).unwrap_or(u32::MAX);
        self.add_after(key, BASE_DELAY.saturating_mul(factor).min(MAX_DELAY));
    }

    /// Forgets that work on `key` failed.
    pub fn forget(&self, key: &T) {
        self.state.lock().failures.remove(key);
    }

    /// How often work on `key` failed since it was forgotten.
    pub fn failures(&self, key: &T) -> u32 {
        let state = self.state.lock();
        state.failures.get(key).copied().unwrap_or_default()
    }

    /// What made somebody ask for the work on a key that a worker has just begun. Asked once.
    pub fn take_causes(&self, key: &T) -> Causes {
        self.state.lock().causes.remove(key).unwrap_or_default()
    }

    /// Waits for the next key to work on; the worker calls [`WorkQueue::done`] when it has
    /// finished. `None` once the queue is closed and empty. Cancel safe.
    pub async fn next(&self) -> Option<T> {
        loop {
            let (next_due, closed) = {
                let mut state = self.state.lock();
                let now = self.clock.now();
                state.release_due(now);
                if let Some(key) = state.take() {
                    // Another worker looks after the rest, delayed keys included.
                    if !state.ready.is_empty() || !state.delayed.is_empty() {
                        self.news.notify_one();
                    }
                    return Some(key);
                }
                (state.next_due(), state.closed)
            };
            if closed {
                // Wakes the next worker, so that all of them see the end.
                self.news.notify_one();
                return None;
            }
            match next_due {
                Some(due) => tokio::select! {
                    () = self.news.notified() => {}
                    () = self.clock.sleep_until(due) => {}
                },
                None => self.news.notified().await,
            }
        }
    }

    /// Ends the work on `key`; it comes again if it was added in the meantime.
    pub fn done(&self, key: &T) {
        if self.state.lock().done(key) {
            self.news.notify_one();
        }
    }

    /// How many keys wait for a worker now.
    pub fn len(&self) -> usize {
        self.state.lock().ready.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes no more keys; those that are ready are still handed out, delayed ones are dropped.
    pub fn close(&self) {
        {
            let mut state = self.state.lock();
            state.closed = true;
            state.delayed.clear();
            state.due.clear();
            state.causes.clear();
        }
        self.news.notify_one();
    }
}

impl<T: Clone + Eq + Hash + Ord> State<T> {
    /// Each of these returns whether a worker should look.
    fn add(&mut self, key: T) -> bool {
        self.remember(&key);
        if self.closed || !self.dirty.insert(key.clone()) || self.processing.contains(&key) {
            return false;
        }
        self.ready.push_back(key);
        true
    }

    fn add_at(&mut self, key: T, due: Timestamp) -> bool {
        if self.closed {
            return false;
        }
        self.remember(&key);
        if let Some(earlier) = self.due.get(&key).copied() {
            if earlier <= due {
                return false;
            }
            self.delayed.remove(&(earlier, key.clone()));
        }
        self.due.insert(key.clone(), due);
        self.delayed.insert((due, key));
        self.next_due() == Some(due)
    }

    fn remember(&mut self, key: &T) {
        let causes = Causes::current();
        if self.closed || causes.is_empty() {
            return;
        }
        match self.causes.get_mut(key) {
            Some(known) => known.join(causes),
            None => {
                self.causes.insert(key.clone(), causes);
            }
        }
    }

    fn release_due(&mut self, now: Timestamp) {
        while self.delayed.first().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, key)) = self.delayed.pop_first() {
                self.due.remove(&key);
                self.add(key);
            }
        }
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.delayed.first().map(|(due, _)| *due)
    }

    fn take(&mut self) -> Option<T> {
        let key = self.ready.pop_front()?;
        self.dirty.remove(&key);
        self.processing.insert(key.clone());
        Some(key)
    }

    fn done(&mut self, key: &T) -> bool {
        self.processing.remove(key);
        let again = self.dirty.contains(key);
        if again {
            self.ready.push_back(key.clone());
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause;

    fn queue() -> WorkQueue<&'static str> {
        WorkQueue::new(Clock::real())
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_added_twice_is_worked_on_once() {
        let queue = queue();
        queue.add("a");
        queue.add("a");
        queue.add("b");
        assert_eq!(queue.len(), 2);
        assert_eq!(queue.next().await, Some("a"));
        assert_eq!(queue.next().await, Some("b"));
        assert!(queue.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_added_during_its_work_comes_again_afterwards() {
        let queue = queue();
        queue.add("a");
        assert_eq!(queue.next().await, Some("a"));
        queue.add("a");
        assert!(queue.is_empty());
        queue.done(&"a");
        assert_eq!(queue.next().await, Some("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_done_because_of_all_who_asked_for_it_since_it_was_last_begun() {
        let causes = |queue: &WorkQueue<_>| {
            let causes = queue.take_causes(&"a");
            causes.revisions().collect::<Vec<_>>()
        };
        let queue = queue();
        for revision in [4, 6] {
            cause::telling(Causes::of(revision), || queue.add("a"));
        }
        queue.next().await;
        assert_eq!(causes(&queue), [6, 4]);
        cause::telling(Causes::of(7), || {
            queue.add_after("a", Duration::from_secs(5));
        });
        queue.done(&"a");
        queue.next().await;
        assert_eq!(causes(&queue), [7]);
        queue.done(&"a");
        queue.add("a");
        queue.next().await;
        assert_eq!(causes(&queue), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_earliest_delay_counts() {
        let queue = queue();
        let start = queue.clock.now();
        queue.add_after("a", Duration::from_secs(60));
        queue.add_after("a", Duration::from_secs(10));
        queue.add_after("a", Duration::from_secs(30));
        assert_eq!(queue.next().await, Some("a"));
        let waited = queue.clock.since(start);
        assert!(waited >= Duration::from_secs(10) && waited < Duration::from_secs(11));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_back_off_until_forgotten() {
        let queue = queue();
        for failures in 1..=3 {
            queue.add_rate_limited("a");
            let start = queue.clock.now();
            assert_eq!(queue.next().await, Some("a"));
            let expected = BASE_DELAY * 2_u32.pow(failures - 1);
            let waited = queue.clock.since(start);
            assert!(waited + Duration::from_millis(1) >= expected && waited < expected * 2);
            queue.done(&"a");
            assert_eq!(queue.failures(&"a"), failures);
        }
        queue.forget(&"a");
        assert_eq!(queue.failures(&"a"), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_worker_does_not_keep_others_from_delayed_keys() {
        let queue = queue();
        let late = async {
            tokio::task::yield_now().await;
            queue.add_after("late", Duration::from_secs(5));
            queue.add("now");
        };
        let (one, other, ()) = tokio::join!(queue.next(), queue.next(), late);
        let mut keys = [one, other];
        keys.sort();
        assert_eq!(keys, [Some("late"), Some("now")]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_queue_hands_out_what_is_ready_and_ends_for_all_workers() {
        let queue = queue();
        queue.add("a");
        queue.add_after("b", Duration::from_secs(5));
        queue.close();
        queue.add("c");
        assert_eq!(queue.next().await, Some("a"));
        assert_eq!(queue.next().await, None);
        assert_eq!(queue.next().await, None);
    }
}
