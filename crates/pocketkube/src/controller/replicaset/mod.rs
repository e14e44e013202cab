//! Keeps as many Pods as a ReplicaSet or ReplicationController asks for.
//!
//! Both kinds have one loop; [`owner`] says where they differ, [`plan`] decides which Pods go, and
//! [`status`] counts those that are there. Mirrors `pkg/controller/{replicaset,replication}`
//! (v1.35).

mod owner;
mod plan;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, ReplicationController};

use self::owner::ReplicaOwner;
use super::claim::claim;
use super::expectations::Expectations;
use super::pod_control::{PodControl, is_namespace_terminating, slow_start};
use super::{Controller, ControllerContext, SyncError, pod, run};
use crate::api::StatusError;
use crate::client::{Change, Client, Index, Kind, Lister, ObjectKey, Selector, WorkQueue};
use crate::clock::Clock;

const WORKERS: usize = 5;
/// How many Pods are created or deleted at most before the cache must have caught up.
const BURST: usize = 500;

pub(super) fn start_replica_sets(context: ControllerContext) {
    start::<ReplicaSet>(&context);
}

pub(super) fn start_replication_controllers(context: ControllerContext) {
    start::<ReplicationController>(&context);
}

struct ReplicaController<O> {
    owners: Lister<O>,
    siblings: Index<O>,
    pods: Index<Pod>,
    client: Client,
    pod_control: PodControl,
    expectations: Expectations,
    queue: Arc<WorkQueue<ObjectKey>>,
    clock: Clock,
}

