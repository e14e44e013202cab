//! Workers: take keys from a queue, sync them, and try again later what failed.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;

use super::ControllerContext;
use crate::api::StatusError;
use crate::cause;
use crate::client::WorkQueue;

/// Why a sync could not finish; it is tried again later.
#[derive(Debug, thiserror::Error)]
pub(super) enum SyncError {
    #[error(transparent)]
    Status(#[from] StatusError),
    #[error("{0}")]
    Other(String),
}

/// A control loop's single step.
#[async_trait]
pub(super) trait Controller: Send + Sync + 'static {
    /// What the queue holds.
    type Key: Clone + Eq + Hash + Ord + Debug + Send + Sync + 'static;

    /// Re-reads what `key` names and brings the cluster one step nearer to what is wanted. May be
    /// called at any time and any number of times; never for the same key at once.
    async fn sync(&self, key: &Self::Key) -> Result<(), SyncError>;
}

/// Starts `workers` workers on a queue, once `ready` has completed (the caches have synced).
pub(super) fn run<C: Controller>(
    context: &ControllerContext,
    name: impl Display,
    (queue, workers): (Arc<WorkQueue<C::Key>>, usize),
    controller: Arc<C>,
    ready: impl Future<Output = ()> + Send + 'static,
) {
    let ready = ready.shared();
    for worker in 1..=workers {
        let (queue, controller, ready) = (queue.clone(), controller.clone(), ready.clone());
        context.tasks.spawn(format!("{name} {worker}"), async move {
            ready.await;
            work(&queue, &*controller).await;
        });
    }
}

async fn work<C: Controller>(queue: &WorkQueue<C::Key>, controller: &C) {
    while let Some(key) = queue.next().await {
        let causes = queue.take_causes(&key);
        let sync = cause::because(causes, controller.sync(&key));
        // A mistake in one sync must not end the loop for every other object.
        let outcome = AssertUnwindSafe(sync).catch_unwind().await;
        let try_again = || cause::telling(causes, || queue.add_rate_limited(key.clone()));
        match outcome {
            Ok(Ok(())) => queue.forget(&key),
            Ok(Err(error)) => {
                tracing::debug!(%error, ?key, "sync failed, trying again later");
                try_again();
            }
            Err(_) => {
                tracing::error!(?key, "sync panicked, trying again later");
                try_again();
            }
        }
        queue.done(&key);
    }
}
