//! The templates that a StatefulSet or DaemonSet has had, kept as ControllerRevisions.
//!
//! `kubectl rollout history` lists them and `undo` patches one of them back. Which revision is
//! wanted and which may go is for the caller to say. Mirrors
//! `pkg/controller/history/controller_history.go` (v1.35).

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde_json::{Value, json};

use super::{SyncError, template};
use crate::api::StatusError;
use crate::client::{Client, DeleteOptions, Kind, Patch, controller_reference};

/// The label of Pods that tells which revision they were made from.
pub(super) const REVISION_LABEL: &str = "controller-revision-hash";

/// The longest owner's name that a revision's name takes over.
const LONGEST_PREFIX: usize = 223;

/// The patch that brings an owner back to this template.
fn data(template: &PodTemplateSpec) -> Value {
    let mut template = serde_json::to_value(template).expect("typed structs always encode");
    template["$patch"] = json!("replace");
    json!({"spec": {"template": template}})
}

/// The template that a revision keeps.
pub(super) fn template_of(revision: &ControllerRevision) -> PodTemplateSpec {
    let data = revision.data.as_ref();
    let template = data.map(|RawExtension(data)| data["spec"]["template"].clone());
    let template = template.and_then(|template| serde_json::from_value(template).ok());
    template.unwrap_or_default()
}

fn keeps(revision: &ControllerRevision, template: &PodTemplateSpec) -> bool {
    template::are_equal(&template_of(revision), template)
}

/// What sets the revisions of one owner kind apart from the other's.
pub(super) struct Naming {
    /// The label of a revision that holds its hash.
    pub(super) hash_label: &'static str,
}

/// The revision of the owner's template: found, counted up if others came after it, or created.
/// `revisions` are all that the owner has, and `collisions` grows when a name was taken.
pub(super) async fn current<K: Kind>(
    client: &Client,
    (owner, template): (&K, &PodTemplateSpec),
    revisions: &[Arc<ControllerRevision>],
    naming: &Naming,
    collisions: &mut i32,
) -> Result<Arc<ControllerRevision>, SyncError> {
    let same = revisions
        .iter()
        .filter(|revision| keeps(revision, template))
        .max_by_key(|revision| revision.revision);
    let newest = revisions.iter().map(|revision| revision.revision).max();
    let newest = newest.unwrap_or(0);
    match same {
        Some(same) if same.revision == newest => Ok(same.clone()),
        Some(same) => {
            let patch = Patch::Merge(json!({
                "metadata": {"resourceVersion": same.resource_version()},
                "revision": newest + 1,
            }));
            let patched = client.patch::<ControllerRevision>(same.namespace(), same.name(), patch);
            Ok(Arc::new(patched.await?))
        }
        None => create(client, (owner, template), newest + 1, naming, collisions).await,
    }
}

async fn create<K: Kind>(
    client: &Client,
    (owner, template): (&K, &PodTemplateSpec),
    number: i64,
    naming: &Naming,
    collisions: &mut i32,
) -> Result<Arc<ControllerRevision>, SyncError> {
    loop {
        let hash = template::hash(template, Some(*collisions).filter(|count| *count > 0));
        let revision = new_revision((owner, template), number, naming, &hash);
        match client.create(&revision).await {
            Err(error) if error.is_already_exists() => {
                let found: ControllerRevision =
                    client.get(owner.namespace(), revision.name()).await?;
                // Made by an earlier sync, of which the cache knows nothing yet.
                if found.is_controlled_by(owner.uid()) && keeps(&found, template) {
                    return Ok(Arc::new(found));
                }
                *collisions += 1;
            }
            outcome => return Ok(Arc::new(outcome?)),
        }
    }
}

fn new_revision<K: Kind>(
    (owner, template): (&K, &PodTemplateSpec),
    number: i64,
    naming: &Naming,
    hash: &str,
) -> ControllerRevision {
    let metadata = template.metadata.clone().unwrap_or_default();
    let mut labels = metadata.labels.unwrap_or_default();
    labels.insert(naming.hash_label.to_owned(), hash.to_owned());
    let mut prefix = owner.name();
    if prefix.len() > LONGEST_PREFIX {
        prefix = prefix.get(..LONGEST_PREFIX).unwrap_or(prefix);
    }
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(format!("{prefix}-{hash}")),
            namespace: Some(owner.namespace().to_owned()),
            labels: Some(labels),
            annotations: owner.meta().annotations.clone(),
            owner_references: Some(vec![controller_reference(owner)]),
            ..ObjectMeta::default()
        },
        data: Some(RawExtension(data(template))),
        revision: number,
    }
}

/// Deletes the oldest revisions that are not `live`, by name, so that at most `limit` of those
/// stay.
pub(super) async fn truncate(
    client: &Client,
    revisions: &[Arc<ControllerRevision>],
    live: &BTreeSet<String>,
    limit: i32,
) -> Result<(), StatusError> {
    let mut old: Vec<_> = revisions
        .iter()
        .filter(|revision| !live.contains(revision.name()))
        .collect();
    old.sort_by_key(|revision| revision.revision);
    let limit = usize::try_from(limit).unwrap_or(0);
    let surplus = old.len().saturating_sub(limit);
    for revision in old.into_iter().take(surplus) {
        let options = DeleteOptions::of_uid(revision.uid());
        let deleted =
            client.delete::<ControllerRevision>(revision.namespace(), revision.name(), &options);
        match deleted.await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
