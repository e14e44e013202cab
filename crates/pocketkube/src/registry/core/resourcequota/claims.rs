//! What a PersistentVolumeClaim takes: itself and storage, also of its class.
//!
//! Mirrors `pkg/quota/v1/evaluator/core/persistent_volume_claims.go` (v1.35).

use serde_json::Value;

use super::evaluator::{Amounts, whole};
use super::scopes::Scope;
use crate::api::quantity::Quantity;
use crate::api::tree::text;
use crate::registry::core::persistentvolumeclaim::class_of;

const COUNT: &str = "count/persistentvolumeclaims";
const CLAIMS: &str = "persistentvolumeclaims";
const STORAGE: &str = "requests.storage";
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";

/// Whether a quota of `name` is about claims.
pub(super) fn tracks(name: &str) -> bool {
    let resource = match name.rsplit_once(OF_CLASS) {
        Some((_, resource)) => resource,
        None if name == COUNT => return true,
        None => name,
    };
    [CLAIMS, STORAGE].contains(&resource)
}

/// What one claim takes.
pub(super) fn usage(claim: &Value) -> Amounts {
    let mut usage = Amounts::from([(COUNT.to_owned(), whole(1)), (CLAIMS.to_owned(), whole(1))]);
    let storage = storage_of(claim);
    if let Some(storage) = &storage {
        usage.insert(STORAGE.to_owned(), storage.clone());
    }
    let class = class_of(claim);
    if !class.is_empty() {
        usage.insert(format!("{class}{OF_CLASS}{CLAIMS}"), whole(1));
        if let Some(storage) = storage {
            usage.insert(format!("{class}{OF_CLASS}{STORAGE}"), storage);
        }
    }
    usage
}

/// What the claim asks for, or already has where that is more; whole bytes.
fn storage_of(claim: &Value) -> Option<Quantity> {
    let asked = &claim["spec"]["resources"]["requests"]["storage"];
    if asked.is_null() {
        return None;
    }
    let allocated = Quantity::of_value(&claim["status"]["allocatedResources"]["storage"]);
    let storage = Quantity::of_value(asked).max(allocated);
    let rounded = Quantity::whole(storage.value(), storage.format());
    Some(if rounded == storage { storage } else { rounded })
}

/// Whether a scope takes the claim in.
pub(super) fn is_in(scope: &Scope<'_>, claim: &Value) -> bool {
    if scope.name != "VolumeAttributesClass" {
        return false;
    }
    let status = &claim["status"];
    let mut classes = [
        text(&claim["spec"], "volumeAttributesClassName"),
        text(status, "currentVolumeAttributesClassName"),
        text(
            &status["modifyVolumeStatus"],
            "targetVolumeAttributesClassName",
        ),
    ]
    .into_iter()
    .filter(|class| !class.is_empty())
    .peekable();
    match classes.peek() {
        None => scope.accepts(None),
        Some(_) => classes.any(|class| scope.accepts(Some(class))),
    }
}
