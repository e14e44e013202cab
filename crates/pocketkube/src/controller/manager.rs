//! The controllers of a cluster as one part of it that can end and start anew.
//!
//! What controllers know beyond the API (expectations, back-offs, histories) ends with them; the
//! shared caches stay. Mirrors `cmd/kube-controller-manager`, without leader election.

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
        self.clock.sleep(AWAY).await;
        *self.tasks.lock() = self.cluster.group();
        self.start_all();
        Ok(())
    }

    /// Ends every controller. Fails with the names of tasks that did not end in time.
    pub async fn shutdown(&self) -> Result<(), Vec<String>> {
        let tasks = self.tasks.lock().clone();
        tasks.shutdown(LIMIT).await
    }
}
