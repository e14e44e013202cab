//! The cluster of this data folder, hosted by another process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use pocketkube::clock::Clock;
use pocketkube::tasks::Tasks;

use super::api::Sandbox;
use super::control::{self, ClockOrder, HostStatus, Order};
use super::host::{HostFile, HostPlace};
use super::wire::{Remote, Wire};

/// A cluster that outlives this process.
pub struct Attached {
    host: HostFile,
    kubeconfig: String,
    client: Client,
    clock: Clock,
    tasks: Tasks,
}

/// How often a host in the background is told that someone still works with it.
const TOUCH: Duration = Duration::from_secs(5 * 60);

impl Attached {
    /// Connects to a host that lives. Fails where it does not answer.
    pub async fn connect(place: &HostPlace, host: HostFile) -> Result<Self> {
        let status = control::ask(&host, Order::Touch).await?;
        let kubeconfig = std::fs::read_to_string(place.kubeconfig())
            .context("cannot read the cluster's kubeconfig")?;
        let parsed = Kubeconfig::from_yaml(&kubeconfig)?;
        let options = KubeConfigOptions::default();
        let mut config = kube::Config::from_custom_kubeconfig(parsed, &options).await?;
        // A Service without endpoints answers 503; who asks wants to know that, and at once.
        config.default_retry = false;
        let tasks = Tasks::new();
        tasks.spawn("keep the host awake", keep_awake(host.clone()));
        let clock = Clock::starting_at(status.now, status.pace);
        tasks.spawn(
            "follow the host's clock",
            follow(host.clone(), clock.clone(), status),
        );
        Ok(Self {
            tasks,
            client: Client::try_from(config)?,
            clock,
            host,
            kubeconfig,
        })
    }

    pub fn host(&self) -> &HostFile {
        &self.host
    }
}

/// How soon after a change of the clock the next one is asked for.
const FOLLOW: Duration = Duration::from_millis(10);

#[async_trait]
impl Sandbox for Attached {
    fn name(&self) -> String {
        "embedded".to_owned()
    }

    fn client(&self) -> Client {
        self.client.clone()
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn kubeconfig(&self) -> String {
        self.kubeconfig.clone()
    }

    fn address(&self) -> Option<String> {
        Some(format!("https://{}", self.host.address))
    }

    fn is_hosted_here(&self) -> bool {
        false
    }

    fn wire(&self) -> Arc<dyn Wire> {
        Arc::new(Remote(self.host.clone()))
    }

    async fn close(&self) -> Result<()> {
        // Only timers and questions run here; they end at once.
        let _ = self.tasks.shutdown(Duration::from_secs(1)).await;
        Ok(())
    }
}

/// Watches alone make no requests, so that work is told of.
async fn keep_awake(host: HostFile) {
    loop {
        tokio::time::sleep(TOUCH).await;
        // A host that is gone shows in every other request.
        let _ = control::ask(&host, Order::Touch).await;
    }
}

/// Lets a clock do as the host's does, whoever sets that.
async fn follow(host: HostFile, clock: Clock, mut status: HostStatus) {
    loop {
        let changes = status.changes;
        let order = ClockOrder::Follow { changes };
        let Ok(changed) = control::ask(&host, Order::Clock { order }).await else {
            // It is gone, or older than this program and says nothing about its clock.
            return;
        };
        status = changed;
        clock.follow(status.now, status.pace);
        // While it skips, every step is a change.
        tokio::time::sleep(FOLLOW).await;
    }
}
