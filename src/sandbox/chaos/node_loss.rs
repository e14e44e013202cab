//! Takes the power from a node.

use anyhow::Result;
use async_trait::async_trait;
use pocketkube::Fleet;

use super::{Chaos, ChaosKind, Deed};

pub(super) const KIND: ChaosKind = ChaosKind {
    name: "node-loss",
    takes: &["NODE"],
    has_off: false,
    says: "A node loses its power: it becomes NotReady, and its Pods are evicted in time",
    deed: &NodeLoss,
};

struct NodeLoss;

#[async_trait]
impl Deed for NodeLoss {
    async fn act(&self, fleet: &Fleet, chaos: &Chaos) -> Result<String> {
        fleet.lose(chaos.target())?;
        Ok(format!(
            "{} has lost its power; it is NotReady in less than a minute of cluster time",
            chaos.target()
        ))
    }
}
