//! Brings claims and volumes together, and gives volumes back when their claims are gone.
//!
//! [`claims`] looks at a claim and finds it a volume, or somebody who makes one; [`volumes`] looks
//! at a volume and what became of its claim; [`binding`] are the four writes of a binding, each of
//! which may be the last before an interruption. Mirrors
//! `pkg/controller/volume/persistentvolume/pv_controller.go` (v1.35).

mod binding;
mod claims;
#[cfg(test)]
mod tests;
mod volumes;

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;

use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{Change, Client, EventRecorder, Kind, Lister, ObjectKey, WorkQueue};
use crate::clock::Clock;
use crate::component_helpers::volume::{claim_key, claim_ref, claims_of, class_of, is_fully_bound};

const COMPONENT: &str = "persistentvolume-controller";
/// One after the other, so that no two claims reach for the same volume at once.
const WORKERS: usize = 1;

struct PersistentVolumeController {
    claims: Lister<PersistentVolumeClaim>,
    volumes: Lister<PersistentVolume>,
    classes: Lister<StorageClass>,
    pods: Lister<Pod>,
    client: Client,
    recorder: EventRecorder,
    queue: Arc<WorkQueue<Key>>,
    clock: Clock,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Volume(String),
    Claim(ObjectKey),
}

pub(super) fn start(context: ControllerContext) {
    let claims = context.informers.get::<PersistentVolumeClaim>();
    let volumes = context.informers.get::<PersistentVolume>();
    let classes = context.informers.get::<StorageClass>();
    let pods = context.informers.get::<Pod>();
    let controller = Arc::new(PersistentVolumeController {
        claims: claims.lister(),
        volumes: volumes.lister(),
        classes: classes.lister(),
        pods: pods.lister(),
        client: context.client.clone(),
        recorder: context.recorder(COMPONENT),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let handler = controller.clone();
    claims.subscribe(move |change| handler.claim_changed(change));
    let handler = controller.clone();
    volumes.subscribe(move |change| handler.volume_changed(change));
    let handler = controller.clone();
    classes.subscribe(move |change| handler.enqueue_unbound(Some(change.object().name())));
    let handler = controller.clone();
    pods.subscribe(move |change| handler.pod_changed(change));
    let queue = (controller.queue.clone(), WORKERS);
    run(&context, COMPONENT, queue, controller, async move {
        claims.wait_synced().await;
        volumes.wait_synced().await;
        classes.wait_synced().await;
        pods.wait_synced().await;
    });
}

impl PersistentVolumeController {
    fn claim_changed(&self, change: &Change<PersistentVolumeClaim>) {
        let claim = change.object();
        self.queue.add(Key::Claim(claim.key()));
        let spec = claim.spec.as_ref();
        if let Some(volume) = spec.and_then(|spec| spec.volume_name.clone()) {
            self.queue.add(Key::Volume(volume));
        }
    }

    fn volume_changed(&self, change: &Change<PersistentVolume>) {
        let volume = change.object();
        self.queue.add(Key::Volume(volume.name().to_owned()));
        match claim_ref(volume) {
            Some(reference) => self.queue.add(Key::Claim(claim_key(reference))),
            // It may be what somebody waits for.
            None => self.enqueue_unbound(None),
        }
    }

    /// Looks again at claims that wait for a volume, of all classes or of one.
    fn enqueue_unbound(&self, class: Option<&str>) {
        for claim in self.claims.all() {
            let concerns = class.is_none_or(|class| class == class_of(&claim));
            if concerns && !is_fully_bound(&claim) {
                self.queue.add(Key::Claim(claim.key()));
            }
        }
    }

    /// A claim that waits for a consumer tells of the Pod that waits to be scheduled.
    fn pod_changed(&self, change: &Change<Pod>) {
        let Change::Added(pod) = change else {
            return;
        };
        for (name, _) in claims_of(pod) {
            let claim = self.claims.get(pod.namespace(), &name);
            if let Some(claim) = claim.filter(|claim| !is_fully_bound(claim)) {
                self.queue.add(Key::Claim(claim.key()));
            }
        }
    }
}

#[async_trait]
impl Controller for PersistentVolumeController {
    type Key = Key;

    async fn sync(&self, key: &Key) -> Result<(), SyncError> {
        match key {
            Key::Claim(key) => match self.claims.get_key(key) {
                Some(claim) => self.sync_claim(&claim).await,
                None => Ok(()),
            },
            Key::Volume(name) => match self.volumes.get("", name) {
                Some(volume) => self.sync_volume(&volume).await,
                None => Ok(()),
            },
        }
    }
}
