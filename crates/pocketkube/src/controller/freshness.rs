//! Tells a controller that its cache doesn't show yet what it wrote itself.
//!
//! A status that is counted up must not be counted from an older one. The change that is awaited
//! brings the object back to the queue, so a controller that meets a stale object just waits.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::client::{Kind, ObjectKey};

/// The newest revision of each object that a controller has written.
#[derive(Default)]
pub(super) struct Freshness {
    written: Mutex<HashMap<ObjectKey, u64>>,
}

fn revision<K: Kind>(object: &K) -> u64 {
    object.resource_version().parse().unwrap_or(0)
}

impl Freshness {
    /// Notes an object as the server returned it.
    pub(super) fn wrote<K: Kind>(&self, object: &K) {
        self.written.lock().insert(object.key(), revision(object));
    }

    /// Whether the cached object is older than what was written.
    pub(super) fn is_stale<K: Kind>(&self, cached: &K) -> bool {
        let mut written = self.written.lock();
        let newest = written.get(&cached.key()).copied().unwrap_or(0);
        if revision(cached) >= newest {
            written.remove(&cached.key());
            return false;
        }
        true
    }

    pub(super) fn forget(&self, key: &ObjectKey) {
        self.written.lock().remove(key);
    }
}
