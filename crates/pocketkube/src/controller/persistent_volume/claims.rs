//! What becomes of a claim.

use k8s_openapi::Resource;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::json;

use super::super::SyncError;
use super::PersistentVolumeController;
use crate::client::{EventType, Kind, Patch};
use crate::component_helpers::volume::{
    BETA_STORAGE_PROVISIONER, BIND_COMPLETED, BOUND_BY_CONTROLLER, NO_PROVISIONER, SELECTED_NODE,
    STORAGE_PROVISIONER, claim_ref, claims_of, class_of, find_match, is_meant_for, satisfies,
    volume_name, waits_for_consumer,
};

impl PersistentVolumeController {
    pub(super) async fn sync_claim(&self, claim: &PersistentVolumeClaim) -> Result<(), SyncError> {
        match claim.annotation(BIND_COMPLETED) {
            Some(_) => self.sync_bound(claim).await,
            None if volume_name(claim).is_empty() => self.sync_unbound(claim).await,
            None => self.sync_named(claim).await,
        }
    }

    fn tell(&self, claim: &PersistentVolumeClaim, event: (EventType, &str), message: String) {
        self.recorder.event(claim, event.0, event.1, message);
    }

    /// A claim that takes any volume.
    async fn sync_unbound(&self, claim: &PersistentVolumeClaim) -> Result<(), SyncError> {
        let class = self.classes.get("", class_of(claim));
        let is_delayed = class.as_deref().is_some_and(waits_for_consumer)
            && claim.annotation(SELECTED_NODE).is_none();
        let volumes = self.volumes.all();
        let taken = std::collections::BTreeSet::new();
        if let Some(volume) = find_match(&volumes, claim, None, is_delayed, &taken) {
            return self.bind(volume, claim).await;
        }
        if is_delayed {
            self.tell_that_it_waits(claim);
        } else if !class_of(claim).is_empty() {
            self.ask_provisioner(claim, class.as_deref()).await?;
        } else {
            let message =
                "no persistent volumes available for this claim and no storage class is set";
            let event = (EventType::Normal, "FailedBinding");
            self.tell(claim, event, message.to_owned());
        }
        self.set_claim_phase(claim, "Pending").await
    }

    fn tell_that_it_waits(&self, claim: &PersistentVolumeClaim) {
        let pods = self.pods.list(claim.namespace());
        let uses = |pod: &k8s_openapi::api::core::v1::Pod| {
            claims_of(pod).any(|(name, _)| name == claim.name())
        };
        let waiting = pods.iter().filter(|pod| {
            let spec = pod.spec.as_ref();
            spec.is_some_and(|spec| spec.node_name.is_none()) && uses(pod)
        });
        let names: Vec<_> = waiting.map(|pod| pod.name()).collect();
        let (reason, message) = match names.as_slice() {
            [] => (
                "WaitForFirstConsumer",
                "waiting for first consumer to be created before binding".to_owned(),
            ),
            [name] => (
                "WaitForPodScheduled",
                format!("waiting for pod {name} to be scheduled"),
            ),
            names => (
                "WaitForPodScheduled",
                format!("waiting for pods {} to be scheduled", names.join(",")),
            ),
        };
        self.tell(claim, (EventType::Normal, reason), message);
    }

    /// Hands a claim over to whoever makes volumes of its class.
    async fn ask_provisioner(
        &self,
        claim: &PersistentVolumeClaim,
        class: Option<&StorageClass>,
    ) -> Result<(), SyncError> {
        let failed = (EventType::Warning, "ProvisioningFailed");
        let Some(class) = class else {
            let name = class_of(claim);
            let message = format!("storageclass.storage.k8s.io {name:?} not found");
            self.tell(claim, failed, message);
            return Ok(());
        };
        let provisioner = &class.provisioner;
        if provisioner == NO_PROVISIONER {
            let message = format!("no volume plugin matched name: {provisioner}");
            self.tell(claim, failed, message);
            return Ok(());
        }
        if claim.annotation(STORAGE_PROVISIONER) != Some(provisioner) {
            let patch = Patch::Merge(json!({"metadata": {
                "resourceVersion": claim.resource_version(),
                "annotations": {
                    STORAGE_PROVISIONER: provisioner, BETA_STORAGE_PROVISIONER: provisioner,
                },
            }}));
            let (namespace, name) = (claim.namespace(), claim.name());
            let patched = self
                .client
                .patch::<PersistentVolumeClaim>(namespace, name, patch);
            patched.await?;
        }
        let message = format!(
            "Waiting for a volume to be created either by the external provisioner \
             '{provisioner}' or manually by the system administrator. If volume creation is \
             delayed, please verify that the provisioner is running and correctly registered."
        );
        let event = (EventType::Normal, "ExternalProvisioning");
        self.tell(claim, event, message);
        Ok(())
    }

    /// A claim that names its volume.
    async fn sync_named(&self, claim: &PersistentVolumeClaim) -> Result<(), SyncError> {
        let name = volume_name(claim);
        let Some(volume) = self.volumes.get("", name) else {
            return self.set_claim_phase(claim, "Pending").await;
        };
        if claim_ref(&volume).is_none() {
            return match satisfies(&volume, claim) {
                Ok(()) => self.bind(&volume, claim).await,
                Err(why) => {
                    let message = format!("Cannot bind to requested volume {name:?}: {why}");
                    let event = (EventType::Warning, "VolumeMismatch");
                    self.tell(claim, event, message);
                    self.set_claim_phase(claim, "Pending").await
                }
            };
        }
        if is_meant_for(&volume, claim) {
            return self.bind(&volume, claim).await;
        }
        if claim.annotation(BOUND_BY_CONTROLLER).is_none() {
            let message = format!("volume {name:?} already bound to a different claim.");
            let event = (EventType::Warning, "FailedBinding");
            self.tell(claim, event, message);
        }
        self.set_claim_phase(claim, "Pending").await
    }

    /// A claim that had its volume.
    async fn sync_bound(&self, claim: &PersistentVolumeClaim) -> Result<(), SyncError> {
        let name = volume_name(claim);
        let (reason, message) = if name.is_empty() {
            let message =
                "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
            ("ClaimLost", message)
        } else {
            match self.volumes.get("", name) {
                Some(volume) if claim_ref(&volume).is_none() || is_meant_for(&volume, claim) => {
                    return self.bind(&volume, claim).await;
                }
                Some(_) => {
                    let message =
                        "Two claims are bound to the same volume, this one is bound incorrectly";
                    ("ClaimMisbound", message)
                }
                None => {
                    let message =
                        "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
                    ("ClaimLost", message)
                }
            }
        };
        let is_news = claim
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref())
            != Some("Lost");
        if is_news {
            let event = (EventType::Warning, reason);
            self.tell(claim, event, message.to_owned());
        }
        self.set_claim_phase(claim, "Lost").await
    }
}

/// What a volume says of the claim it is bound to.
pub(super) fn reference(claim: &PersistentVolumeClaim) -> serde_json::Value {
    json!({
        "apiVersion": PersistentVolumeClaim::API_VERSION,
        "kind": PersistentVolumeClaim::KIND,
        "namespace": claim.namespace(),
        "name": claim.name(),
        "uid": claim.uid(),
        "resourceVersion": claim.resource_version(),
    })
}
