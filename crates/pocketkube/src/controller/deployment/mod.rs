//! Rolls a Deployment's Pod template out over ReplicaSets, one per template.
//!
//! [`rollout`] holds what one sync knows and changes; [`rolling`], [`recreate`] and [`scaling`]
//! decide sizes; [`progress`] computes the status, which is written last. Mirrors
//! `pkg/controller/deployment` (v1.35).

mod numbers;
mod progress;
mod recreate;
mod revision;
mod rolling;
mod rollout;
mod scaling;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;

use self::rollout::Rollout;
use super::claim::claim;
use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{
    Change, Client, EventRecorder, EventType, Index, Kind, Lister, ObjectKey, Selector, WorkQueue,
};
use crate::clock::Clock;

const WORKERS: usize = 5;

struct DeploymentController {
    deployments: Lister<Deployment>,
    replica_sets: Lister<ReplicaSet>,
    replica_sets_by_owner: Index<ReplicaSet>,
    pods_by_owner: Index<Pod>,
    client: Client,
    recorder: EventRecorder,
    queue: Arc<WorkQueue<ObjectKey>>,
    clock: Clock,
}

pub(super) fn start(context: ControllerContext) {
    let deployments = context.informers.get::<Deployment>();
    let replica_sets = context.informers.get::<ReplicaSet>();
    let pods = context.informers.get::<Pod>();
    let controller = Arc::new(DeploymentController {
        deployments: deployments.lister(),
        replica_sets: replica_sets.lister(),
        replica_sets_by_owner: replica_sets.lister().by_controller(),
        pods_by_owner: pods.lister().by_controller(),
        client: context.client.clone(),
        recorder: context.recorder("deployment-controller"),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let queue = controller.queue.clone();
    deployments.subscribe(move |change| queue.add(change.object().key()));
    let handler = controller.clone();
    replica_sets.subscribe(move |change| handler.replica_set_changed(change));
    let handler = controller.clone();
    pods.subscribe(move |change| {
        if let Change::Deleted(pod) = change {
            handler.pod_deleted(pod);
        }
    });
    let queue = (controller.queue.clone(), WORKERS);
    run(
        &context,
        "deployment-controller",
        queue,
        controller,
        async move {
            deployments.wait_synced().await;
            replica_sets.wait_synced().await;
            pods.wait_synced().await;
        },
    );
}

impl DeploymentController {
    fn replica_set_changed(&self, change: &Change<ReplicaSet>) {
        let now = change.object();
        for set in change.old().into_iter().chain([now]) {
            if let Some(owner) = self.owner_of(set) {
                self.queue.add(owner.key());
            }
        }
        if now.controller().is_none() && !now.is_terminating() {
            for deployment in self.deployments.list(now.namespace()) {
                let selector = selector(&deployment);
                if !selector.is_empty() && selector.matches(now.labels()) {
                    self.queue.add(deployment.key());
                }
            }
        }
    }

    /// The last old Pod's end is what a Deployment with strategy Recreate waits for.
    fn pod_deleted(&self, pod: &Pod) {
        let Some(reference) = pod
            .controller()
            .filter(|owner| owner.kind == ReplicaSet::KIND)
        else {
            return;
        };
        let set = self.replica_sets.get(pod.namespace(), &reference.name);
        let Some(set) = set.filter(|set| set.uid() == reference.uid) else {
            return;
        };
        if let Some(deployment) = self.owner_of(&set)
            && numbers::is_recreate(&deployment)
        {
            self.queue.add(deployment.key());
        }
    }

    fn owner_of(&self, set: &ReplicaSet) -> Option<Arc<Deployment>> {
        let reference = set
            .controller()
            .filter(|owner| owner.kind == Deployment::KIND)?;
        let owner = self.deployments.get(set.namespace(), &reference.name)?;
        (owner.uid() == reference.uid).then_some(owner)
    }

    /// Tells a Deployment without a selector, which would select every Pod, that it is useless.
    async fn refuse(&self, deployment: &Deployment) -> Result<(), SyncError> {
        let message = "This deployment is selecting all pods. A non-empty selector is required.";
        self.recorder
            .event(deployment, EventType::Warning, "SelectingAll", message);
        let status = deployment.status.clone().unwrap_or_default();
        if status.observed_generation.unwrap_or(0) < deployment.generation() {
            let mut changed = deployment.clone();
            let status = changed.status.get_or_insert_default();
            status.observed_generation = Some(deployment.generation());
            self.client.update_status(&changed).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Controller for DeploymentController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(deployment) = self.deployments.get_key(key) else {
            return Ok(());
        };
        let selector = selector(&deployment);
        if selector.is_empty() {
            return self.refuse(&deployment).await;
        }
        let index = &self.replica_sets_by_owner;
        let sets = claim(&self.client, &*deployment, &selector, index, |_| true).await?;
        let mut rollout = Rollout::new(deployment, sets);
        if rollout.deployment.is_terminating() {
            self.sync_revision(&mut rollout).await?;
            return self.write_status(&rollout).await;
        }
        progress::note_pause(&mut rollout.deployment, self.clock.now());
        if numbers::is_paused(&rollout.deployment) || rollout.is_scaling() {
            self.sync_size(&mut rollout).await?;
            return self.write_status(&rollout).await;
        }
        match numbers::is_recreate(&rollout.deployment) {
            true => self.recreate(&mut rollout).await?,
            false => self.roll(&mut rollout).await?,
        }
        self.write_rollout_status(&rollout).await
    }
}

fn selector(deployment: &Deployment) -> Selector {
    let spec = deployment.spec.as_ref();
    Selector::from_label_selector(spec.map(|spec| &spec.selector))
}
