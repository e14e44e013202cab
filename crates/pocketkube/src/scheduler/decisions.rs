//! Why Pods are still waiting: the last diagnosis of each, for whoever asks.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::framework::Diagnosis;

/// The last refusals, by the uid of the Pod; clones share them.
#[derive(Clone, Default)]
pub struct Decisions {
    by_uid: Arc<RwLock<HashMap<String, Arc<Diagnosis>>>>,
}

impl Decisions {
    /// Which rule refused which node the last time this Pod was tried; `None` for Pods that were
    /// never refused, or have been placed since.
    pub fn get(&self, uid: &str) -> Option<Arc<Diagnosis>> {
        self.by_uid.read().get(uid).cloned()
    }

    pub(super) fn put(&self, uid: &str, diagnosis: Diagnosis) {
        let diagnosis = Arc::new(diagnosis);
        self.by_uid.write().insert(uid.to_owned(), diagnosis);
    }

    pub(super) fn remove(&self, uid: &str) {
        self.by_uid.write().remove(uid);
    }
}
