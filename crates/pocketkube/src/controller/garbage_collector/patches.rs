//! The small changes that the garbage collector makes to objects of any kind.
//!
//! Each reads the object anew and tries again where somebody else wrote first. An object that is
//! gone needs no change.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Item;
use crate::api::{StatusError, meta};
use crate::client::{Client, Patch, retry_on_conflict};

pub(super) async fn remove_finalizer(
    client: &Client,
    item: &Item,
    finalizer: &str,
) -> Result<(), StatusError> {
    change(client, item, |object| {
        let before: Vec<&str> = meta::finalizers(object).collect();
        let after: Vec<&str> = before
            .iter()
            .copied()
            .filter(|own| *own != finalizer)
            .collect();
        (after.len() < before.len()).then(|| json!({"finalizers": after}))
    })
    .await
}

pub(super) async fn remove_owners(
    client: &Client,
    item: &Item,
    uids: &[Arc<str>],
) -> Result<(), StatusError> {
    change(client, item, |object| {
        let before = meta::owner_references(object);
        let is_removed = |reference: &&Value| {
            let uid = reference["uid"].as_str().unwrap_or_default();
            uids.iter().any(|removed| **removed == *uid)
        };
        let after: Vec<&Value> = before.iter().filter(|own| !is_removed(own)).collect();
        (after.len() < before.len()).then(|| json!({"ownerReferences": after}))
    })
    .await
}

/// Keeps an object from blocking any of its owners.
pub(super) async fn unblock_owners(client: &Client, item: &Item) -> Result<(), StatusError> {
    change(client, item, |object| {
        let mut owners = meta::owner_references(object).to_vec();
        let mut blocking = owners
            .iter_mut()
            .filter(|own| own["blockOwnerDeletion"] == true);
        let first = blocking.next()?;
        for owner in std::iter::once(first).chain(blocking) {
            owner["blockOwnerDeletion"] = json!(false);
        }
        Some(json!({"ownerReferences": owners}))
    })
    .await
}

/// Merges into an object's metadata what `wanted` computes from it.
async fn change(
    client: &Client,
    item: &Item,
    wanted: impl Fn(&Value) -> Option<Value>,
) -> Result<(), StatusError> {
    let resource = item.reference();
    let outcome = retry_on_conflict(|| async {
        let object = client
            .get_object(&resource, &item.namespace, &item.name)
            .await?;
        if object.uid() != &*item.uid {
            return Ok(());
        }
        let Some(mut metadata) = wanted(object.value()) else {
            return Ok(());
        };
        metadata["resourceVersion"] = json!(object.resource_version().to_string());
        let patch = Patch::Merge(json!({"metadata": metadata}));
        let target = (item.namespace.as_str(), item.name.as_str(), "");
        client
            .patch_object(&resource, target, patch)
            .await
            .map(drop)
    });
    match outcome.await {
        Err(error) if error.is_not_found() => Ok(()),
        outcome => outcome,
    }
}
