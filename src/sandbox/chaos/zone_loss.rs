//! Takes the power from a whole zone.

use anyhow::Result;
use async_trait::async_trait;
use pocketkube::Fleet;

use super::{Chaos, ChaosKind, Deed};

pub(super) const KIND: ChaosKind = ChaosKind {
    name: "zone-loss",
    takes: &["ZONE"],
    has_off: false,
    says: "All workers of a zone lose their power",
    deed: &ZoneLoss,
};

struct ZoneLoss;

#[async_trait]
impl Deed for ZoneLoss {
    async fn act(&self, fleet: &Fleet, chaos: &Chaos) -> Result<String> {
        let nodes = fleet.lose_zone(chaos.target())?;
        Ok(format!(
            "{} has lost its power: {}",
            chaos.target(),
            nodes.join(", ")
        ))
    }
}
