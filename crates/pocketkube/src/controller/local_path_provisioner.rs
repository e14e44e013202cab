//! Makes the volumes of the class `standard`, lets them grow with their claims, and deletes them
//! when those are gone.
//!
//! It stands for the provisioner that kind and k3s bring along: a directory of the node on which
//! the claim's first consumer runs. Other provisioners are only waited for. Mirrors
//! `rancher/local-path-provisioner` on `sig-storage-lib-external-provisioner`.

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::{Value, json};

use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{
    Client, DeleteOptions, EventRecorder, EventType, Kind, Lister, ObjectKey, Patch, ResourceRef,
    WorkQueue,
};
use crate::component_helpers::volume::{
    PROVISIONED_BY, SELECTED_NODE, STORAGE_PROVISIONER, capacity, claim_spec, class_of,
    is_fully_bound, is_meant_for, request, volume_name, volume_spec,
};

const PROVISIONER: &str = "rancher.io/local-path";
const FOLDER: &str = "/var/local-path-provisioner";
const NAME: &str = "local-path-provisioner";

struct Provisioner {
    claims: Lister<PersistentVolumeClaim>,
    volumes: Lister<PersistentVolume>,
    classes: Lister<StorageClass>,
    client: Client,
    recorder: EventRecorder,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Claim(ObjectKey),
    Volume(String),
}

pub(super) fn start(context: ControllerContext) {
    let claims = context.informers.get::<PersistentVolumeClaim>();
    let volumes = context.informers.get::<PersistentVolume>();
    let classes = context.informers.get::<StorageClass>();
    let controller = Arc::new(Provisioner {
        claims: claims.lister(),
        volumes: volumes.lister(),
        classes: classes.lister(),
        client: context.client.clone(),
        recorder: context.recorder(&format!("{PROVISIONER}_{NAME}")),
    });
    let queue: Arc<WorkQueue<Key>> = context.queue();
    let enqueue = queue.clone();
    claims.subscribe(move |change| enqueue.add(Key::Claim(change.object().key())));
    let enqueue = queue.clone();
    volumes.subscribe(move |change| enqueue.add(Key::Volume(change.object().name().to_owned())));
    run(&context, NAME, (queue, 1), controller, async move {
        claims.wait_synced().await;
        volumes.wait_synced().await;
        classes.wait_synced().await;
    });
}

impl Provisioner {
    async fn provision(&self, claim: &PersistentVolumeClaim) -> Result<(), SyncError> {
        let is_mine = claim.annotation(STORAGE_PROVISIONER) == Some(PROVISIONER);
        if !is_mine || claim.is_terminating() || !volume_name(claim).is_empty() {
            return Ok(());
        }
        let Some(class) = self.classes.get("", class_of(claim)) else {
            return Ok(());
        };
        let name = format!("pvc-{}", claim.uid());
        if self.volumes.get("", &name).is_some() {
            return Ok(());
        }
        let message = format!(
            "External provisioner is provisioning volume for claim {:?}",
            claim.key().to_string()
        );
        self.recorder
            .event(claim, EventType::Normal, "Provisioning", message);
        if let Err(why) = check(claim) {
            let class = class.name();
            let message = format!("failed to provision volume with StorageClass {class:?}: {why}");
            self.recorder
                .event(claim, EventType::Warning, "ProvisioningFailed", message);
            // A change of the claim is what can help.
            return Ok(());
        }
        let resource = ResourceRef::of::<PersistentVolume>();
        let volume = volume_for(claim, &class, &name);
        match self.client.create_object(&resource, volume).await {
            Err(error) if error.is_already_exists() => {}
            outcome => {
                outcome?;
                let message = format!("Successfully provisioned volume {name}");
                self.recorder
                    .event(claim, EventType::Normal, "ProvisioningSucceeded", message);
            }
        }
        Ok(())
    }

