//! Restarts a node.

use anyhow::Result;
use async_trait::async_trait;
use pocketkube::Fleet;

use super::{Chaos, ChaosKind, Deed};

pub(super) const KIND: ChaosKind = ChaosKind {
    name: "node-restart",
    takes: &["NODE"],
    has_off: false,
    says: "A node restarts: its containers end, and start anew when it has booted",
    deed: &NodeRestart,
};

struct NodeRestart;

#[async_trait]
impl Deed for NodeRestart {
    async fn act(&self, fleet: &Fleet, chaos: &Chaos) -> Result<String> {
        fleet.restart(chaos.target())?;
        Ok(format!(
            "{} restarts; it is back in 15 s of cluster time",
            chaos.target()
        ))
    }
}
