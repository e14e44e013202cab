//! The rows themselves: which resources exist, found by route or by kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::watch;

use super::ResourceDef;
use crate::api::GroupVersionKind;

/// The served resources. Built-in rows never change; CustomResourceDefinitions add and remove
/// rows while the cluster runs, and every reader sees the change at once.
pub struct ResourceTable {
    rows: RwLock<Rows>,
    /// Counts changes, for caches of discovery and OpenAPI documents.
    edition: watch::Sender<u64>,
}

#[derive(Default)]
struct Rows {
    by_route: BTreeMap<(String, String, String), Arc<ResourceDef>>,
}

impl ResourceTable {
    pub fn new(resources: impl IntoIterator<Item = ResourceDef>) -> Self {
        let table = Self {
            rows: RwLock::default(),
            edition: watch::channel(0).0,
        };
        for resource in resources {
            table.insert(resource);
        }
        table
    }

    /// Adds a row, or replaces the one with the same group, version and plural name.
    pub fn insert(&self, resource: ResourceDef) {
        let mut rows = self.rows.write();
        let route = (
            resource.group.to_string(),
            resource.version.to_string(),
            resource.plural.to_string(),
        );
        rows.by_route.insert(route, Arc::new(resource));
        self.edition.send_modify(|edition| *edition += 1);
    }

    pub fn remove(&self, group: &str, version: &str, plural: &str) {
        let mut rows = self.rows.write();
        let route = (group.to_owned(), version.to_owned(), plural.to_owned());
        if rows.by_route.remove(&route).is_some() {
            self.edition.send_modify(|edition| *edition += 1);
        }
    }

    /// Makes `rows` all that is served of a resource: other versions of it go.
    pub fn replace(&self, group: &str, plural: &str, replacement: Vec<ResourceDef>) {
        let mut rows = self.rows.write();
        rows.by_route
            .retain(|(own_group, _, own_plural), _| own_group != group || own_plural != plural);
        for resource in replacement {
            let route = (
                group.to_owned(),
                resource.version.to_string(),
                plural.to_owned(),
            );
            rows.by_route.insert(route, Arc::new(resource));
        }
        self.edition.send_modify(|edition| *edition += 1);
    }

    /// The rows of a resource, one a version.
    pub fn versions(&self, group: &str, plural: &str) -> Vec<Arc<ResourceDef>> {
        let rows = self.rows.read();
        rows.by_route
            .values()
            .filter(|row| row.group == group && row.plural == plural)
            .cloned()
            .collect()
    }

    /// The resource that a path's group, version and plural name lead to.
    pub fn by_route(&self, group: &str, version: &str, plural: &str) -> Option<Arc<ResourceDef>> {
        let route = (group.to_owned(), version.to_owned(), plural.to_owned());
        self.rows.read().by_route.get(&route).cloned()
    }

    pub fn by_kind(&self, kind: &GroupVersionKind) -> Option<Arc<ResourceDef>> {
        let rows = self.rows.read();
        rows.by_route
            .values()
            .find(|row| {
                row.group == kind.group && row.version == kind.version && row.kind == kind.kind
            })
            .cloned()
    }

    /// All rows, in order of group, version and plural name.
    pub fn all(&self) -> Vec<Arc<ResourceDef>> {
        self.rows.read().by_route.values().cloned().collect()
    }

    pub fn has_group_version(&self, group: &str, version: &str) -> bool {
        let rows = self.rows.read();
        rows.by_route
            .keys()
            .any(|(g, v, _)| g == group && v == version)
    }

    pub fn edition(&self) -> u64 {
        *self.edition.borrow()
    }

    /// Tells of every change of the table, for those who work on all resources.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.edition.subscribe()
    }
}
