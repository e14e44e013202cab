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
use super::wire::Wire;

/// A host in the background ends after so long without work.
const IDLE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// How often the host looks whether requests came.
const LOOK: Duration = Duration::from_secs(15);

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
            requests: 0,
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
    /// Requests that were there at the last look.
    requests: u64,
    last_work: Instant,
}

impl Desk {
    async fn run(mut self, mut asked: mpsc::Receiver<Asked>, stopped: CancellationToken) {
        loop {
            let order = tokio::select! {
                order = asked.recv() => order,
                () = tokio::time::sleep(LOOK) => {
                    self.notice_requests();
                    if self.background && self.last_work.elapsed() >= IDLE_LIMIT {
                        return stopped.cancel();
                    }
                    continue;
                }
            };
            let Some(Asked { order, answer }) = order else {
                return stopped.cancel();
            };
            self.notice_requests();
            if order == Order::Touch {
                self.last_work = Instant::now();
            }
            let mut status = self.status();
            match &order {
                Order::Traffic { user } => status.traffic = Some(self.embedded.traffic(user)),
                Order::Cut { user } => self.embedded.cut_watches(user),
                Order::Status | Order::Touch | Order::Stop => {}
            }
            // Whoever asked may be gone.
            let _ = answer.send(status);
            // In the foreground a learner looks at it; only they end it.
            if order == Order::Stop && self.background {
                return stopped.cancel();
            }
        }
    }

    /// kubectl in a terminal is work too.
    fn notice_requests(&mut self) {
        let requests = self.embedded.requests();
        if requests != self.requests {
            self.requests = requests;
            self.last_work = Instant::now();
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
            traffic: None,
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

    fn wire(&self) -> Arc<dyn Wire> {
        self.embedded.wire()
    }

    async fn close(&self) -> Result<()> {
        let ended = self.tasks.shutdown(END_LIMIT).await;
        self.embedded.close().await?;
        ended.map_err(|names| anyhow::anyhow!("did not end in time: {}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{Places, control};

    async fn host(background: bool) -> (tempfile::TempDir, HostPlace, Hosting) {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places::open(Some(folder.path())).expect("places");
        let place = HostPlace::of(&places).expect("a place");
        let lock = place.lock_host().expect("it locks").expect("nobody hosts");
        let hosting = Hosting::start(lock, &place, background)
            .await
            .expect("it hosts");
        (folder, place, hosting)
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_in_the_background_ends_after_half_an_hour_without_work() {
        let (_folder, _place, hosting) = host(true).await;
        let began = Instant::now();
        hosting.stopped().await;
        let idle = began.elapsed();
        assert!(
            idle >= IDLE_LIMIT && idle < IDLE_LIMIT + 2 * LOOK,
            "{idle:?}"
        );
        hosting.close().await.expect("it ends");
    }

    #[tokio::test]
    async fn the_order_to_stop_ends_a_host_in_the_background_only() {
        for background in [true, false] {
            let (_folder, place, hosting) = host(background).await;
            let file = place.told().expect("it reads").expect("it was told");
            let status = control::ask(&file, Order::Stop).await.expect("an answer");
            assert_eq!(status.background, background);
            tokio::task::yield_now().await;
            assert_eq!(hosting.stopped.is_cancelled(), background);
            hosting.close().await.expect("it ends");
        }
    }
}
