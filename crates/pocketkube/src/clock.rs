//! The cluster's one clock: every timestamp, timer, back-off and `sleep` reads it.
//!
//! Cluster time runs at a speed relative to tokio's clock: ×1, faster, paused, or held by whoever
//! moves it forward by hand. Because it is built on `tokio::time`, a test whose runtime has paused time
//! gets a cluster in virtual time for free. Nothing else in the crate reads a clock.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task;
use tokio::time::Instant;

/// A handle to the cluster's time; clones share it.
#[derive(Clone)]
pub struct Clock {
    shared: Arc<Shared>,
}

struct Shared {
    time: Mutex<Time>,
    /// Bumped when speed or time jumps, so that sleepers look again.
    jumps: watch::Sender<u64>,
}

struct Time {
    /// Cluster time at `since`.
    base: Timestamp,
    since: Instant,
    speed: f64,
    paused: bool,
    /// How many move it by hand now.
    holds: usize,
    /// Deadlines of everyone who sleeps, in order, and the task that does.
    timers: BTreeMap<(Timestamp, u64), Option<task::Id>>,
    next_timer: u64,
}

/// Somebody who sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    pub due: Timestamp,
    /// The task that sleeps, where it is one of the runtime's.
    pub task: Option<task::Id>,
}

impl Time {
    /// Cluster seconds that pass with a second.
    fn pace(&self) -> f64 {
        match self.paused || self.holds > 0 {
            true => 0.0,
            false => self.speed,
        }
    }

    fn now(&self) -> Timestamp {
        let passed = self.since.elapsed().as_secs_f64() * self.pace();
        let passed = SignedDuration::try_from_secs_f64(passed).unwrap_or(SignedDuration::MAX);
        self.base.saturating_add(passed).unwrap_or(self.base)
    }

    /// Starts counting anew from `now`, which a change of speed needs.
    fn rebase(&mut self, now: Timestamp) {
        self.base = now;
        self.since = Instant::now();
    }
}

impl Clock {
    /// A clock that starts at the machine's time and runs `speed` times as fast (0 is frozen).
    #[allow(
        clippy::disallowed_methods,
        reason = "this is where cluster time begins"
    )]
    pub fn scaled(speed: f64) -> Self {
        Self::starting_at(Timestamp::now(), speed)
    }

    /// A clock that runs at the machine's pace.
    pub fn real() -> Self {
        Self::scaled(1.0)
    }

    /// A clock that starts at `start` and runs `speed` times as fast as tokio's.
    pub fn starting_at(start: Timestamp, speed: f64) -> Self {
        Self {
            shared: Arc::new(Shared {
                time: Mutex::new(Time {
                    base: start,
                    since: Instant::now(),
                    speed: speed.max(0.0),
                    paused: false,
                    holds: 0,
                    timers: BTreeMap::new(),
                    next_timer: 0,
                }),
                jumps: watch::channel(0).0,
            }),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.shared.time.lock().now()
    }

    /// How long ago `earlier` was; zero for moments to come.
    pub fn since(&self, earlier: Timestamp) -> Duration {
        self.now()
            .duration_since(earlier)
            .try_into()
            .unwrap_or(Duration::ZERO)
    }

    /// How fast it runs when it is neither paused nor held.
    pub fn speed(&self) -> f64 {
        self.shared.time.lock().speed
    }

    /// Cluster seconds that pass with a second just now.
    pub fn pace(&self) -> f64 {
        self.shared.time.lock().pace()
    }

    pub fn is_paused(&self) -> bool {
        self.shared.time.lock().paused
    }

    /// How many move it by hand now.
    pub fn holds(&self) -> usize {
        self.shared.time.lock().holds
    }

    /// Runs `speed` times as fast from now on; 0 freezes the cluster.
    pub fn set_speed(&self, speed: f64) {
        self.change(|time| time.speed = speed.max(0.0));
    }

    /// Lets time stand until [`Clock::resume`], which finds the speed as it was.
    pub fn pause(&self) {
        self.change(|time| time.paused = true);
    }

    pub fn resume(&self) {
        self.change(|time| time.paused = false);
    }

    /// Lets time stand while the guard lives, for whoever moves it by hand.
    #[must_use = "time runs on when this is dropped"]
    pub fn hold(&self) -> Hold {
        self.change(|time| time.holds += 1);
        Hold(self.clone())
    }

    /// Does as another clock does, which shows `now` and runs at `pace`. Never goes back.
    pub fn follow(&self, now: Timestamp, pace: f64) {
        self.change(|time| {
            time.base = time.base.max(now);
            time.speed = pace.max(0.0);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Time)) {
        {
            let mut time = self.shared.time.lock();
            let now = time.now();
            time.rebase(now);
            change(&mut time);
        }
        self.jumped();
    }

    /// Moves cluster time forward at once; timers that come due fire.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.change(|time| time.base = time.base.saturating_add(by).unwrap_or(time.base));
    }

    /// Moves cluster time forward to a moment; one that has passed changes nothing.
    pub fn advance_to(&self, moment: Timestamp) {
        self.change(|time| time.base = time.base.max(moment));
    }

    /// When the next sleeper wakes, if anyone sleeps.
    pub fn next_timer(&self) -> Option<Timestamp> {
        self.next_timers(1).first().map(|timer| timer.due)
    }

    /// The first `count` of those who sleep, in the order in which they wake.
    pub fn next_timers(&self, count: usize) -> Vec<Timer> {
        let time = self.shared.time.lock();
        let timers = time.timers.iter().take(count);
        timers
            .map(|((due, _), task)| Timer {
                due: *due,
                task: *task,
            })
            .collect()
    }

    /// When the first sleeper wakes whose time is after `moment`.
    pub fn next_timer_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let time = self.shared.time.lock();
        let after = (Bound::Excluded((moment, u64::MAX)), Bound::Unbounded);
        time.timers.range(after).next().map(|((due, _), _)| *due)
    }

    /// How often its speed was changed, or its time moved by hand, so far.
    pub fn jumps(&self) -> u64 {
        *self.shared.jumps.borrow()
    }

    /// Waits until [`Clock::jumps`] is no longer what was seen.
    pub async fn jumped_since(&self, seen: u64) {
        let mut jumps = self.shared.jumps.subscribe();
        // The sender lives as long as this handle does.
        let _ = jumps.wait_for(|jumps| *jumps != seen).await;
    }

    fn jumped(&self) {
        self.shared.jumps.send_modify(|jumps| *jumps += 1);
    }

    /// Waits for a span of cluster time.
    pub fn sleep(&self, span: Duration) -> impl Future<Output = ()> + Send + 'static {
        let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
        let now = self.now();
        self.sleep_until(now.saturating_add(span).unwrap_or(Timestamp::MAX))
    }

    /// Waits until cluster time has reached `deadline`.
    pub fn sleep_until(&self, deadline: Timestamp) -> impl Future<Output = ()> + Send + 'static {
        let clock = self.clone();
        async move {
            let mut jumps = clock.shared.jumps.subscribe();
            let _timer = clock.register(deadline);
            while let Some(left) = clock.until(deadline) {
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    _ = jumps.changed() => {}
                }
            }
        }
    }

    /// Runs `future` for at most a span of cluster time; `None` where the time ran out.
    pub async fn timeout<F: Future>(&self, span: Duration, future: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = self.sleep(span) => None,
        }
    }

    /// Tokio time left until `deadline`, or `None` once it is reached.
    fn until(&self, deadline: Timestamp) -> Option<Duration> {
        /// Longest single wait; a sleeper looks again after it.
        const LONGEST: Duration = Duration::from_secs(86_400);
        let time = self.shared.time.lock();
        let left = deadline.duration_since(time.now());
        if left <= SignedDuration::ZERO {
            return None;
        }
        let seconds = left.as_secs_f64() / time.pace();
        Some(
            Duration::try_from_secs_f64(seconds).map_or(LONGEST, |wait| {
                // A timer never fires early: tokio counts whole milliseconds.
                wait.clamp(Duration::from_micros(1), LONGEST)
            }),
        )
    }

    fn register(&self, deadline: Timestamp) -> Registration {
        let mut time = self.shared.time.lock();
        let id = time.next_timer;
        time.next_timer += 1;
        time.timers.insert((deadline, id), task::try_id());
        Registration {
            clock: self.clone(),
            key: (deadline, id),
        }
    }
}

