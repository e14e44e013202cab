//! Keeps claims that Pods use, and volumes that are bound, until nobody needs them any more.
//!
//! Two loops of one shape: the finalizer stays while there is a user. Mirrors
//! `pkg/controller/volume/{pvcprotection,pvprotection}` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use serde_json::json;

use super::{Controller, ControllerContext, SyncError, pod, run};
use crate::client::{Change, Client, Index, Kind, Lister, ObjectKey, Patch, WorkQueue};
use crate::component_helpers::volume::claims_of;

const CLAIM_FINALIZER: &str = "kubernetes.io/pvc-protection";
const VOLUME_FINALIZER: &str = "kubernetes.io/pv-protection";

struct ClaimProtection {
    claims: Lister<PersistentVolumeClaim>,
    pods_by_claim: Index<Pod>,
    client: Client,
}

pub(super) fn start_claims(context: ControllerContext) {
    let claims = context.informers.get::<PersistentVolumeClaim>();
    let pods = context.informers.get::<Pod>();
    let controller = Arc::new(ClaimProtection {
        claims: claims.lister(),
        pods_by_claim: pods.lister().index("claim", |pod: &Pod| {
            let namespace = pod.namespace();
            let claims = claims_of(pod).map(|(name, _)| format!("{namespace}/{name}"));
            claims.collect()
        }),
        client: context.client.clone(),
    });
    let queue: Arc<WorkQueue<ObjectKey>> = context.queue();
    let enqueue = queue.clone();
    claims.subscribe(move |change| enqueue.add(change.object().key()));
    let enqueue = queue.clone();
    pods.subscribe(move |change| {
        if let Change::Deleted(pod) = change {
            for (name, _) in claims_of(pod) {
                enqueue.add(ObjectKey::new(pod.namespace(), name));
            }
        }
    });
    let name = "persistentvolumeclaim-protection-controller";
    run(&context, name, (queue, 1), controller, async move {
        claims.wait_synced().await;
        pods.wait_synced().await;
    });
}

#[async_trait]
impl Controller for ClaimProtection {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(claim) = self.claims.get_key(key) else {
            return Ok(());
        };
        let users = self.pods_by_claim.get(&key.to_string());
        // A Pod without a node has not begun to use anything, and will not be let.
        let is_used = users.iter().any(|pod| !pod::node_name(pod).is_empty());
        protect(&self.client, &*claim, CLAIM_FINALIZER, is_used).await
    }
}

struct VolumeProtection {
    volumes: Lister<PersistentVolume>,
    client: Client,
}

pub(super) fn start_volumes(context: ControllerContext) {
    let volumes = context.informers.get::<PersistentVolume>();
    let controller = Arc::new(VolumeProtection {
        volumes: volumes.lister(),
        client: context.client.clone(),
    });
    let queue: Arc<WorkQueue<String>> = context.queue();
    let enqueue = queue.clone();
    volumes.subscribe(move |change| enqueue.add(change.object().name().to_owned()));
    let name = "persistentvolume-protection-controller";
    run(&context, name, (queue, 1), controller, async move {
        volumes.wait_synced().await;
    });
}

#[async_trait]
impl Controller for VolumeProtection {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let Some(volume) = self.volumes.get("", name) else {
            return Ok(());
        };
        let status = volume.status.as_ref();
        let is_bound = status.is_some_and(|status| status.phase.as_deref() == Some("Bound"));
        protect(&self.client, &*volume, VOLUME_FINALIZER, is_bound).await
    }
}

/// Sees to it that a live object has the finalizer, and an unused one that is being deleted
/// hasn't.
async fn protect<K: Kind>(
    client: &Client,
    object: &K,
    finalizer: &str,
    is_used: bool,
) -> Result<(), SyncError> {
    let has = object.has_finalizer(finalizer);
    let mut finalizers = object.meta().finalizers.clone().unwrap_or_default();
    match (object.is_terminating(), has) {
        (false, false) => finalizers.push(finalizer.to_owned()),
        (true, true) if !is_used => finalizers.retain(|own| own != finalizer),
        _ => return Ok(()),
    }
    let patch = Patch::Merge(json!({"metadata": {
        "resourceVersion": object.resource_version(), "finalizers": finalizers,
    }}));
    let patched = client.patch::<K>(object.namespace(), object.name(), patch);
    match patched.await {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}
