//! What is served, by group and version, and what is kept of it.
//!
//! Documents about the whole table are put together from parts of one group and version each. A
//! part is made when somebody first asks, and again when one of its own resources has changed: to
//! register a definition makes nobody else's part anew.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::ApiServer;
use crate::api::GroupVersion;
use crate::api::gvk::version_priority;
use crate::registry::ResourceDef;

/// Groups in the order in which kubectl prefers them; others follow by name.
///
/// Mirrors the priorities in `pkg/controlplane/apiserver/aggregator.go`.
const GROUP_ORDER: &[&str] = &[
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "flowcontrol.apiserver.k8s.io",
];

/// The rows that a part is about.
pub(super) type Resources = Vec<Arc<ResourceDef>>;

/// Every group and version with its rows, core first, groups in kubectl's order, newest version
/// first.
pub(super) fn served(server: &ApiServer) -> Vec<(GroupVersion, Resources)> {
    let mut all: Vec<(GroupVersion, Resources)> = Vec::new();
    // Rows come in the order of their group and version.
    for resource in server.registry().resources().all() {
        match all.last_mut() {
            Some((of, resources))
                if of.group == resource.group && of.version == resource.version =>
            {
                resources.push(resource);
            }
            _ => all.push((resource.group_version(), vec![resource])),
        }
    }
    sort(&mut all);
    all
}

/// Like [`served`], with what other servers serve: of theirs no rows are known.
pub(super) fn offered(server: &ApiServer) -> Vec<(GroupVersion, Resources)> {
    let remote = server.outbound().remote_versions().all();
    let mut all = served(server);
    if remote.is_empty() {
        return all;
    }
    all.retain(|(own, _)| !remote.contains(own));
    all.extend(remote.into_iter().map(|other| (other, Resources::new())));
    sort(&mut all);
    all
}

fn sort(versions: &mut [(GroupVersion, Resources)]) {
    versions.sort_by_cached_key(|(group_version, _)| {
        let rank = GROUP_ORDER
            .iter()
            .position(|group| *group == group_version.group)
            .unwrap_or(GROUP_ORDER.len());
        let version = Reverse(version_priority(&group_version.version));
        (rank, group_version.group.clone(), version)
    });
}

/// The rows of one group and version; empty where it is not served.
pub(super) fn resources_of(server: &ApiServer, group: &str, version: &str) -> Resources {
    let mut resources = server.registry().resources().all();
    resources.retain(|resource| resource.group == group && resource.version == version);
    resources
}

/// Parts by name, each with the rows that it was made of.
pub(super) struct Parts<T> {
    kept: Mutex<BTreeMap<String, (Resources, T)>>,
}

impl<T> Default for Parts<T> {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
        }
    }
}

impl<T: Clone> Parts<T> {
    /// The part as `make` makes it of these rows.
    pub(super) fn get(
        &self,
        name: &str,
        resources: &Resources,
        make: impl FnOnce(&Resources) -> T,
    ) -> T {
        let is_same = |kept: &Resources| {
            let mut pairs = kept.iter().zip(resources);
            kept.len() == resources.len() && pairs.all(|(a, b)| Arc::ptr_eq(a, b))
        };
        if let Some((of, part)) = self.kept.lock().get(name)
            && is_same(of)
        {
            return part.clone();
        }
        let part = make(resources);
        let entry = (resources.clone(), part.clone());
        self.kept.lock().insert(name.to_owned(), entry);
        part
    }

    /// Forgets what is served no longer.
    pub(super) fn retain(&self, is_served: impl Fn(&str) -> bool) {
        self.kept.lock().retain(|name, _| is_served(name));
    }
}
