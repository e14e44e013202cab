//! The cluster's one clock: every timestamp, timer, back-off and `sleep` reads it.
//!
//! Cluster time runs at a speed relative to tokio's clock: ×1, faster, or frozen, and can be moved
//! forward by hand. Because it is built on `tokio::time`, a test whose runtime has paused time
//! gets a cluster in virtual time for free. Nothing else in the crate reads a clock.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::watch;
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
    /// Deadlines of everyone who sleeps, in order.
    timers: BTreeSet<(Timestamp, u64)>,
    next_timer: u64,
}

impl Time {
    fn now(&self) -> Timestamp {
        let passed = self.since.elapsed().as_secs_f64() * self.speed;
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
                    timers: BTreeSet::new(),
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

    pub fn speed(&self) -> f64 {
        self.shared.time.lock().speed
    }

    /// Runs `speed` times as fast from now on; 0 freezes the cluster.
    pub fn set_speed(&self, speed: f64) {
        {
            let mut time = self.shared.time.lock();
            let now = time.now();
            time.rebase(now);
            time.speed = speed.max(0.0);
        }
        self.jumped();
    }

    /// Moves cluster time forward at once; timers that come due fire.
    pub fn advance(&self, by: Duration) {
        {
            let mut time = self.shared.time.lock();
            let now = time.now();
            let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
            time.rebase(now.saturating_add(by).unwrap_or(now));
        }
        self.jumped();
    }

    /// When the next sleeper wakes, if anyone sleeps.
    pub fn next_timer(&self) -> Option<Timestamp> {
        let time = self.shared.time.lock();
        time.timers.first().map(|(deadline, _)| *deadline)
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
        let seconds = left.as_secs_f64() / time.speed;
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
        time.timers.insert((deadline, id));
        Registration {
            clock: self.clone(),
            key: (deadline, id),
        }
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
}
