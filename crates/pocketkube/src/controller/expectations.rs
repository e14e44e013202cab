//! Creations and deletions that a controller has asked for and not yet seen.
//!
//! The cache lags behind what a controller writes: until it has caught up, counting Pods in it
//! would create them twice. Mirrors `ControllerExpectations` of
//! `pkg/controller/controller_utils.go` (v1.35).

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::client::ObjectKey;
use crate::clock::Clock;

/// How long a change is waited for before the cache is believed anyway.
const TIMEOUT: Duration = Duration::from_secs(300);

/// What each owner still waits to see.
pub(super) struct Expectations {
    clock: Clock,
    pending: Mutex<HashMap<ObjectKey, Pending>>,
}

struct Pending {
    creations: usize,
    deletions: BTreeSet<ObjectKey>,
    since: Timestamp,
}

impl Expectations {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            pending: Mutex::default(),
        }
    }

    /// Whether the cache shows everything that `owner`'s controller did, or should have by now.
    pub(super) fn are_satisfied(&self, owner: &ObjectKey) -> bool {
        let pending = self.pending.lock();
        pending.get(owner).is_none_or(|pending| {
            (pending.creations == 0 && pending.deletions.is_empty())
                || self.clock.since(pending.since) > TIMEOUT
        })
    }

    pub(super) fn expect_creations(&self, owner: &ObjectKey, count: usize) {
        self.expect(owner, count, BTreeSet::new());
    }

    pub(super) fn expect_deletions(
        &self,
        owner: &ObjectKey,
        deletions: impl IntoIterator<Item = ObjectKey>,
    ) {
        self.expect(owner, 0, deletions.into_iter().collect());
    }

    /// Waits for creations and deletions at once.
    pub(super) fn expect(
        &self,
        owner: &ObjectKey,
        creations: usize,
        deletions: BTreeSet<ObjectKey>,
    ) {
        let pending = Pending {
            creations,
            deletions,
            since: self.clock.now(),
        };
        self.pending.lock().insert(owner.clone(), pending);
    }

    /// `count` creations were seen, or will never be.
    pub(super) fn creations_observed(&self, owner: &ObjectKey, count: usize) {
        if let Some(pending) = self.pending.lock().get_mut(owner) {
            pending.creations = pending.creations.saturating_sub(count);
        }
    }

    /// A deletion was seen, or will never be.
    pub(super) fn deletion_observed(&self, owner: &ObjectKey, deleted: &ObjectKey) {
        if let Some(pending) = self.pending.lock().get_mut(owner) {
            pending.deletions.remove(deleted);
        }
    }

    /// Forgets an owner that is gone.
    pub(super) fn forget(&self, owner: &ObjectKey) {
        self.pending.lock().remove(owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_owner_waits_until_everything_is_seen_or_five_minutes_have_passed() {
        let clock = Clock::real();
        let expectations = Expectations::new(clock.clone());
        let owner = ObjectKey::new("default", "web");
        assert!(expectations.are_satisfied(&owner));

        expectations.expect_creations(&owner, 2);
        expectations.creations_observed(&owner, 1);
        assert!(!expectations.are_satisfied(&owner));
        expectations.creations_observed(&owner, 1);
        assert!(expectations.are_satisfied(&owner));

        let pod = ObjectKey::new("default", "web-1");
        expectations.expect_deletions(&owner, [pod.clone()]);
        expectations.deletion_observed(&owner, &ObjectKey::new("default", "web-2"));
        assert!(!expectations.are_satisfied(&owner));
        clock.sleep(TIMEOUT + Duration::from_secs(1)).await;
        assert!(expectations.are_satisfied(&owner));
        expectations.deletion_observed(&owner, &pod);
        expectations.forget(&owner);
        assert!(expectations.are_satisfied(&owner));
    }
}
