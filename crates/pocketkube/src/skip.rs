//! Skipping ahead: a span of cluster time passes at once, and everything that is due in it happens,
//! each at its time.
//!
//! Time steps from one timer to the next and stands still until nobody in the cluster has anything
//! left to do. So heartbeats are sent while leases last, back-offs end and CronJobs fire in their
//! order, as if somebody had waited. Programs outside of the cluster get no more time than the
//! machine needs for it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::tasks::Tasks;

/// How long a step is waited for, in machine time, where somebody never rests (a container that
/// computes without end).
const PATIENCE: Duration = Duration::from_millis(500);

/// What is left of the patience with somebody who never rests.
const LITTLE_PATIENCE: Duration = Duration::from_millis(4);

/// Steps are not smaller than this.
const STEP: SignedDuration = SignedDuration::from_millis(1);

/// Lets cluster time pass until `until`, and returns when everybody is quiet. Where it is dropped
/// before, time goes on from where it is.
pub(crate) async fn skip_until(clock: &Clock, tasks: &Tasks, until: Timestamp) {
    let _hold = clock.hold();
    let mut patience = PATIENCE;
    let mut settle = async || match tasks.quiet(patience).await {
        true => patience = PATIENCE,
        false => patience = (patience / 2).max(LITTLE_PATIENCE),
    };
    settle().await;
    loop {
        let now = clock.now();
        if now >= until {
            return;
        }
        let least = now.saturating_add(STEP).unwrap_or(until);
        let next = clock.next_timer_after(now).unwrap_or(until);
        clock.advance_to(next.max(least).min(until));
        settle().await;
    }
}
