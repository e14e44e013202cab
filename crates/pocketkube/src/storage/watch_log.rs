//! The log of changes of one resource: bounded, read by every watcher at its own pace.
//!
//! A watcher holds a position, not a queue, so a slow one costs nothing; when the log has moved
//! past it, it learns that its revision is gone (410) and lists anew.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::watch;

use super::memory::Origin;
use crate::api::ObjectRef;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Created,
    Updated,
    Deleted,
}

/// One commit, as watchers see it.
#[derive(Clone, Debug)]
pub struct Change {
    pub revision: u64,
    pub kind: ChangeKind,
    /// The new state; for a deletion the last one, with the revision of the deletion.
    pub object: ObjectRef,
    /// The state before; `None` for a creation.
    pub previous: Option<ObjectRef>,
    /// Who committed it, and why.
    pub origin: Origin,
}

/// The revision asked for is no longer in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {requested} ({oldest})")]
pub struct Gone {
    pub requested: u64,
    pub oldest: u64,
}

/// The last changes of one resource.
pub(super) struct WatchLog {
    changes: RwLock<Changes>,
    /// The revision of the newest change; wakes watchers.
    newest: watch::Sender<u64>,
    capacity: usize,
}

struct Changes {
    ring: VecDeque<Change>,
    /// Readers of up to this revision cannot go on.
    forgotten: u64,
    /// Changes up to this revision have left the ring, or were never in it.
    lost: u64,
}

impl WatchLog {
    /// An empty log that readers of after `revision` can go on with, and that misses nothing after
    /// `lost`.
    pub(super) fn new(capacity: usize, revision: u64, lost: u64) -> Arc<Self> {
        Arc::new(Self {
            changes: RwLock::new(Changes {
                ring: VecDeque::new(),
                forgotten: revision,
                lost,
            }),
            newest: watch::channel(revision).0,
            capacity,
        })
    }

    pub(super) fn append(&self, change: Change) {
        let revision = change.revision;
        {
            let mut changes = self.changes.write();
            if changes.ring.len() == self.capacity
                && let Some(oldest) = changes.ring.pop_front()
            {
                changes.forgotten = changes.forgotten.max(oldest.revision);
                changes.lost = oldest.revision;
            }
            changes.ring.push_back(change);
        }
        self.newest.send_replace(revision);
    }

    /// Lets no reader of before `revision` go on. What happened stays known.
    pub(super) fn expire(&self, revision: u64) {
        self.changes.write().forgotten = revision;
        self.newest.send_replace(revision);
    }

    /// Changes up to this revision are not known any more.
    pub(super) fn lost(&self) -> u64 {
        self.changes.read().lost
    }

    /// Every change after `revision`, whoever can still go on from there. Fails with
    /// [`WatchLog::lost`] where some are not known any more.
    pub(super) fn since(&self, revision: u64) -> Result<Vec<Change>, u64> {
        let changes = self.changes.read();
        if revision < changes.lost {
            return Err(changes.lost);
        }
        let ring = &changes.ring;
        let start = ring.partition_point(|change| change.revision <= revision);
        Ok(ring.range(start..).cloned().collect())
    }

    /// Every change that it holds, the oldest first, those that no reader can go on from included.
    pub(super) fn history(&self) -> Vec<Change> {
        self.changes.read().ring.iter().cloned().collect()
    }

    /// Up to `limit` changes after `revision`, oldest first.
    pub(super) fn after(&self, revision: u64, limit: usize) -> Result<Vec<Change>, Gone> {
        let changes = self.changes.read();
        if revision < changes.forgotten {
            return Err(Gone {
                requested: revision,
                oldest: changes.forgotten,
            });
        }
        let start = changes
            .ring
            .partition_point(|change| change.revision <= revision);
        Ok(changes.ring.range(start..).take(limit).cloned().collect())
    }
}

/// Reads one resource's changes in order, waiting for those to come.
pub struct Watcher {
    log: Arc<WatchLog>,
    newest: watch::Receiver<u64>,
    position: u64,
}

impl Watcher {
    /// A reader of what comes after `revision`.
    pub(super) fn new(log: Arc<WatchLog>, revision: u64) -> Self {
        Self {
            newest: log.newest.subscribe(),
            log,
            position: revision,
        }
    }

    /// The next batch of changes, at least one. Cancel-safe. Fails once the log has moved past
    /// the reader; waits for ever when storage ends.
    pub async fn next(&mut self) -> Result<Vec<Change>, Gone> {
        /// Bounds how long the log stays locked for a reader that is far behind.
        const BATCH: usize = 512;
        let mut yielded = false;
        loop {
            self.newest.mark_unchanged();
            let batch = self.log.after(self.position, BATCH)?;
            if let Some(last) = batch.last() {
                self.position = last.revision;
                return Ok(batch);
            }
            // While many write, more has come by now: that is cheaper than a wake for each change.
            if !std::mem::replace(&mut yielded, true) {
                tokio::task::yield_now().await;
                continue;
            }
            if self.newest.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until there are changes that have not been read. Cancel-safe.
    pub async fn wait(&mut self) {
        if self.newest.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether there are changes that have not been read. Costs next to nothing.
    pub fn has_news(&self) -> bool {
        self.newest.has_changed().unwrap_or_default()
    }

    /// Every change that has not been read, without waiting for more. Fails once the log has
    /// moved past the reader.
    pub fn take_news(&mut self) -> Result<Vec<Change>, Gone> {
        self.newest.mark_unchanged();
        let batch = self.log.after(self.position, usize::MAX)?;
        if let Some(last) = batch.last() {
            self.position = last.revision;
        }
        Ok(batch)
    }

    /// The revision up to which changes have been read.
    pub fn position(&self) -> u64 {
        self.position
    }
}
