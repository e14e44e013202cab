//! Whether a kata can be done in a sandbox, asked before anything there is touched.

use anyhow::{Context, Result};

use super::api::Sandbox;
use crate::course::{KataId, KataInstance};

/// Why a kata cannot be done in a sandbox.
#[derive(Debug, thiserror::Error)]
#[error("{kata} cannot be done on {sandbox}: {}", .lacking.join("; "))]
pub struct Unfit {
    pub kata: KataId,
    pub sandbox: String,
    /// Each reason.
    pub lacking: Vec<String>,
}

/// Sees to it that the sandbox has what the kata needs. Fails with [`Unfit`] where it cannot.
pub async fn fit(sandbox: &dyn Sandbox, kata: &KataInstance) -> Result<()> {
    let abilities = sandbox.abilities().await?;
    let lacking = abilities.lacking(kata);
    if !lacking.is_empty() {
        let (kata, sandbox) = (kata.id.clone(), sandbox.name());
        return Err(Unfit {
            kata,
            sandbox,
            lacking,
        }
        .into());
    }
    let Some(nodes) = kata.sandbox.nodes.filter(|_| abilities.can_grow()) else {
        return Ok(());
    };
    let grown = sandbox.wire().reinforce(usize::try_from(nodes)?).await;
    grown.with_context(|| format!("{} needs {nodes} nodes", kata.id))
}