    /// Lets the volume of a claim grow to what the claim asks for now. Directories have no size,
    /// so nothing stands in the way.
    async fn grow(&self, claim: &PersistentVolumeClaim) -> Result<(), SyncError> {
        if !is_fully_bound(claim) || claim.is_terminating() {
            return Ok(());
        }
        let Some(volume) = self.volumes.get("", volume_name(claim)) else {
            return Ok(());
        };
        let is_mine = volume.annotation(PROVISIONED_BY) == Some(PROVISIONER);
        let resources = claim_spec(claim).resources.unwrap_or_default();
        let wanted = resources.requests.unwrap_or_default().remove("storage");
        let status = claim.status.clone().unwrap_or_default();
        let shown = status.capacity.unwrap_or_default().remove("storage");
        let (Some(wanted), true) = (wanted, is_mine && is_meant_for(&volume, claim)) else {
            return Ok(());
        };
        if request(claim) > capacity(&volume) {
            let message = format!("External resizer is resizing volume {}", volume.name());
            self.recorder
                .event(claim, EventType::Normal, "Resizing", message);
            let patch = Patch::Merge(json!({
                "metadata": {"resourceVersion": volume.resource_version()},
                "spec": {"capacity": {"storage": wanted}},
            }));
            let patched = self
                .client
                .patch::<PersistentVolume>("", volume.name(), patch);
            patched.await?;
        } else if capacity(&volume) > request(claim) || shown.is_none_or(|shown| shown == wanted) {
            // Nothing to do, or the binding is not complete yet.
            return Ok(());
        }
        let patch = Patch::Merge(json!({
            "metadata": {"resourceVersion": claim.resource_version()},
            "status": {"capacity": {"storage": wanted}},
        }));
        let (namespace, name) = (claim.namespace(), claim.name());
        let patched = self
            .client
            .patch_status::<PersistentVolumeClaim>(namespace, name, patch);
        patched.await?;
        let message = "Resize volume succeeded";
        self.recorder
            .event(claim, EventType::Normal, "VolumeResizeSuccessful", message);
        Ok(())
    }

    async fn delete(&self, volume: &PersistentVolume) -> Result<(), SyncError> {
        let status = volume.status.as_ref();
        let is_released = status.is_some_and(|status| status.phase.as_deref() == Some("Released"));
        let policy = volume_spec(volume).persistent_volume_reclaim_policy;
        if volume.annotation(PROVISIONED_BY) != Some(PROVISIONER)
            || volume.is_terminating()
            || !is_released
            || policy.as_deref() != Some("Delete")
        {
            return Ok(());
        }
        let options = DeleteOptions::of_uid(volume.uid());
        let deleted = self
            .client
            .delete::<PersistentVolume>("", volume.name(), &options);
        match deleted.await {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Whether a directory of a node can be what a claim asks for.
fn check(claim: &PersistentVolumeClaim) -> Result<(), &'static str> {
    let spec = claim_spec(claim);
    if spec.selector.is_some() {
        return Err("claim.Spec.Selector is not supported");
    }
    let modes = spec.access_modes.unwrap_or_default();
    let is_single = |mode: &String| mode == "ReadWriteOnce" || mode == "ReadWriteOncePod";
    if !modes.iter().all(is_single) {
        return Err(
            "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes",
        );
    }
    match claim.annotation(SELECTED_NODE) {
        Some(_) => Ok(()),
        None => Err("configuration error, no node was specified"),
    }
}

fn volume_for(claim: &PersistentVolumeClaim, class: &StorageClass, name: &str) -> Value {
    let spec = claim_spec(claim);
    let node = claim.annotation(SELECTED_NODE).unwrap_or_default();
    let (namespace, claim_name) = (claim.namespace(), claim.name());
    let requests = spec.resources.and_then(|resources| resources.requests);
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {
                PROVISIONED_BY: PROVISIONER,
                "local.path.provisioner/selected-node": node,
            },
        },
        "spec": {
            "accessModes": spec.access_modes,
            "capacity": {"storage": requests.unwrap_or_default().get("storage")},
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "namespace": namespace, "name": claim_name,
                "uid": claim.uid(), "resourceVersion": claim.resource_version(),
            },
            "hostPath": {
                "path": format!("{FOLDER}/{name}_{namespace}_{claim_name}"),
                "type": "DirectoryOrCreate",
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]},
            ]}]}},
            "persistentVolumeReclaimPolicy": class.reclaim_policy.as_deref().unwrap_or("Delete"),
            "storageClassName": class.name(),
            "volumeMode": "Filesystem",
        },
    })
}

#[async_trait]
impl Controller for Provisioner {
    type Key = Key;

    async fn sync(&self, key: &Key) -> Result<(), SyncError> {
        match key {
            Key::Claim(key) => match self.claims.get_key(key) {
                Some(claim) => {
                    self.provision(&claim).await?;
                    self.grow(&claim).await
                }
                None => Ok(()),
            },
            Key::Volume(name) => match self.volumes.get("", name) {
                Some(volume) => self.delete(&volume).await,
                None => Ok(()),
            },
        }
    }
}
