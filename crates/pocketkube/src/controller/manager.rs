//! The controllers of a cluster as one part of it that can end and start anew.
//!
//! What controllers know beyond the API (expectations, back-offs, histories) ends with them; the
//! shared caches stay. Mirrors `cmd/kube-controller-manager`, without leader election.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::{ControllerContext, ControllerOptions, start};
use crate::client::{Client, Informers};
use crate::clock::Clock;
use crate::tasks::Tasks;

/// How long controllers may take to end.
const LIMIT: Duration = Duration::from_secs(5);
/// How long nobody controls anything during a restart, in cluster time: the caches have taken in
/// by then what the old controllers wrote last.
const AWAY: Duration = Duration::from_secs(1);

/// Starts controllers, and ends them.
pub struct ControllerManager {
    client: Client,
    informers: Informers,
    clock: Clock,
    options: ControllerOptions,
    /// The cluster's, whose work that of the controllers counts as.
    cluster: Tasks,
    tasks: Mutex<Tasks>,
    /// Counts the times that somebody wanted them to start anew.
    turns: AtomicU64,
}

impl ControllerManager {
    /// Starts every controller. Must be called inside a runtime.
    pub fn start(
        client: Client,
        informers: Informers,
        clock: Clock,
        options: ControllerOptions,
        cluster: &Tasks,
    ) -> Self {
        let manager = Self {
            client,
            informers,
            clock,
            options,
            tasks: Mutex::new(cluster.group()),
            turns: AtomicU64::new(0),
            cluster: cluster.clone(),
        };
        manager.start_all();
        manager
    }

    fn start_all(&self) {
        let tasks = self.tasks.lock().clone();
        start(&ControllerContext::new(
            self.client.clone(),
            self.informers.of(&tasks),
            self.clock.clone(),
            tasks,
            self.options.clone(),
        ));
    }

    /// Ends every controller wherever it is, and starts new ones, which know nothing but what the
    /// API says, a second of cluster time later. Fails with the names of tasks that did not end.
    pub async fn restart(&self) -> Result<(), Vec<String>> {
        self.shutdown().await?;
        self.come_back(self.turns.fetch_add(1, Ordering::Relaxed) + 1)
            .await;
        Ok(())
    }

    /// Starts new controllers a second of cluster time from now, whoever waits for it.
    pub fn start_later(self: &Arc<Self>) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed) + 1;
        let manager = self.clone();
        self.cluster.spawn("start of controllers", async move {
            manager.come_back(turn).await;
        });
    }

    /// Whoever was asked last starts them.
    async fn come_back(&self, turn: u64) {
        self.clock.sleep(AWAY).await;
        if self.turns.load(Ordering::Relaxed) == turn {
            *self.tasks.lock() = self.cluster.group();
            self.start_all();
        }
    }

    /// Ends every controller. Fails with the names of tasks that did not end in time.
    pub async fn shutdown(&self) -> Result<(), Vec<String>> {
        let tasks = self.tasks.lock().clone();
        tasks.shutdown(LIMIT).await
    }
}