fn start<O: ReplicaOwner>(context: &ControllerContext) {
    let (owners, pods) = (context.informers.get::<O>(), context.informers.get::<Pod>());
    let controller = Arc::new(ReplicaController {
        owners: owners.lister(),
        siblings: owners.lister().by_controller(),
        pods: pods.lister().by_controller(),
        client: context.client.clone(),
        pod_control: PodControl {
            client: context.client.clone(),
            recorder: context.recorder(O::COMPONENT),
        },
        expectations: Expectations::new(context.clock.clone()),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let handler = controller.clone();
    owners.subscribe(move |change| handler.owner_changed(change));
    let handler = controller.clone();
    pods.subscribe(move |change| handler.pod_changed(change));
    let queue = (controller.queue.clone(), WORKERS);
    run(context, O::COMPONENT, queue, controller, async move {
        owners.wait_synced().await;
        pods.wait_synced().await;
    });
}

impl<O: ReplicaOwner> ReplicaController<O> {
    fn owner_changed(&self, change: &Change<O>) {
        let owner = change.object();
        let replaced = change.old().is_some_and(|old| old.uid() != owner.uid());
        if replaced || matches!(change, Change::Deleted(_)) {
            self.expectations.forget(&owner.key());
        }
        self.queue.add(owner.key());
    }

    fn pod_changed(&self, change: &Change<Pod>) {
        let pod = change.object();
        match change {
            Change::Added(_) if !pod.is_terminating() => {
                if let Some(owner) = self.owner_of(pod) {
                    self.expectations.creations_observed(&owner, 1);
                }
            }
            // A Pod that is being deleted no longer counts, however long it takes to end.
            _ if pod.is_terminating() || matches!(change, Change::Deleted(_)) => {
                if let Some(owner) = self.owner_of(pod) {
                    self.expectations.deletion_observed(&owner, &pod.key());
                }
            }
            Change::Updated { old, new } if !matters(old, new) => return,
            _ => {}
        }
        for pod in change.old().into_iter().chain([pod]) {
            match self.owner_of(pod) {
                Some(owner) => self.queue.add(owner),
                None if pod.controller().is_none() => self.enqueue_who_selects(pod),
                None => {}
            }
        }
    }

    /// The owner that manages the Pod, if it is of this controller's kind and exists.
    fn owner_of(&self, pod: &Pod) -> Option<ObjectKey> {
        let reference = pod.controller().filter(|owner| owner.kind == O::KIND)?;
        let owner = self.owners.get(pod.namespace(), &reference.name)?;
        (owner.uid() == reference.uid).then(|| owner.key())
    }

    fn enqueue_who_selects(&self, orphan: &Pod) {
        for owner in self.owners.list(orphan.namespace()) {
            let selector = owner.selector();
            if !selector.is_empty() && selector.matches(orphan.labels()) {
                self.queue.add(owner.key());
            }
        }
    }

    async fn manage(&self, owner: &O, active: &[Arc<Pod>]) -> Result<(), StatusError> {
        let wanted = usize::try_from(owner.wanted()).unwrap_or(0);
        if active.len() < wanted {
            self.create_pods(owner, (wanted - active.len()).min(BURST))
                .await
        } else if active.len() > wanted {
            self.delete_pods(owner, active, (active.len() - wanted).min(BURST))
                .await
        } else {
            Ok(())
        }
    }

    async fn create_pods(&self, owner: &O, missing: usize) -> Result<(), StatusError> {
        let template = owner.template();
        let key = owner.key();
        self.expectations.expect_creations(&key, missing);
        let (created, outcome) = slow_start(missing, || async {
            match self.pod_control.create(owner, template).await {
                Err(error) if is_namespace_terminating(&error) => {
                    self.expectations.creations_observed(&key, 1);
                    Ok(())
                }
                outcome => outcome.map(drop),
            }
        })
        .await;
        self.expectations
            .creations_observed(&key, missing - created);
        outcome
    }

    async fn delete_pods(
        &self,
        owner: &O,
        active: &[Arc<Pod>],
        surplus: usize,
    ) -> Result<(), StatusError> {
        let related = self.pods_of_siblings(owner);
        let doomed = plan::choose_doomed(active, &related, surplus, self.clock.now());
        let key = owner.key();
        let keys = doomed.iter().map(|pod| pod.key());
        self.expectations.expect_deletions(&key, keys);
        let mut outcome = Ok(());
        for pod in &doomed {
            if let Err(error) = self.pod_control.delete(owner, pod).await {
                // No watch event will tell of a deletion that did not happen.
                self.expectations.deletion_observed(&key, &pod.key());
                if outcome.is_ok() && !error.is_not_found() {
                    outcome = Err(error);
                }
            }
        }
        outcome
    }

    /// The Pods of every owner that has the same owner itself, such as a Deployment.
    fn pods_of_siblings(&self, owner: &O) -> Vec<Arc<Pod>> {
        let Some(parent) = owner.controller() else {
            return self.pods.get(owner.uid());
        };
        let siblings = self.siblings.get(&parent.uid);
        let uids = siblings.iter().map(|sibling| sibling.uid());
        uids.flat_map(|uid| self.pods.get(uid)).collect()
    }
}

#[async_trait]
impl<O: ReplicaOwner> Controller for ReplicaController<O> {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(owner) = self.owners.get_key(key) else {
            self.expectations.forget(key);
            return Ok(());
        };
        let owner = &*owner;
        let may_manage = self.expectations.are_satisfied(key) && !owner.is_terminating();
        let selector = owner.selector();
        let active = claim(&self.client, owner, &selector, &self.pods, pod::is_active).await?;
        let managed = match may_manage {
            true => self.manage(owner, &active).await,
            false => Ok(()),
        };
        let now = self.clock.now();
        let owned = self.pods.get(owner.uid());
        let shutting_down = owned
            .iter()
            .filter(|pod| pod::is_shutting_down(pod))
            .count();
        let wanted_status = status::compute(owner, &active, shutting_down, &managed, now);
        let waits = wanted_status.ready > wanted_status.available;
        self.write_status(owner, wanted_status).await?;
        managed?;
        if waits {
            let pods = active.iter().map(|pod| &**pod);
            let next = pod::next_available(pods, owner.min_ready_seconds(), now);
            if let Some(delay) = next {
                self.queue.add_after(key.clone(), delay);
            }
        }
        Ok(())
    }
}

impl<O: ReplicaOwner> ReplicaController<O> {
    async fn write_status(&self, owner: &O, status: status::Status) -> Result<(), StatusError> {
        if owner.status() == status {
            return Ok(());
        }
        let mut changed = owner.clone();
        changed.set_status(status.clone());
        match self.client.update_status(&changed).await {
            // The numbers are right for what the generation of the cached object wants.
            Err(error) if error.is_conflict() => {
                let mut fresh: O = self.client.get(owner.namespace(), owner.name()).await?;
                if fresh.uid() != owner.uid() {
                    return Ok(());
                }
                fresh.set_status(status);
                self.client.update_status(&fresh).await.map(drop)
            }
            Err(error) if error.is_not_found() => Ok(()),
            outcome => outcome.map(drop),
        }
    }
}

/// Whether a change of a Pod can change what its owner counts or does.
fn matters(old: &Pod, new: &Pod) -> bool {
    old.labels() != new.labels()
        || old.controller() != new.controller()
        || old.is_terminating() != new.is_terminating()
        || pod::phase(old) != pod::phase(new)
        || pod::is_ready(old) != pod::is_ready(new)
        || pod::ready_since(old) != pod::ready_since(new)
}

/// The selector of an owner; one that would select everything selects nothing.
fn usable(selector: Selector) -> Selector {
    if selector.is_empty() {
        Selector::nothing()
    } else {
        selector
    }
}
