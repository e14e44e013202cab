//! Who manages an object: adopts orphans that an owner selects, releases what it no longer does.
//!
//! Mirrors `pkg/controller/controller_ref_manager.go` (v1.35).

use std::sync::Arc;

use serde_json::json;

use super::SyncError;
use crate::api::StatusError;
use crate::client::{Client, Index, Kind, Patch, Selector, controller_reference};

/// The objects that `owner` manages and selects, after adopting orphans and releasing others.
/// `index` must be [`crate::client::Lister::by_controller`]; `wanted` narrows what may be adopted
/// or released.
///
/// Fails where an adoption fails; the next sync tries again.
pub(super) async fn claim<O: Kind, K: Kind>(
    client: &Client,
    owner: &O,
    selector: &Selector,
    index: &Index<K>,
    wanted: impl Fn(&K) -> bool,
) -> Result<Vec<Arc<K>>, SyncError> {
    let mut claimed = Vec::new();
    for object in index.get(owner.uid()) {
        if !wanted(&object) {
            continue;
        }
        if selector.matches(object.labels()) {
            claimed.push(object);
        } else if !owner.is_terminating() {
            ignore_missing(release(client, owner, &*object).await)?;
        }
    }
    if owner.is_terminating() {
        return Ok(claimed);
    }
    let mut owner_exists = false;
    for object in index.orphans(owner.namespace()) {
        if !wanted(&object) || object.is_terminating() || !selector.matches(object.labels()) {
            continue;
        }
        if !owner_exists {
            check_exists(client, owner).await?;
            owner_exists = true;
        }
        if ignore_missing(adopt(client, owner, &*object).await)?.is_some() {
            claimed.push(object);
        }
    }
    Ok(claimed)
}

/// Asks the server, not the cache, whether the owner is still there to adopt anything.
async fn check_exists<O: Kind>(client: &Client, owner: &O) -> Result<(), SyncError> {
    let fresh: O = client.get(owner.namespace(), owner.name()).await?;
    let key = owner.key();
    if fresh.uid() != owner.uid() {
        let (found, wanted) = (fresh.uid(), owner.uid());
        let message = format!("original {key} is gone: got uid {found}, wanted {wanted}");
        return Err(SyncError::Other(message));
    }
    if fresh.is_terminating() {
        let message = format!("{key} has just been deleted");
        return Err(SyncError::Other(message));
    }
    Ok(())
}

async fn adopt<O: Kind, K: Kind>(
    client: &Client,
    owner: &O,
    object: &K,
) -> Result<(), StatusError> {
    let mut owners = object.owners().to_vec();
    owners.push(controller_reference(owner));
    set_owners(client, object, json!(owners)).await
}

async fn release<O: Kind, K: Kind>(
    client: &Client,
    owner: &O,
    object: &K,
) -> Result<(), StatusError> {
    let mut owners = object.owners().to_vec();
    owners.retain(|reference| reference.uid != owner.uid());
    set_owners(client, object, json!(owners)).await
}

/// Fails with a conflict where the object has changed since it was read, its owners perhaps too.
async fn set_owners<K: Kind>(
    client: &Client,
    object: &K,
    owners: serde_json::Value,
) -> Result<(), StatusError> {
    let patch = Patch::Merge(json!({"metadata": {
        "resourceVersion": object.resource_version(),
        "ownerReferences": owners,
    }}));
    let patched = client.patch::<K>(object.namespace(), object.name(), patch);
    patched.await.map(drop)
}

fn ignore_missing(outcome: Result<(), StatusError>) -> Result<Option<()>, StatusError> {
    match outcome {
        Ok(()) => Ok(Some(())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
