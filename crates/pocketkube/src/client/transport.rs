//! The seam between in-process clients and the way of a request.
//!
//! Whatever carries a call to the pipeline implements [`Transport`]: the endpoints in a running
//! cluster, a map in unit tests. Every call names the user who makes it and meets authorization
//! and admission like a request from outside.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::FutureExt;
use futures::stream::{BoxStream, Stream, StreamExt};

use crate::api::StatusError;
use crate::authentication::UserInfo;
use crate::endpoints::{Call, Reply, WatchEvent};

/// Carries calls to the cluster.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Performs one call. Fails with the `Status` that a remote client would receive.
    async fn call(&self, user: &Arc<UserInfo>, call: Call) -> Result<Reply, StatusError>;

    /// Follows changes after the revision `from`, narrowed by the call's namespace and selectors.
    /// `from == 0` sends the current state as `Added`, then a `Bookmark`, then changes.
    fn watch(
        &self,
        user: &Arc<UserInfo>,
        call: Call,
        from: u64,
    ) -> Result<WatchReceiver, StatusError>;
}

/// The receiving end of a watch. It ends after [`WatchEvent::Expired`] and at shutdown; dropping
/// it ends the watch.
pub struct WatchReceiver {
    events: BoxStream<'static, WatchEvent>,
}

impl WatchReceiver {
    pub fn new(events: impl Stream<Item = WatchEvent> + Send + 'static) -> Self {
        Self {
            events: events.boxed(),
        }
    }

    /// Waits for the next event; `None` once the watch has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<WatchEvent> {
        self.events.next().await
    }

    /// The next event if it has come already.
    pub fn try_next(&mut self) -> Option<WatchEvent> {
        self.events.next().now_or_never().flatten()
    }
}
