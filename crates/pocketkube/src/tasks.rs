//! Named background tasks that end together.
//!
//! Every spawn in the crate goes through [`Tasks`], so that shutdown can cancel, wait, and name
//! whoever did not end in time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The owner of a group of tasks; clones share it.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
    running: Arc<Running>,
}

#[derive(Default)]
struct Running {
    names: Mutex<BTreeMap<u64, Cow<'static, str>>>,
    next: AtomicU64,
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `future` until it ends or the group is cancelled, whichever comes first.
    pub fn spawn<F>(&self, name: impl Into<Cow<'static, str>>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let entry = self.enter(name.into());
        let token = self.token.clone();
        #[allow(
            clippy::disallowed_methods,
            reason = "this is where tasks get their name"
        )]
        self.tracker.spawn(async move {
            let _entry = entry;
            let _ = token.run_until_cancelled(future).await;
        });
    }

    /// Runs `future` to its own end: it watches [`Tasks::token`] itself and cleans up after it.
    pub fn spawn_cooperative<F>(&self, name: impl Into<Cow<'static, str>>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let entry = self.enter(name.into());
        #[allow(
            clippy::disallowed_methods,
            reason = "this is where tasks get their name"
        )]
        self.tracker.spawn(async move {
            let _entry = entry;
            future.await;
        });
    }

    /// Cancelled when the group ends; children may be cancelled earlier on their own.
    pub fn token(&self) -> CancellationToken {
        self.token.child_token()
    }

    /// Names of the tasks that run now.
    pub fn names(&self) -> Vec<String> {
        let names = self.running.names.lock();
        names.values().map(|name| name.to_string()).collect()
    }

    /// Cancels every task and waits for their end. Fails with the names of those that still ran
    /// when the deadline passed.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Vec<String>> {
        self.token.cancel();
        self.tracker.close();
        match tokio::time::timeout(deadline, self.tracker.wait()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.names()),
        }
    }

    fn enter(&self, name: Cow<'static, str>) -> Entry {
        let id = self.running.next.fetch_add(1, Ordering::Relaxed);
        self.running.names.lock().insert(id, name);
        Entry {
            id,
            running: self.running.clone(),
        }
    }
}

/// Removes a task's name when the task ends, however it ends.
struct Entry {
    id: u64,
    running: Arc<Running>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.running.names.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shutdown_cancels_and_drains_every_task() {
        let tasks = Tasks::new();
        tasks.spawn("sleeper", std::future::pending());
        assert_eq!(tasks.names(), ["sleeper"]);
        assert_eq!(tasks.shutdown(Duration::from_secs(5)).await, Ok(()));
        assert!(tasks.names().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_names_the_task_that_did_not_end() {
        let tasks = Tasks::new();
        tasks.spawn_cooperative("stubborn", std::future::pending());
        let left = tasks.shutdown(Duration::from_secs(1)).await;
        assert_eq!(left, Err(vec!["stubborn".to_owned()]));
    }
}
