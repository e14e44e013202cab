//! The writes that make a binding: volume, its phase, claim, its phase.
//!
//! Each is left out where it was done before, so that an interrupted binding is completed. Every
//! write names the version that was decided on: a change that was not seen yet makes it fail.

use k8s_openapi::api::core::v1::{
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus, PersistentVolumeStatus,
};
use serde_json::{Value, json};

use super::super::SyncError;
use super::PersistentVolumeController;
use super::claims::reference;
use crate::client::{Kind, Patch, time};
use crate::component_helpers::volume::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, claim_ref, is_meant_for, volume_name, volume_spec,
};

impl PersistentVolumeController {
    pub(super) async fn bind(
        &self,
        volume: &PersistentVolume,
        claim: &PersistentVolumeClaim,
    ) -> Result<(), SyncError> {
        let volume = self.reserve(volume, claim).await?;
        self.set_volume_phase(&volume, ("Bound", None)).await?;
        let claim = self.name_volume(&volume, claim).await?;
        let spec = volume_spec(&volume);
        let mut status = claim.status.clone().unwrap_or_default();
        status.phase = Some("Bound".to_owned());
        status.access_modes = spec.access_modes;
        if status.capacity.is_none() {
            status.capacity = spec.capacity;
        }
        self.write_claim_status(&claim, status).await
    }

    /// Notes the claim on the volume.
    async fn reserve(
        &self,
        volume: &PersistentVolume,
        claim: &PersistentVolumeClaim,
    ) -> Result<PersistentVolume, SyncError> {
        let was_meant = is_meant_for(volume, claim);
        let uid = claim_ref(volume).and_then(|reference| reference.uid.as_deref());
        if was_meant && uid == Some(claim.uid()) {
            return Ok(volume.clone());
        }
        let mut patch = json!({
            "metadata": {"resourceVersion": volume.resource_version()},
            "spec": {"claimRef": reference(claim)},
        });
        if !was_meant {
            patch["metadata"]["annotations"] = json!({BOUND_BY_CONTROLLER: "yes"});
        }
        let patched = self
            .client
            .patch::<PersistentVolume>("", volume.name(), Patch::Merge(patch));
        Ok(patched.await?)
    }

    /// Notes the volume on the claim.
    async fn name_volume(
        &self,
        volume: &PersistentVolume,
        claim: &PersistentVolumeClaim,
    ) -> Result<PersistentVolumeClaim, SyncError> {
        let is_named = volume_name(claim) == volume.name();
        if is_named && claim.annotation(BIND_COMPLETED).is_some() {
            return Ok(claim.clone());
        }
        let mut annotations = json!({BIND_COMPLETED: "yes"});
        let mut patch = json!({"metadata": {"resourceVersion": claim.resource_version()}});
        if !is_named {
            annotations[BOUND_BY_CONTROLLER] = json!("yes");
            patch["spec"] = json!({"volumeName": volume.name()});
        }
        patch["metadata"]["annotations"] = annotations;
        let (namespace, name) = (claim.namespace(), claim.name());
        let patch = Patch::Merge(patch);
        let patched = self
            .client
            .patch::<PersistentVolumeClaim>(namespace, name, patch);
        Ok(patched.await?)
    }

    /// Lets go of a claim. What a user wrote stays, but for the uid.
    pub(super) async fn release(&self, volume: &PersistentVolume) -> Result<(), SyncError> {
        let patch = match volume.annotation(BOUND_BY_CONTROLLER) {
            Some(_) => json!({
                "metadata": {"annotations": {BOUND_BY_CONTROLLER: Value::Null}},
                "spec": {"claimRef": Value::Null},
            }),
            None => json!({"spec": {"claimRef": {"uid": Value::Null}}}),
        };
        let mut patch = patch;
        patch["metadata"]["resourceVersion"] = json!(volume.resource_version());
        let patched = self
            .client
            .patch::<PersistentVolume>("", volume.name(), Patch::Merge(patch));
        let volume = patched.await?;
        self.set_volume_phase(&volume, ("Available", None)).await
    }

    /// Writes a phase that is news, with what went wrong if anything did.
    pub(super) async fn set_volume_phase(
        &self,
        volume: &PersistentVolume,
        (phase, message): (&str, Option<&str>),
    ) -> Result<(), SyncError> {
        let current = volume.status.clone().unwrap_or_default();
        if current.phase.as_deref() == Some(phase) && current.message.as_deref() == message {
            return Ok(());
        }
        let mut changed = volume.clone();
        changed.status = Some(PersistentVolumeStatus {
            phase: Some(phase.to_owned()),
            message: message.map(str::to_owned),
            last_phase_transition_time: Some(time(self.clock.now())),
            ..current
        });
        match self.client.update_status(&changed).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }

    pub(super) async fn set_claim_phase(
        &self,
        claim: &PersistentVolumeClaim,
        phase: &str,
    ) -> Result<(), SyncError> {
        let status = PersistentVolumeClaimStatus {
            phase: Some(phase.to_owned()),
            ..claim.status.clone().unwrap_or_default()
        };
        self.write_claim_status(claim, status).await
    }

    async fn write_claim_status(
        &self,
        claim: &PersistentVolumeClaim,
        status: PersistentVolumeClaimStatus,
    ) -> Result<(), SyncError> {
        if claim.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let mut changed = claim.clone();
        changed.status = Some(status);
        match self.client.update_status(&changed).await {
            // The claim was changed in the meantime, by the annotation for its provisioner for
            // one: that change brings it back.
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}
