//! More nodes, for katas that need more than the cluster began with.

use anyhow::{Result, bail};
use pocketkube::{Fleet, NodeSpec};

/// More than anybody can look at.
const MOST: usize = 20;

/// The zones of the workers, in turn.
const ZONES: [&str; 2] = ["zone-a", "zone-b"];

/// Adds workers until there are `nodes`. They are gone when the cluster ends.
pub(super) async fn reinforce(fleet: &Fleet, nodes: usize) -> Result<()> {
    if nodes > MOST {
        bail!("{nodes} nodes are too many; {MOST} at most");
    }
    let mut number = 2;
    while fleet.nodes().len() < nodes {
        number += 1;
        let name = format!("kubekata-worker{number}");
        if fleet.nodes().iter().any(|node| node.config.name == name) {
            continue;
        }
        let zone = ZONES[(number + 1) % ZONES.len()].to_owned();
        let spec = NodeSpec {
            zone,
            ..NodeSpec::named(&name)
        };
        fleet.add(spec).await?;
    }
    Ok(())
}
