//! Gives a node its power back.

use anyhow::Result;
use async_trait::async_trait;
use pocketkube::Fleet;

use super::{Chaos, ChaosKind, Deed};

pub(super) const KIND: ChaosKind = ChaosKind {
    name: "node-return",
    takes: &["NODE"],
    has_off: false,
    says: "A lost node gets its power back",
    deed: &NodeReturn,
};

struct NodeReturn;

#[async_trait]
impl Deed for NodeReturn {
    async fn act(&self, fleet: &Fleet, chaos: &Chaos) -> Result<String> {
        fleet.bring_back(chaos.target()).await?;
        Ok(format!("{} is back", chaos.target()))
    }
}
