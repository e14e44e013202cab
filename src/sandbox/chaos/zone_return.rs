//! Gives a whole zone its power back.

use anyhow::Result;
use async_trait::async_trait;
use pocketkube::Fleet;

use super::{Chaos, ChaosKind, Deed};

pub(super) const KIND: ChaosKind = ChaosKind {
    name: "zone-return",
    takes: &["ZONE"],
    has_off: false,
    says: "The lost nodes of a zone get their power back",
    deed: &ZoneReturn,
};

struct ZoneReturn;

#[async_trait]
impl Deed for ZoneReturn {
    async fn act(&self, fleet: &Fleet, chaos: &Chaos) -> Result<String> {
        let nodes = fleet.bring_back_zone(chaos.target()).await?;
        Ok(format!("{} is back: {}", chaos.target(), nodes.join(", ")))
    }
}
