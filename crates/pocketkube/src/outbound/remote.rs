//! What other API servers offer, as their discovery said last.
//!
//! The loop that judges their availability writes it, discovery reads it.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde_json::Value;

use super::RemoteDocuments;
use crate::api::GroupVersion;

/// A version of a group that somebody else serves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteVersion {
    pub is_available: bool,
    /// The APIResourceList that was read last; null before the first one.
    pub resources: Value,
    /// The OpenAPI documents that were read last.
    pub documents: RemoteDocuments,
}

/// All of them.
#[derive(Default)]
pub struct RemoteVersions {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    versions: BTreeMap<(String, String), RemoteVersion>,
    edition: u64,
}

impl RemoteVersions {
    /// Notes what a server offers. Without an answer the last one stays.
    pub fn set(&self, of: &GroupVersion, is_available: bool, resources: Option<Value>) {
        let mut state = self.state.lock();
        let key = (of.group.clone(), of.version.clone());
        let before = state.versions.get(&key).cloned();
        let kept = before.clone().unwrap_or_default();
        let now = RemoteVersion {
            is_available,
            resources: resources.unwrap_or(kept.resources),
            documents: kept.documents,
        };
        if before.as_ref() != Some(&now) {
            state.versions.insert(key, now);
            state.edition += 1;
        }
    }

    /// Notes the documents of a server that is known already.
    pub fn set_documents(&self, of: &GroupVersion, documents: RemoteDocuments) {
        let mut state = self.state.lock();
        let key = (of.group.clone(), of.version.clone());
        if let Some(version) = state.versions.get_mut(&key)
            && version.documents != documents
        {
            version.documents = documents;
            state.edition += 1;
        }
    }

    /// Nobody else serves this any more.
    pub fn remove(&self, of: &GroupVersion) {
        let mut state = self.state.lock();
        let key = (of.group.clone(), of.version.clone());
        if state.versions.remove(&key).is_some() {
            state.edition += 1;
        }
    }

    pub fn get(&self, of: &GroupVersion) -> Option<RemoteVersion> {
        let key = (of.group.clone(), of.version.clone());
        self.state.lock().versions.get(&key).cloned()
    }

    /// Which versions there are.
    pub fn all(&self) -> Vec<GroupVersion> {
        let state = self.state.lock();
        let keys = state.versions.keys();
        keys.map(|(group, version)| GroupVersion::new(group, version))
            .collect()
    }

    /// Counts changes, for caches of discovery documents.
    pub fn edition(&self) -> u64 {
        self.state.lock().edition
    }
}
