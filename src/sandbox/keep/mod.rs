//! What a reset takes away, so that it can be taken back: the objects of a kata as they were.
//!
//! They are read over the API and made anew over the API, so it works in every sandbox. What the
//! API does not hold is lost: Pods start anew, what was written to volumes is gone. The learner's
//! files are kept beside their folder (see `shell`).

mod export;
mod put_back;
mod strip;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use export::keep;
pub use put_back::put_back;

use super::places::{Places, create_private, write_private};
use crate::course::KataId;

/// The objects of one kata at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What the parameters of its scene were drawn from.
    pub seed: u64,
    /// Its namespaces, with their labels and annotations.
    pub namespaces: Vec<Value>,
    /// Everything else, ready to be created in this order.
    pub objects: Vec<Value>,
}

impl Kept {
    /// Writes it down; it takes the place of what was kept before.
    pub fn save(&self, places: &Places, kata: &KataId) -> Result<()> {
        let path = file(places, kata);
        if let Some(folder) = path.parent() {
            create_private(folder)?;
        }
        write_private(&path, &serde_json::to_string(self)?)
    }

    /// What was kept at the last reset, if anything.
    pub fn load(places: &Places, kata: &KataId) -> Result<Option<Self>> {
        let path = file(places, kata);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let kept = serde_json::from_str(&text);
        kept.map(Some)
            .with_context(|| format!("{} is damaged", path.display()))
    }

    /// It was taken back, and cannot be a second time.
    pub fn forget(places: &Places, kata: &KataId) -> Result<()> {
        match std::fs::remove_file(file(places, kata)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn file(places: &Places, kata: &KataId) -> PathBuf {
    let name = format!("{}-{}.json", kata.track(), kata.slug());
    places.root().join("kept").join(name)
}
