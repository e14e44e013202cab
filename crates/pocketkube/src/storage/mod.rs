//! Where objects live: a map with one global revision and a log of every change.
//!
//! Storage knows keys and trees, never kinds. A commit is atomic: it checks what the writer
//! expects, counts the revision up, writes it into the object's `metadata.resourceVersion`,
//! appends to the watch log and wakes the watchers. Mirrors `apiserver/pkg/storage` and etcd.

mod durable;
mod memory;
#[cfg(test)]
mod tests;
mod watch_log;

pub use durable::DurableError;
pub use memory::{
    Command, CommitError, ListPage, Origin, Return, RewindError, Rewinding, Storage, Whole,
};
pub use watch_log::{Change, ChangeKind, Gone, Watcher};

use std::sync::Arc;

use crate::api::GroupResource;

/// Where an object is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub resource: Arc<GroupResource>,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    pub name: String,
}

impl Key {
    pub fn new(resource: &Arc<GroupResource>, namespace: &str, name: &str) -> Self {
        Self {
            resource: resource.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}
