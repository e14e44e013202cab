//! Carries out what a decision means for claims, and waits until they are bound.
//!
//! Mirrors `BindPodVolumes` of `plugins/volumebinding/binder.go` (v1.35).

use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use serde_json::json;
use tokio::sync::watch;

use super::volumes::VolumePlan;
use crate::api::StatusError;
use crate::client::{Client, Informers, Kind, Lister, Patch, reference_to};
use crate::clock::Clock;
use crate::component_helpers::volume::{BOUND_BY_CONTROLLER, SELECTED_NODE, is_fully_bound};

/// How long claims may take to be bound.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Tells when a claim has changed.
#[derive(Clone)]
pub(super) struct ClaimWatch {
    claims: Lister<PersistentVolumeClaim>,
    changes: watch::Receiver<u64>,
}

impl ClaimWatch {
    pub fn new(informers: &Informers) -> Self {
        let (sender, changes) = watch::channel(0);
        let claims = informers.get::<PersistentVolumeClaim>();
        claims.subscribe(move |_| sender.send_modify(|count| *count += 1));
        Self {
            claims: claims.lister(),
            changes,
        }
    }

    /// Waits until every claim of a plan has its volume.
    pub async fn wait_bound(mut self, plan: &VolumePlan, clock: &Clock) -> Result<(), StatusError> {
        let wait = async {
            loop {
                self.changes.borrow_and_update();
                let mut claims = plan.claims();
                let all_bound = claims.all(|claim| {
                    let now = self.claims.get_key(&claim.key());
                    now.is_some_and(|now| is_fully_bound(&now))
                });
                // The sender lives as long as the informer; without it nothing is bound any more.
                if all_bound || self.changes.changed().await.is_err() {
                    return;
                }
            }
        };
        let bound = clock.timeout(TIMEOUT, wait).await;
        bound.ok_or_else(|| {
            StatusError::internal("binding volumes: context deadline exceeded".to_owned())
        })
    }
}

/// Reserves volumes for claims, and tells the provisioners of others which node it is.
pub(super) async fn bind_volumes(
    client: &Client,
    plan: &VolumePlan,
    node: &str,
) -> Result<(), StatusError> {
    for (volume, claim) in &plan.reserve {
        let patch = Patch::Merge(json!({
            "metadata": {
                "resourceVersion": volume.resource_version(),
                "annotations": {BOUND_BY_CONTROLLER: "yes"},
            },
            "spec": {"claimRef": reference_to(&**claim)},
        }));
        client
            .patch::<PersistentVolume>("", volume.name(), patch)
            .await?;
    }
    for claim in &plan.provision {
        let patch = Patch::Merge(json!({"metadata": {
            "uid": claim.uid(), "annotations": {SELECTED_NODE: node},
        }}));
        let (namespace, name) = (claim.namespace(), claim.name());
        client
            .patch::<PersistentVolumeClaim>(namespace, name, patch)
            .await?;
    }
    Ok(())
}
