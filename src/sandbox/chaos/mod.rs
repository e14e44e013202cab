//! What can be done to a cluster on purpose: one file a kind of chaos, one row here.
//!
//! The rows say what there is and how it is told; [`Chaos`] is one such deed, and can be sent to
//! whoever hosts the cluster.

mod node_loss;
mod node_restart;
mod node_return;
mod pressure;
mod zone_loss;
mod zone_return;

use anyhow::Result;
use async_trait::async_trait;
use pocketkube::Fleet;
use serde::{Deserialize, Serialize};

/// A kind of chaos.
pub struct ChaosKind {
    /// As it is typed.
    pub name: &'static str,
    /// What it is done to: `NODE`, `ZONE`, …
    pub takes: &'static [&'static str],
    /// Whether it can be ended by the same words and `--off`.
    pub has_off: bool,
    /// A sentence for the list.
    pub says: &'static str,
    deed: &'static dyn Deed,
}

/// Every kind there is.
pub const KINDS: [&ChaosKind; 6] = [
    &node_loss::KIND,
    &node_return::KIND,
    &node_restart::KIND,
    &zone_loss::KIND,
    &zone_return::KIND,
    &pressure::KIND,
];

/// One deed: what, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chaos {
    pub what: String,
    pub targets: Vec<String>,
    #[serde(default)]
    pub off: bool,
}

/// Does it, and says what was done.
#[async_trait]
trait Deed: Sync {
    async fn act(&self, fleet: &Fleet, chaos: &Chaos) -> Result<String>;
}

impl Chaos {
    /// Fails where there is no such chaos, or it takes other words.
    pub fn new(what: &str, targets: Vec<String>, off: bool) -> Result<Self, String> {
        let Some(kind) = KINDS.into_iter().find(|kind| kind.name == what) else {
            let known: Vec<_> = KINDS.into_iter().map(|kind| kind.name).collect();
            return Err(format!("no chaos {what}; there are {}", known.join(", ")));
        };
        if targets.len() != kind.takes.len() {
            return Err(format!("expected {what} {}", kind.takes.join(" ")));
        }
        if off && !kind.has_off {
            return Err(format!("{what} cannot be taken off"));
        }
        let what = what.to_owned();
        Ok(Self { what, targets, off })
    }

    /// Does it to a cluster of this process, and says what was done.
    pub async fn act(&self, fleet: &Fleet) -> Result<String> {
        // It may have been sent by another process.
        let checked = Self::new(&self.what, self.targets.clone(), self.off);
        let chaos = checked.map_err(anyhow::Error::msg)?;
        let kind = KINDS.into_iter().find(|kind| kind.name == chaos.what);
        match kind {
            Some(kind) => kind.deed.act(fleet, &chaos).await,
            None => anyhow::bail!("no chaos {}", self.what),
        }
    }

    /// The first of its targets, which every kind has.
    fn target(&self) -> &str {
        self.targets.first().map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chaos_is_refused_with_the_words_that_it_takes() {
        let new = |what, targets: &[&str], off| {
            let targets = targets.iter().map(|target| (*target).to_owned());
            Chaos::new(what, targets.collect(), off)
        };
        assert!(new("pressure", &["node", "memory"], true).is_ok());
        let refused = |what, targets: &[&str], off| new(what, targets, off).unwrap_err();
        assert!(refused("storm", &[], false).contains("node-loss"));
        assert_eq!(refused("zone-loss", &[], false), "expected zone-loss ZONE");
        assert!(refused("node-loss", &["node"], true).contains("taken off"));
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let mut names: Vec<_> = KINDS.into_iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }
}
