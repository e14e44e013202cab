//! Which kind clusters this data folder has made: one file each. What is not written down here is
//! nobody's to delete.

use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::Timestamp;
use pocketkube::clock::Clock;
use serde::{Deserialize, Serialize};

use super::super::places::{Places, create_private, write_private};
use super::recipe::IMAGE;

/// The folder of what belongs to one cluster.
#[derive(Debug, Clone)]
pub(super) struct Records {
    folder: PathBuf,
    name: String,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    name: String,
    image: String,
    begun: Timestamp,
}

impl Records {
    pub fn of(places: &Places, name: &str) -> Result<Self> {
        let folder = places.root().join("kind");
        create_private(&folder)?;
        Ok(Self {
            folder,
            name: name.to_owned(),
        })
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.file("kubeconfig")
    }

    pub fn recipe(&self) -> PathBuf {
        self.file("config.yaml")
    }

    /// Whether the cluster was made, or begun, from this data folder.
    pub fn is_made(&self) -> bool {
        self.file("json").is_file()
    }

    /// Written before anything is made: what an interruption leaves behind is ours, too.
    pub fn write(&self) -> Result<()> {
        let record = Record {
            name: self.name.clone(),
            image: IMAGE.to_owned(),
            begun: Clock::real().now(),
        };
        write_private(&self.file("json"), &serde_json::to_string_pretty(&record)?)
    }

    /// Forgets the cluster.
    pub fn remove(&self) -> Result<()> {
        for ending in ["json", "kubeconfig", "config.yaml"] {
            match std::fs::remove_file(self.file(ending)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).context("cannot forget the cluster");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Held while the cluster is made, found or deleted, so that two never do so at once.
    pub async fn lock(&self) -> Result<std::fs::File> {
        let path = self.file("lock");
        let file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await?;
        locked.context("cannot wait for the turn of this program")
    }
}
