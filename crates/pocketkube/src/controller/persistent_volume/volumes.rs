//! What becomes of a volume.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

use super::super::SyncError;
use super::{Key, PersistentVolumeController};
use crate::client::{DeleteOptions, EventType, Kind};
use crate::component_helpers::volume::{
    PROVISIONED_BY, claim_key, claim_ref, volume_name, volume_spec,
};

/// Where in-tree code may delete directories of the host.
const DELETABLE: &str = "/tmp/";

impl PersistentVolumeController {
    pub(super) async fn sync_volume(&self, volume: &PersistentVolume) -> Result<(), SyncError> {
        let Some(reference) = claim_ref(volume) else {
            return self.set_volume_phase(volume, ("Available", None)).await;
        };
        let uid = reference.uid.as_deref().unwrap_or_default();
        if uid.is_empty() {
            // Reserved by a user for a claim that may come.
            return self.set_volume_phase(volume, ("Available", None)).await;
        }
        let key = claim_key(reference);
        let cached = self.claims.get_key(&key);
        let claim = match cached.filter(|claim| claim.uid() == uid) {
            Some(claim) => Some(PersistentVolumeClaim::clone(&claim)),
            // The cache may be late.
            None => self.client.find(&key.namespace, &key.name).await?,
        };
        let Some(claim) = claim.filter(|claim| claim.uid() == uid) else {
            return self.reclaim(volume).await;
        };
        let named = volume_name(&claim);
        if named == volume.name() {
            return self.set_volume_phase(volume, ("Bound", None)).await;
        }
        if named.is_empty() {
            // The claim has to take it, or the binding was interrupted.
            self.queue.add(Key::Claim(key));
            return Ok(());
        }
        // The claim found another one.
        let is_made_for_it = volume.annotation(PROVISIONED_BY).is_some();
        if is_made_for_it && policy(volume) == "Delete" {
            return self.reclaim(volume).await;
        }
        self.release(volume).await
    }

    /// The claim is gone: keeps the volume for somebody to look at, or lets it go as well.
    async fn reclaim(&self, volume: &PersistentVolume) -> Result<(), SyncError> {
        let status = volume.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref());
        if !matches!(phase, Some("Released" | "Failed")) {
            return self.set_volume_phase(volume, ("Released", None)).await;
        }
        match policy(volume).as_str() {
            "Delete" if volume.annotation(PROVISIONED_BY).is_none() => self.delete(volume).await,
            "Recycle" => {
                let event = (EventType::Normal, "VolumeRecycled");
                self.recorder
                    .event(volume, event.0, event.1, "Volume recycled");
                self.release(volume).await
            }
            // Whoever made it deletes it.
            _ => Ok(()),
        }
    }

    /// Deletes a volume that was not made by a provisioner, as far as there is code for its kind.
    async fn delete(&self, volume: &PersistentVolume) -> Result<(), SyncError> {
        if volume.is_terminating() {
            return Ok(());
        }
        let name = volume.name();
        let why = match volume_spec(volume).host_path {
            Some(host) if host.path.starts_with(DELETABLE) => {
                let options = DeleteOptions::of_uid(volume.uid());
                let deleted = self.client.delete::<PersistentVolume>("", name, &options);
                return match deleted.await {
                    Err(error) if !error.is_not_found() => Err(error.into()),
                    _ => Ok(()),
                };
            }
            Some(host) => {
                let path = host.path;
                format!(
                    "host_path deleter only supports {DELETABLE}.+ but received provided {path}"
                )
            }
            None => format!(
                "error getting deleter volume plugin for volume {name:?}: no deletable volume plugin matched"
            ),
        };
        let current = volume.status.as_ref();
        if current.and_then(|status| status.phase.as_deref()) != Some("Failed") {
            let event = (EventType::Warning, "VolumeFailedDelete");
            self.recorder.event(volume, event.0, event.1, why.clone());
        }
        self.set_volume_phase(volume, ("Failed", Some(&why))).await
    }
}

fn policy(volume: &PersistentVolume) -> String {
    let policy = volume_spec(volume).persistent_volume_reclaim_policy;
    policy.unwrap_or_else(|| "Retain".to_owned())
}
