//! One cluster per data folder: who hosts it, and how everyone else finds it.
//!
//! The host holds a lock on `cluster/host.lock` as long as it lives, so a host that died leaves no
//! doubt. `cluster/host.json` says where it listens; without the lock it is stale. Whoever looks
//! for a host or becomes one holds `cluster/start.lock` meanwhile, so that two never start at once.

use std::fs::{File, OpenOptions, TryLockError};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::places::{Places, create_private, write_private};
use crate::course::SourceFile;

/// The images of the course, for whoever hosts the cluster next.
const IMAGES: &str = "images.json";

/// What a host tells about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostFile {
    pub pid: u32,
    /// The version of the program that hosts it.
    pub version: String,
    pub address: SocketAddr,
    /// Where the host takes questions and orders.
    pub control: SocketAddr,
    /// What proves that an order comes from someone who may read this file.
    pub token: String,
    pub started: Timestamp,
}

/// The cluster folder of a data folder.
#[derive(Debug, Clone)]
pub struct HostPlace {
    folder: PathBuf,
}

/// Held by the host while it lives.
#[derive(Debug)]
pub struct HostLock {
    place: HostPlace,
    _file: File,
}

/// Held by whoever looks for a host, until it is found or started.
#[derive(Debug)]
pub struct StartLock {
    _file: File,
}

impl HostPlace {
    pub fn of(places: &Places) -> Result<Self> {
        let folder = places.cluster();
        create_private(&folder)?;
        Ok(Self { folder })
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// Where the cluster keeps what it holds.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// The images that the next host's registries have beside those of the program.
    pub fn images(&self) -> Result<Vec<SourceFile>> {
        match std::fs::read_to_string(self.folder.join(IMAGES)) {
            Ok(text) => Ok(serde_json::from_str(&text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).context("cannot read the images of the course"),
        }
    }

    /// Provides images for the next host. `false` where one lives that has others.
    pub fn provide(&self, images: &[SourceFile]) -> Result<bool> {
        if self.images()? == images {
            return Ok(true);
        }
        if self.living()?.is_some() {
            return Ok(false);
        }
        write_private(&self.folder.join(IMAGES), &serde_json::to_string(images)?)?;
        Ok(true)
    }

    /// Where a host in the background writes what it has to say.
    pub fn log(&self) -> PathBuf {
        self.folder.join("host.log")
    }

    fn file(&self) -> PathBuf {
        self.folder.join("host.json")
    }

    fn open(&self, name: &str) -> Result<File> {
        let path = self.folder.join(name);
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))
    }

    /// Waits for its turn to look for a host.
    pub async fn lock_start(&self) -> Result<StartLock> {
        let file = self.open("start.lock")?;
        let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await?;
        let file = locked.context("cannot lock the start of the cluster")?;
        Ok(StartLock { _file: file })
    }

    /// Becomes the host; `None` where there is one already.
    pub fn lock_host(&self) -> Result<Option<HostLock>> {
        let file = self.open("host.lock")?;
        match file.try_lock() {
            Ok(()) => Ok(Some(HostLock {
                place: self.clone(),
                _file: file,
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).context("cannot lock the cluster"),
        }
    }

    /// What the living host tells; `None` where nobody hosts.
    pub fn living(&self) -> Result<Option<HostFile>> {
        if self.lock_host()?.is_some() {
            return Ok(None);
        }
        self.told()
    }

    /// What the last host told, whether it lives or not.
    pub fn told(&self) -> Result<Option<HostFile>> {
        match std::fs::read_to_string(self.file()) {
            // A file of another version that says other things is no use.
            Ok(text) => Ok(serde_json::from_str(&text).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("cannot read who hosts the cluster"),
        }
    }
}

impl HostLock {
    /// Tells everyone where the cluster is.
    pub fn tell(&self, host: &HostFile, kubeconfig: &str) -> Result<()> {
        write_private(&self.place.kubeconfig(), kubeconfig)?;
        write_private(&self.place.file(), &serde_json::to_string_pretty(host)?)
    }
}

impl Drop for HostLock {
    /// The lock itself goes with the file; what was told is stale from here on. The address is
    /// left in place: the next host takes the same port if it can, and old shells go on working.
    fn drop(&mut self) {
        tracing::debug!("no longer the host");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, HostPlace) {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places::open(Some(folder.path())).expect("places");
        let place = HostPlace::of(&places).expect("a place");
        (folder, place)
    }

    fn host() -> HostFile {
        HostFile {
            pid: 1,
            version: "1".to_owned(),
            address: ([127, 0, 0, 1], 6443).into(),
            control: ([127, 0, 0, 1], 6444).into(),
            token: "t".to_owned(),
            started: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_host_is_found_while_it_lives_and_not_after() {
        let (_folder, place) = place();
        let lock = place.lock_host().expect("it locks").expect("nobody hosts");
        lock.tell(&host(), "kind: Config").expect("it tells");
        assert_eq!(place.living().expect("it reads"), Some(host()));
        assert!(place.lock_host().expect("it tries").is_none());
        drop(lock);
        assert_eq!(place.living().expect("it reads"), None);
        assert_eq!(place.told().expect("it reads"), Some(host()));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_the_kubeconfig() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, place) = place();
        let lock = place.lock_host().expect("it locks").expect("nobody hosts");
        lock.tell(&host(), "kind: Config").expect("it tells");
        let mode = std::fs::metadata(place.kubeconfig())
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn two_starters_take_turns() {
        let (_folder, place) = place();
        let first = place.lock_start().await.expect("it locks");
        let second = place.lock_start();
        tokio::pin!(second);
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        second.await.expect("it locks");
    }
}
