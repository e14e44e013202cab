//! What every sandbox offers, whatever stands behind it.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use kube::Client;
use pocketkube::clock::Clock;

use super::ability::Abilities;
use super::foreign::Territory;
use super::wire::Wire;

/// A cluster to work in: embedded, attached, made by `kind`, or any other.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// As `--sandbox` takes it: `embedded`, `kind`, `context:NAME`.
    fn name(&self) -> String;

    /// A client with the rights of an administrator.
    fn client(&self) -> Client;

    /// The time by which checks measure; the cluster's own where it can be had.
    fn clock(&self) -> &Clock;

    /// For kubectl and everything else outside of this process.
    fn kubeconfig(&self) -> String;

    /// Where the API server listens.
    fn address(&self) -> Option<String>;

    /// Whether the cluster lives and ends with this process.
    fn is_hosted_here(&self) -> bool;

    /// The wire between the cluster and somebody's program.
    fn wire(&self) -> Arc<dyn Wire>;

    /// What katas may ask of it. Everything, unless it is somebody else's cluster.
    async fn abilities(&self) -> Result<Abilities> {
        Ok(Abilities::all())
    }

    /// How much of it is the learner's.
    fn territory(&self) -> Territory {
        Territory::Whole
    }

    /// Lets go: ends the cluster where this process hosts it.
    async fn close(&self) -> Result<()>;
}
