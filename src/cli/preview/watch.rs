//! Tells when a file of a course changes: by the system's own means, and by looking again and again
//! where those do not work (network mounts, some virtual machines).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{Config, Event, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;

/// How often is looked where nobody tells.
const LOOK: Duration = Duration::from_secs(1);

/// Set, it has the files looked at instead of being told about them.
const POLL: &str = "KUBEKATA_POLL";

/// The watch over a course; it ends with this value.
pub(super) struct Watch {
    changes: watch::Receiver<u64>,
    _watcher: Box<dyn Watcher>,
}

impl Watch {
    pub fn begin(folder: &Path) -> Result<Self> {
        let polls = std::env::var_os(POLL).is_some_and(|value| !value.is_empty());
        if !polls {
            match Self::told(folder) {
                Ok(watch) => return Ok(watch),
                Err(error) => tracing::debug!(%error, "files are looked at instead"),
            }
        }
        Self::polling(folder, LOOK)
    }

    fn told(folder: &Path) -> Result<Self> {
        let (sender, changes) = watch::channel(0);
        let mut watcher =
            RecommendedWatcher::new(move |event| note(&sender, event), Config::default())?;
        watcher.watch(folder, RecursiveMode::Recursive)?;
        Ok(Self {
            changes,
            _watcher: Box::new(watcher),
        })
    }

    fn polling(folder: &Path, every: Duration) -> Result<Self> {
        let (sender, changes) = watch::channel(0);
        let how = Config::default()
            .with_poll_interval(every)
            .with_compare_contents(true);
        let watcher = PollWatcher::new(move |event| note(&sender, event), how);
        let mut watcher = watcher.context("files cannot be watched")?;
        watcher.watch(folder, RecursiveMode::Recursive)?;
        Ok(Self {
            changes,
            _watcher: Box::new(watcher),
        })
    }

    /// Waits for the next change. Many at once are one.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Reading a file is no change of it.
fn note(changes: &watch::Sender<u64>, event: notify::Result<Event>) {
    if event.is_ok_and(|event| !event.kind.is_access()) {
        changes.send_modify(|count| *count += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No machine is so slow.
    const LONG: Duration = Duration::from_secs(60);

    async fn notices(mut watch: Watch, folder: &Path) {
        let file = folder.join("lessons/a.md");
        let mut round = 0;
        let noticed = async {
            loop {
                round += 1;
                std::fs::write(&file, format!("round {round}")).expect("it is written");
                // A watch that has just begun may not have looked for the first time.
                let soon = tokio::time::timeout(Duration::from_millis(200), watch.changed());
                if soon.await.is_ok() {
                    return;
                }
            }
        };
        tokio::time::timeout(LONG, noticed)
            .await
            .expect("it is noticed");
    }

    #[tokio::test]
    async fn a_changed_file_is_noticed_whether_told_of_or_looked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("lessons")).expect("a folder");
        notices(
            Watch::begin(folder.path()).expect("it begins"),
            folder.path(),
        )
        .await;
        let polling = Watch::polling(folder.path(), Duration::from_millis(20));
        notices(polling.expect("it begins"), folder.path()).await;
    }
}
