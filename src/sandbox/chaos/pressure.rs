//! Has a node run short of something.

use anyhow::Result;
use async_trait::async_trait;
use pocketkube::Fleet;
use pocketkube::kubelet::Pressure;

use super::{Chaos, ChaosKind, Deed};

pub(super) const KIND: ChaosKind = ChaosKind {
    name: "pressure",
    takes: &["NODE", "memory|disk|pid"],
    has_off: true,
    says: "A node runs short of memory, disk or process ids, and evicts Pods; --off ends it",
    deed: &Shortage,
};

struct Shortage;

#[async_trait]
impl Deed for Shortage {
    async fn act(&self, fleet: &Fleet, chaos: &Chaos) -> Result<String> {
        let pressure: Pressure = chaos.targets[1].parse().map_err(anyhow::Error::msg)?;
        fleet.press(chaos.target(), pressure, !chaos.off).await?;
        let (node, name) = (chaos.target(), pressure.name());
        Ok(match chaos.off {
            false => format!("{node} runs short of {name}, and evicts Pods until --off"),
            true => format!("{node} has enough {name} again"),
        })
    }
}
