//! Makes the claims of a Pod's generic ephemeral volumes, which go with the Pod.
//!
//! Mirrors `pkg/controller/volume/ephemeral/controller.go` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{
    Change, Client, EventRecorder, EventType, Kind, Lister, ObjectKey, WorkQueue,
    controller_reference,
};

const COMPONENT: &str = "ephemeral_volume";

struct EphemeralVolumes {
    pods: Lister<Pod>,
    claims: Lister<PersistentVolumeClaim>,
    client: Client,
    recorder: EventRecorder,
}

pub(super) fn start(context: ControllerContext) {
    let pods = context.informers.get::<Pod>();
    let claims = context.informers.get::<PersistentVolumeClaim>();
    let controller = Arc::new(EphemeralVolumes {
        pods: pods.lister(),
        claims: claims.lister(),
        client: context.client.clone(),
        recorder: context.recorder(COMPONENT),
    });
    let queue: Arc<WorkQueue<ObjectKey>> = context.queue();
    let enqueue = queue.clone();
    pods.subscribe(move |change| {
        if let Change::Added(pod) = change
            && has_ephemeral(pod)
        {
            enqueue.add(pod.key());
        }
    });
    let name = "ephemeral-volume-controller";
    run(&context, name, (queue, 1), controller, async move {
        pods.wait_synced().await;
        claims.wait_synced().await;
    });
}

fn has_ephemeral(pod: &Pod) -> bool {
    let spec = pod.spec.as_ref();
    let mut volumes = spec
        .into_iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    volumes.any(|volume| volume.ephemeral.is_some())
}

#[async_trait]
impl Controller for EphemeralVolumes {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let pod = self.pods.get_key(key).filter(|pod| !pod.is_terminating());
        let Some(pod) = pod else {
            return Ok(());
        };
        let volumes = pod
            .spec
            .iter()
            .flat_map(|spec| spec.volumes.iter().flatten());
        for volume in volumes {
            let source = volume.ephemeral.as_ref();
            let Some(template) = source.and_then(|own| own.volume_claim_template.as_ref()) else {
                continue;
            };
            let name = format!("{}-{}", pod.name(), volume.name);
            if let Some(claim) = self.claims.get(pod.namespace(), &name) {
                if !claim.is_controlled_by(pod.uid()) {
                    let message = format!(
                        "PVC {} was not created for pod {} (pod is not owner)",
                        claim.key(),
                        pod.key()
                    );
                    return Err(SyncError::Other(message));
                }
                continue;
            }
            let metadata = template.metadata.clone().unwrap_or_default();
            let claim = PersistentVolumeClaim {
                metadata: ObjectMeta {
                    name: Some(name),
                    namespace: Some(pod.namespace().to_owned()),
                    labels: metadata.labels,
                    annotations: metadata.annotations,
                    owner_references: Some(vec![controller_reference(&*pod)]),
                    ..ObjectMeta::default()
                },
                spec: Some(template.spec.clone()),
                status: None,
            };
            match self.client.create(&claim).await {
                Err(error) if error.is_already_exists() => {}
                Err(error) => {
                    let reason = "FailedBinding";
                    let message = format!("ephemeral volume {}: create PVC: {error}", volume.name);
                    self.recorder
                        .event(&*pod, EventType::Warning, reason, message);
                    return Err(error.into());
                }
                Ok(_) => {}
            }
        }
        Ok(())
    }
}
