//! The embedded cluster, hosted for a whole data folder: others find it and may ask how it does.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use kube::Client;
use pocketkube::clock::Clock;
use pocketkube::tasks::Tasks;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::api::Sandbox;
use super::control::{Asked, Control, HostStatus, Order};
use super::embedded::{Embedded, EmbeddedOptions, Port};
use super::host::{HostFile, HostLock, HostPlace};

/// A host in the background ends after so long without work.
const IDLE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// How long its own tasks may take to end.
const END_LIMIT: Duration = Duration::from_secs(2);

/// A hosted cluster; it ends with [`Sandbox::close`].
pub struct Hosting {
    embedded: Arc<Embedded>,
    tasks: Tasks,
    /// Cancelled when another process orders to stop, or nobody works here any more.
    stopped: CancellationToken,
    _lock: HostLock,
}

impl Hosting {
    /// Starts the cluster and tells everyone. In the background it also ends by itself.
    pub(super) async fn start(lock: HostLock, place: &HostPlace, background: bool) -> Result<Self> {
        let options = EmbeddedOptions {
            // Shells that know the last host's port go on working.
            port: Port::Rather(place.told()?.map_or(0, |host| host.address.port())),
            state: Some(place.state()),
            ..EmbeddedOptions::default()
        };
        let embedded = Arc::new(Embedded::start(&options).await?);
        let control = Control::listen().await?;
        let host = HostFile {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            address: embedded.socket(),
            control: control.address()?,
            token: control.token().to_owned(),
            started: Clock::real().now(),
        };
        lock.tell(&host, &embedded.kubeconfig())?;
        let tasks = Tasks::new();
        let stopped = CancellationToken::new();
        let (sender, asked) = mpsc::channel(4);
        tasks.spawn("host control", control.run(sender));
        let desk = Desk {
            embedded: embedded.clone(),
            nodes: options.nodes,
            background,
            last_work: Instant::now(),
        };
        tasks.spawn("host desk", desk.run(asked, stopped.clone()));
        Ok(Self {
            embedded,
            tasks,
            stopped,
            _lock: lock,
        })
    }

    /// Waits for the order to stop, or for half an hour without work in the background.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}

/// Answers other processes.
struct Desk {
    embedded: Arc<Embedded>,
    nodes: usize,
    background: bool,
    last_work: Instant,
}

impl Desk {
    async fn run(mut self, mut asked: mpsc::Receiver<Asked>, stopped: CancellationToken) {
        loop {
            let left = IDLE_LIMIT.saturating_sub(self.last_work.elapsed());
            let order = tokio::select! {
                order = asked.recv() => order,
                () = tokio::time::sleep(left), if self.background => None,
            };
            let Some(Asked { order, answer }) = order else {
                return stopped.cancel();
            };
            if order == Order::Touch {
                self.last_work = Instant::now();
            }
            // Whoever asked may be gone.
            let _ = answer.send(self.status());
            // In the foreground a learner looks at it; only they end it.
            if order == Order::Stop && self.background {
                return stopped.cancel();
            }
        }
    }

    fn status(&self) -> HostStatus {
        let clock = self.embedded.clock();
        HostStatus {
            now: clock.now(),
            speed: clock.speed(),
            idle: self.last_work.elapsed().as_secs(),
            nodes: self.nodes,
            background: self.background,
        }
    }
}

#[async_trait]
impl Sandbox for Hosting {
    fn name(&self) -> String {
        self.embedded.name()
    }

    fn client(&self) -> Client {
        self.embedded.client()
    }

    fn clock(&self) -> &Clock {
        self.embedded.clock()
    }

    fn kubeconfig(&self) -> String {
        self.embedded.kubeconfig()
    }

    fn address(&self) -> Option<String> {
        self.embedded.address()
    }

    fn is_hosted_here(&self) -> bool {
        true
    }

    async fn close(&self) -> Result<()> {
        let ended = self.tasks.shutdown(END_LIMIT).await;
        self.embedded.close().await?;
        ended.map_err(|names| anyhow::anyhow!("did not end in time: {}", names.join(", ")))
    }
}
