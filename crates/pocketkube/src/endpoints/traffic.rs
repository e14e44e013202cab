//! Who asks how much, and a way to break somebody's watches off.
//!
//! What a user asked over HTTP is counted by name, so that whoever hosts a cluster can tell how
//! busy an operator is. Breaking off is what a failing network does to a watch: the answer ends in
//! the middle, without a last word. No part of Kubernetes; a proxy in between could do the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::call::Call;
use crate::registry::Verb;

/// What a user has asked so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests of every kind, watches included.
    pub requests: u64,
    /// Requests to create, change or delete something, whether or not they succeeded. Leases and
    /// Events do not count: who holds or tells something may repeat it.
    pub writes: u64,
}

/// The users of a server.
#[derive(Default)]
pub(super) struct Users {
    by_name: Mutex<HashMap<String, Arc<User>>>,
}

/// One of them.
#[derive(Default)]
pub(super) struct User {
    requests: AtomicU64,
    writes: AtomicU64,
    /// Cancelled when its watches are broken off; those that begin later get the next one.
    watches: Mutex<CancellationToken>,
}

impl Users {
    pub(super) fn named(&self, name: &str) -> Arc<User> {
        let mut by_name = self.by_name.lock();
        if let Some(user) = by_name.get(name) {
            return user.clone();
        }
        by_name.entry(name.to_owned()).or_default().clone()
    }

    /// Breaks everybody's watches off.
    pub(super) fn cut_watches(&self) {
        for user in self.by_name.lock().values() {
            user.cut_watches();
        }
    }
}

impl User {
    pub(super) fn traffic(&self) -> Traffic {
        Traffic {
            requests: self.requests.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
        }
    }

    pub(super) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a call that is about to be carried out, if it writes.
    pub(super) fn count_call(&self, call: &Call, is_question: bool) {
        let reads = matches!(call.verb, Verb::Get | Verb::List | Verb::Watch);
        let repeats = matches!(call.resource.resource.as_str(), "leases" | "events");
        if !reads
            && !repeats
            && !is_question
            && !call.options.dry_run
            && call.subresource != "token"
        {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells a watch that begins now when it is broken off.
    pub(super) fn watch(&self) -> CancellationToken {
        self.watches.lock().clone()
    }

    pub(super) fn cut_watches(&self) {
        std::mem::take(&mut *self.watches.lock()).cancel();
    }
}
