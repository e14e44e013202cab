//! The embedded cluster, hosted for a whole data folder: others find it and may ask how it does.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use kube::Client;
use pocketkube::clock::Clock;

use super::api::Sandbox;
use super::desk::FrontDesk;
use super::embedded::{Embedded, EmbeddedOptions, Port};
use super::host::{HostLock, HostPlace};
use super::wire::Wire;

/// A hosted cluster; it ends with [`Sandbox::close`].
pub struct Hosting {
    embedded: Arc<Embedded>,
    desk: FrontDesk,
}

impl Hosting {
    /// Starts the cluster and tells everyone. In the background it also ends by itself.
    pub(super) async fn start(lock: HostLock, place: &HostPlace, background: bool) -> Result<Self> {
        let options = EmbeddedOptions {
            // Shells that know the last host's port go on working.
            port: Port::Rather(place.told()?.map_or(0, |host| host.address.port())),
            state: Some(place.state()),
            images: place.images()?,
            ..EmbeddedOptions::default()
        };
        let embedded = Arc::new(Embedded::start(&options).await?);
        let desk = FrontDesk::open(lock, embedded.clone(), background).await?;
        Ok(Self { embedded, desk })
    }

    /// Waits for the order to stop, or for half an hour without work in the background.
    pub async fn stopped(&self) {
        self.desk.stopped().await;
    }

    #[cfg(test)]
    pub(super) fn is_stopped(&self) -> bool {
        self.desk.is_stopped()
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
        let ended = self.desk.close().await;
        self.embedded.close().await?;
        ended
    }
}
