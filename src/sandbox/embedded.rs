//! The cluster inside this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use kube::Client;
use pocketkube::Cluster;
use pocketkube::clock::Clock;

use super::api::Sandbox;

/// What the embedded cluster shall be like.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    pub nodes: usize,
    /// Cluster seconds per second.
    pub speed: f64,
    /// The port to listen on; 0 takes any.
    pub port: u16,
    /// Where it keeps what it holds; nowhere means in memory only.
    pub state: Option<PathBuf>,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            nodes: 3,
            speed: 1.0,
            port: 0,
            state: None,
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
            .nodes(options.nodes)
            .clock(Clock::scaled(options.speed))
            .start()
            .await
            .context("the cluster does not start")?;
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let address = cluster.serve(wanted).await?;
        Ok(Self {
            client: cluster.client(),
            cluster,
            address,
        })
    }

    pub fn socket(&self) -> SocketAddr {
        self.address
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

    async fn close(&self) -> Result<()> {
        self.cluster
            .shutdown()
            .await
            .map_err(|names| anyhow!("did not end in time: {}", names.join(", ")))
    }
}