/// Cluster time stands while this lives.
pub struct Hold(Clock);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0
            .change(|time| time.holds = time.holds.saturating_sub(1));
    }
}

/// Keeps a deadline in the list of timers while its sleeper waits.
struct Registration {
    clock: Clock,
    key: (Timestamp, u64),
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.clock.shared.time.lock().timers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_scaled_clock_sleeps_a_fraction_of_the_time() {
        let clock = Clock::scaled(20.0);
        let before = Instant::now();
        clock.sleep(Duration::from_secs(20)).await;
        let waited = before.elapsed();
        assert!(waited >= Duration::from_secs(1) && waited < Duration::from_millis(1010));
    }

    #[tokio::test(start_paused = true)]
    async fn a_frozen_clock_wakes_sleepers_only_when_advanced() {
        let clock = Clock::scaled(0.0);
        let sleeper = tokio::spawn(clock.sleep(Duration::from_secs(600)));
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(!sleeper.is_finished());
        assert!(clock.next_timer().is_some());
        clock.advance(Duration::from_secs(600));
        sleeper.await.expect("the sleeper ends");
        assert_eq!(clock.next_timer(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_speed_reaches_those_who_sleep_already() {
        let clock = Clock::scaled(1.0);
        let sleeper = tokio::spawn(clock.sleep(Duration::from_secs(1000)));
        tokio::task::yield_now().await;
        let before = Instant::now();
        clock.set_speed(1000.0);
        sleeper.await.expect("the sleeper ends");
        assert!(before.elapsed() < Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_goes_on_at_the_speed_it_had() {
        let clock = Clock::scaled(20.0);
        clock.pause();
        let stands = clock.now();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!((clock.now(), clock.pace()), (stands, 0.0));
        clock.resume();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(clock.since(stands), Duration::from_secs(20));
    }

    #[tokio::test(start_paused = true)]
    async fn time_stands_until_the_last_who_holds_it_lets_go() {
        let clock = Clock::scaled(1.0);
        let (first, second) = (clock.hold(), clock.hold());
        drop(first);
        assert_eq!(clock.pace(), 0.0);
        drop(second);
        assert_eq!(clock.pace(), 1.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_follows_another_never_goes_back() {
        let clock = Clock::scaled(1.0);
        let now = clock.now();
        clock.follow(now - SignedDuration::from_secs(5), 10.0);
        assert_eq!((clock.now(), clock.pace()), (now, 10.0));
        clock.follow(now + SignedDuration::from_secs(5), 0.0);
        assert_eq!(clock.now(), now + SignedDuration::from_secs(5));
    }
}
