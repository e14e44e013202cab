//! The volumes of a StatefulSet's Pods: claims made before their Pod, and whom they belong to.
//!
//! By default a claim outlives everything; a retention policy lets it go with its Pod when the set
//! shrinks, or with the set. Mirrors `pkg/controller/statefulset/stateful_pod_control.go` (v1.35).

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::json;

use super::super::SyncError;
use super::StatefulSetController;
use super::identity::{claims, ordinal_of, ordinals};
use crate::client::{EventType, Kind, Patch, controller_reference};

/// Whether claims go with the set, and whether they go with a Pod that is one too many.
fn policy(set: &StatefulSet) -> (bool, bool) {
    let spec = set.spec.as_ref();
    let policy = spec.and_then(|spec| spec.persistent_volume_claim_retention_policy.as_ref());
    let deletes = |when: Option<&String>| when.is_some_and(|when| when == "Delete");
    (
        deletes(policy.and_then(|policy| policy.when_deleted.as_ref())),
        deletes(policy.and_then(|policy| policy.when_scaled.as_ref())),
    )
}

/// The owners that a claim should have besides those that are neither its set nor its Pod.
fn wanted_owners(set: &StatefulSet, pod: &Pod) -> Vec<OwnerReference> {
    let (when_deleted, when_scaled) = policy(set);
    let is_condemned = ordinal_of(set, pod).is_none_or(|ordinal| !ordinals(set).contains(&ordinal));
    match (when_scaled && is_condemned, when_deleted) {
        (true, _) => vec![controller_reference(pod)],
        (false, true) => vec![controller_reference(set)],
        (false, false) => Vec::new(),
    }
}

fn is_foreign(owner: &OwnerReference, set: &StatefulSet, pod: &Pod) -> bool {
    let names = |kind: &str, name: &str| owner.kind == kind && owner.name == name;
    !names(StatefulSet::KIND, set.name()) && !names(Pod::KIND, pod.name())
}

/// The owners of a claim as they should be.
fn owners(set: &StatefulSet, pod: &Pod, claim: &PersistentVolumeClaim) -> Vec<OwnerReference> {
    let mut owners = claim.owners().to_vec();
    owners.retain(|owner| is_foreign(owner, set, pod));
    owners.extend(wanted_owners(set, pod));
    owners
}

impl StatefulSetController {
    /// The claims of a Pod that are in the cache.
    fn cached_claims(
        &self,
        set: &StatefulSet,
        pod: &Pod,
    ) -> Vec<std::sync::Arc<PersistentVolumeClaim>> {
        let Some(ordinal) = ordinal_of(set, pod) else {
            return Vec::new();
        };
        let claims = claims(set, ordinal).into_iter();
        claims
            .filter_map(|(_, claim)| self.claims.get(set.namespace(), claim.name()))
            .collect()
    }

    /// Whether a claim still waits to go with an earlier Pod of the same name.
    pub(super) fn has_stale_claim(&self, set: &StatefulSet, pod: &Pod) -> bool {
        let (_, when_scaled) = policy(set);
        let claims = self.cached_claims(set, pod);
        when_scaled
            && claims
                .iter()
                .flat_map(|claim| claim.owners())
                .any(|owner| owner.kind == Pod::KIND && owner.name == pod.name())
    }

    pub(super) fn claims_match_retention(&self, set: &StatefulSet, pod: &Pod) -> bool {
        let claims = self.cached_claims(set, pod);
        claims.iter().all(|claim| {
            let (mut wanted, mut present) = (owners(set, pod, claim), claim.owners().to_vec());
            let by_uid = |owner: &OwnerReference| owner.uid.clone();
            wanted.sort_by_key(by_uid);
            present.sort_by_key(by_uid);
            wanted == present
        })
    }

    pub(super) async fn apply_retention(
        &self,
        set: &StatefulSet,
        pod: &Pod,
    ) -> Result<(), SyncError> {
        for claim in self.cached_claims(set, pod) {
            let owners = owners(set, pod, &claim);
            let patch = Patch::Merge(json!({"metadata": {
                "resourceVersion": claim.resource_version(),
                "ownerReferences": owners,
            }}));
            let (namespace, name) = (claim.namespace(), claim.name());
            let patched = self
                .client
                .patch::<PersistentVolumeClaim>(namespace, name, patch);
            match patched.await {
                Err(error) if !error.is_not_found() => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Creates the claims that a Pod lacks.
    pub(super) async fn ensure_claims(
        &self,
        set: &StatefulSet,
        pod: &Pod,
    ) -> Result<(), SyncError> {
        let Some(ordinal) = ordinal_of(set, pod) else {
            return Ok(());
        };
        for (_, claim) in claims(set, ordinal) {
            let name = claim.name();
            match self.claims.get(set.namespace(), name) {
                Some(present) if present.is_terminating() => {
                    let message = format!("pvc {name} is being deleted");
                    return Err(SyncError::Other(message));
                }
                Some(_) => continue,
                None => {}
            }
            let (pod, set_name) = (pod.name(), set.name());
            match self.client.create(&claim).await {
                Ok(_) => {
                    let message =
                        format!("create Claim {name} Pod {pod} in StatefulSet {set_name} success");
                    self.recorder
                        .event(set, EventType::Normal, "SuccessfulCreate", message);
                }
                // The cache is late.
                Err(error) if error.is_already_exists() => {}
                Err(error) => {
                    let message = format!(
                        "create Claim {name} for Pod {pod} in StatefulSet {set_name} failed error: {error}"
                    );
                    self.recorder
                        .event(set, EventType::Warning, "FailedCreate", message);
                    let message = format!("failed to create PVC {name}: {error}");
                    return Err(SyncError::Other(message));
                }
            }
        }
        Ok(())
    }
}
