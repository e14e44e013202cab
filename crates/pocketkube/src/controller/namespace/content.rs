//! Deletes all content of a namespace and counts what is left.
//!
//! Mirrors `pkg/controller/namespace/deletion/namespaced_resources_deleter.go` (v1.35).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;

use super::{NamespaceController, SyncError};
use crate::api::{GroupResource, ObjectRef, StatusError, meta};
use crate::client::{DeleteOptions, Kind, Propagation, ResourceRef};
use crate::endpoints::ListOptions;
use crate::registry::{ResourceDef, Verb};

/// How long objects with finalizers are expected to take, in seconds.
const FINALIZER_ESTIMATE: i64 = 15;

/// What a namespace still holds after everything was told to go.
#[derive(Debug, Default)]
pub(super) struct Remaining {
    /// Objects by resource, and by finalizer.
    pub(super) by_resource: BTreeMap<String, usize>,
    pub(super) by_finalizer: BTreeMap<String, usize>,
    pub(super) errors: Vec<String>,
    /// Seconds until it may be gone; 0 when nothing is left.
    pub(super) estimate: i64,
}

impl Remaining {
    /// What went wrong, as one error.
    pub(super) fn error(&self) -> Option<SyncError> {
        (!self.errors.is_empty()).then(|| SyncError::Other(self.errors_text()))
    }

    pub(super) fn errors_text(&self) -> String {
        match self.errors.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        }
    }
}

/// Tells everything in the namespace to go: Pods first, the rest once they are gone.
pub(super) async fn delete(controller: &NamespaceController, namespace: &Namespace) -> Remaining {
    let mut remaining = Remaining::default();
    let (pods, others): (Vec<_>, Vec<_>) = namespaced(controller)
        .into_iter()
        .partition(|row| row.group.is_empty() && row.plural == "pods");
    for row in &pods {
        let outcome = delete_all(controller, namespace, row, &mut remaining).await;
        if let Err(error) = outcome {
            let name = namespace.name();
            let message = format!("failed to delete pods for namespace: {name}, err: {error}");
            remaining.errors.push(message);
        }
    }
    if remaining.by_resource.is_empty() {
        for row in &others {
            if let Err(error) = delete_all(controller, namespace, row, &mut remaining).await {
                remaining.errors.push(error.to_string());
            }
        }
    }
    remaining
}

/// Every resource that has objects in namespaces which can be deleted, each stored one once.
fn namespaced(controller: &NamespaceController) -> Vec<Arc<ResourceDef>> {
    let mut seen: BTreeSet<GroupResource> = BTreeSet::new();
    let mut rows = controller.resources.all();
    rows.retain(|row| {
        let is_deletable = row.is_namespaced()
            && row.verbs.contains(&Verb::List)
            && row.verbs.contains(&Verb::Delete);
        is_deletable && seen.insert((*row.storage).clone())
    });
    rows
}

async fn delete_all(
    controller: &NamespaceController,
    namespace: &Namespace,
    row: &ResourceDef,
    remaining: &mut Remaining,
) -> Result<(), StatusError> {
    let (resource, name) = (ResourceRef::from(row), namespace.name());
    let client = &controller.client;
    let all = ListOptions::default;
    let before = client.list_objects(&resource, name, all()).await?.items;
    if before.is_empty() {
        return Ok(());
    }
    let options = DeleteOptions::default().propagation(Propagation::Background);
    if row.verbs.contains(&Verb::DeleteCollection) {
        client
            .delete_collection(&resource, name, all(), &options)
            .await?;
    } else {
        for object in &before {
            match client
                .delete_object(&resource, name, object.name(), &options)
                .await
            {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
        }
    }
    let left = client.list_objects(&resource, name, all()).await?.items;
    if left.is_empty() {
        return Ok(());
    }
    count(&left, row, remaining);
    let grace = grace_left(controller, namespace, &left);
    let has_finalizers = left
        .iter()
        .any(|object| meta::finalizers(object.value()).next().is_some());
    let estimate = match grace {
        0 if has_finalizers => FINALIZER_ESTIMATE,
        // Pods whose time is up go as soon as their node has noticed.
        0 if row.plural == "pods" => 1,
        0 => {
            let (group, version, plural) = (&row.group, &row.version, &row.plural);
            let message = format!(
                "unexpected items still remain in namespace: {name} for gvr: {group}/{version}, Resource={plural}"
            );
            remaining.errors.push(message);
            0
        }
        grace => grace,
    };
    remaining.estimate = remaining.estimate.max(estimate);
    Ok(())
}

fn count(left: &[ObjectRef], row: &ResourceDef, remaining: &mut Remaining) {
    // Upstream's text: the dot stands even where there is no group.
    let resource = format!("{}.{}", row.plural, row.group);
    *remaining.by_resource.entry(resource).or_default() += left.len();
    for object in left {
        for finalizer in meta::finalizers(object.value()) {
            *remaining
                .by_finalizer
                .entry(finalizer.to_owned())
                .or_default() += 1;
        }
    }
}

/// How many seconds the Pods among these objects may still take to end.
fn grace_left(controller: &NamespaceController, namespace: &Namespace, left: &[ObjectRef]) -> i64 {
    let running = left.iter().map(|object| object.value()).filter(|object| {
        let phase = object["status"]["phase"].as_str();
        meta::kind(object) == "Pod" && !matches!(phase, Some("Succeeded" | "Failed"))
    });
    let longest = running
        .filter_map(|pod| pod["spec"]["terminationGracePeriodSeconds"].as_i64())
        .max()
        .unwrap_or(0);
    let deleted_at = namespace
        .metadata
        .deletion_timestamp
        .as_ref()
        .map(|time| time.0);
    let passed = deleted_at.map_or(0, |moment| controller.clock.since(moment).as_secs());
    (longest - i64::try_from(passed).unwrap_or(i64::MAX)).max(0)
}
