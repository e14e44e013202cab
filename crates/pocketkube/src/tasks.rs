//! Named background tasks that end together.
//!
//! Every spawn in the crate goes through [`Tasks`], so that shutdown can cancel, wait, and name
//! whoever did not end in time, and so that it is known whether any of them has something to do.

mod activity;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::Id;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use activity::Activity;

/// The owner of a group of tasks; clones share it.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
    running: Arc<Running>,
    activity: Arc<Activity>,
}

#[derive(Default)]
struct Running {
    names: Mutex<BTreeMap<u64, Named>>,
    next: AtomicU64,
}

struct Named {
    name: Cow<'static, str>,
    /// The runtime's number of it, once it has begun.
    id: Option<Id>,
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    /// A group that ends on its own, and whose work counts as work of this one.
    pub fn group(&self) -> Self {
        Self {
            activity: self.activity.clone(),
            ..Self::default()
        }
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
        self.tracker.spawn(self.activity.watch(async move {
            entry.begun();
            let _ = token.run_until_cancelled(future).await;
        }));
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
        self.tracker.spawn(self.activity.watch(async move {
            entry.begun();
            future.await;
        }));
    }

    /// Cancelled when the group ends; children may be cancelled earlier on their own.
    pub fn token(&self) -> CancellationToken {
        self.token.child_token()
    }

    /// Names of the tasks that run now.
    pub fn names(&self) -> Vec<String> {
        let names = self.running.names.lock();
        names.values().map(|named| named.name.to_string()).collect()
    }

    /// The name of the task that the runtime knows by this number, while it runs.
    pub fn name_of(&self, id: Id) -> Option<String> {
        let names = self.running.names.lock();
        let mut all = names.values();
        let found = all.find(|named| named.id == Some(id))?;
        Some(found.name.to_string())
    }

    /// Waits until no task can go on before time passes or somebody else acts; `false` where that
    /// does not happen within this machine time.
    ///
    /// Not for use in one of these tasks: it would wait for itself.
    pub async fn quiet(&self, within: Duration) -> bool {
        self.activity.quiet(within).await
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
        let named = Named { name, id: None };
        self.running.names.lock().insert(id, named);
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

impl Entry {
    /// To be called in the task.
    fn begun(&self) {
        if let Some(named) = self.running.names.lock().get_mut(&self.id) {
            named.id = tokio::task::try_id();
        }
    }
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
