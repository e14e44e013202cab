//! StorageObjectInUseProtection: volumes and claims stay until nobody uses them any longer.
//!
//! A controller removes the finalizers again. Mirrors
//! `plugin/pkg/admission/storage/storageobjectinuseprotection/admission.go` (v1.35).

use async_trait::async_trait;
use serde_json::Value;

use super::{Attributes, Mutate, Operation};
use crate::api::{StatusError, meta};

const FINALIZERS: [(&str, &str); 2] = [
    ("persistentvolumes", "kubernetes.io/pv-protection"),
    ("persistentvolumeclaims", "kubernetes.io/pvc-protection"),
];

/// Adds the finalizer of its kind to a new volume or claim.
pub struct StorageObjectInUseProtection;

#[async_trait]
impl Mutate for StorageObjectInUseProtection {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if attributes.operation != Operation::Create {
            return Ok(());
        }
        for (resource, finalizer) in FINALIZERS {
            let is_missing = || !meta::finalizers(object).any(|name| name == finalizer);
            if attributes.is("", resource, "") && is_missing() {
                add_finalizer(object, finalizer);
            }
        }
        Ok(())
    }
}

fn add_finalizer(object: &mut Value, finalizer: &str) {
    let mut finalizers: Vec<String> = meta::finalizers(object).map(str::to_owned).collect();
    finalizers.push(finalizer.to_owned());
    meta::metadata_mut(object).insert("finalizers".to_owned(), finalizers.into());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finalizers_of_others_are_kept() {
        let mut claim = json!({"metadata": {"finalizers": ["a.b/c"]}});
        add_finalizer(&mut claim, "kubernetes.io/pvc-protection");
        assert_eq!(
            claim["metadata"]["finalizers"],
            json!(["a.b/c", "kubernetes.io/pvc-protection"])
        );
    }
}
