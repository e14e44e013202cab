//! The cluster inside this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use jiff::Timestamp;
use kube::Client;
use pocketkube::clock::Clock;
use pocketkube::server::ListenError;
use pocketkube::{Catalogue, Cluster, Fleet, Insight, NextTimer, Rewinder};

use super::api::Sandbox;
use super::standing::Standing;
use super::wire::{ApiCall, Traffic, Wire, calls_of, traffic_of, wire_to};
use crate::course::SourceFile;

/// What the embedded cluster shall be like.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    pub nodes: usize,
    /// Cluster seconds per second.
    pub speed: f64,
    pub port: Port,
    /// Where it keeps what it holds; nowhere means in memory only.
    pub state: Option<PathBuf>,
    /// Images of a course, beside those of the program.
    pub images: Vec<SourceFile>,
}

/// Where to listen on loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// On this one; 0 takes any.
    Exactly(u16),
    /// On this one if it is free, else on any.
    Rather(u16),
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            nodes: 3,
            speed: 1.0,
            port: Port::Exactly(0),
            state: None,
            images: Vec::new(),
        }
    }
}

/// A cluster that lives in this process and is served on loopback.
pub struct Embedded {
    cluster: Cluster,
    address: SocketAddr,
    client: Client,
}

impl Embedded {
    /// Starts and serves it. Fails where the port is taken.
    pub async fn start(options: &EmbeddedOptions) -> Result<Self> {
        let cluster = Cluster::builder()
            .catalogue(catalogue(&options.images)?)
            .nodes(options.nodes)
            .clock(Clock::scaled(options.speed))
            .state(options.state.clone())
            .start()
            .await
            .context("the cluster does not start")?;
        match serve(&cluster, options.port).await {
            Ok(address) => Ok(Self {
                client: cluster.client(),
                cluster,
                address,
            }),
            Err(error) => {
                // It must let go of its folder; why it cannot serve is what matters.
                let _ = cluster.shutdown().await;
                Err(error.into())
            }
        }
    }

    /// Requests from outside of this process so far.
    pub fn requests(&self) -> u64 {
        self.cluster.requests()
    }

    /// What a user has asked from outside of this process so far.
    pub fn traffic(&self, user: &str) -> Traffic {
        traffic_of(self.cluster.server(), user)
    }

    /// What the learner's tools asked from outside of this process lately.
    pub fn calls(&self, since: u64) -> Vec<ApiCall> {
        calls_of(self.cluster.server(), since)
    }

    /// Breaks the watches of a user off.
    pub fn cut_watches(&self, user: &str) {
        self.cluster.server().cut_watches_of(user);
    }

    /// What stands outside of these namespaces.
    pub fn standing(&self, without: &[String]) -> Standing {
        Standing::of(self.cluster.server().registry().storage(), without)
    }

    /// Lets a span of cluster time pass at once, with everything that is due in it.
    pub async fn skip(&self, span: Duration) {
        self.cluster.skip(span).await;
    }

    pub async fn skip_until(&self, until: Timestamp) {
        self.cluster.skip_until(until).await;
    }

    /// Who in the cluster waits for what time.
    pub fn next_timers(&self, count: usize) -> Vec<NextTimer> {
        self.cluster.next_timers(count)
    }

    pub fn nodes(&self) -> usize {
        self.fleet().nodes().len()
    }

    /// What can be asked about the cluster.
    pub fn insight(&self) -> Insight {
        self.cluster.insight()
    }

    /// Goes back in the cluster's history.
    pub fn rewinder(&self) -> Rewinder {
        self.cluster.rewinder().clone()
    }

    /// The nodes, and what can happen to them.
    pub fn fleet(&self) -> Fleet {
        self.cluster.fleet()
    }

    pub fn socket(&self) -> SocketAddr {
        self.address
    }
}

/// What registries have: the images of the program, and those of a course.
fn catalogue(images: &[SourceFile]) -> Result<Arc<Catalogue>> {
    if images.is_empty() {
        return Ok(Catalogue::shared());
    }
    let mut catalogue = Catalogue::embedded();
    for file in images {
        catalogue.add(&file.path, &file.text)?;
    }
    Ok(Arc::new(catalogue))
}

async fn serve(cluster: &Cluster, port: Port) -> Result<SocketAddr, ListenError> {
    let on = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match port {
        Port::Exactly(port) => cluster.serve(on(port)).await,
        Port::Rather(port) => match cluster.serve(on(port)).await {
            Ok(address) => Ok(address),
            Err(_) => cluster.serve(on(0)).await,
        },
    }
}

#[async_trait]
impl Sandbox for Embedded {
    fn name(&self) -> String {
        "embedded".to_owned()
    }

    fn client(&self) -> Client {
        self.client.clone()
    }

    fn clock(&self) -> &Clock {
        self.cluster.clock()
    }

    fn kubeconfig(&self) -> String {
        self.cluster.kubeconfig()
    }

    fn address(&self) -> Option<String> {
        Some(format!("https://{}", self.address))
    }

    fn is_hosted_here(&self) -> bool {
        true
    }

    fn wire(&self) -> Arc<dyn Wire> {
        wire_to(&self.cluster)
    }

    async fn close(&self) -> Result<()> {
        self.cluster
            .shutdown()
            .await
            .map_err(|names| anyhow!("did not end in time: {}", names.join(", ")))
    }
}
