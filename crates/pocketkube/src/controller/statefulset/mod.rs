//! Runs Pods with names, volumes and an order of their own: `web-0`, `web-1`, …
//!
//! [`identity`] says what the Pod of an ordinal looks like, [`plan`] decides what to do next,
//! [`claims`] looks after volumes, [`status`] counts. Revisions are in [`super::history`].
//! Mirrors `pkg/controller/statefulset` (v1.35).

mod claims;
mod identity;
mod plan;
mod status;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use serde_json::json;

use self::identity::{ordinal_of, revision_of};
use self::plan::{Step, View};
use super::claim::claim;
use super::history::{self, Naming};
use super::{Controller, ControllerContext, SyncError, pod, run};
use crate::api::StatusError;
use crate::client::{
    Change, Client, DeleteOptions, EventRecorder, EventType, Index, Kind, Lister, ObjectKey, Patch,
    Selector, WorkQueue,
};
use crate::clock::Clock;

const WORKERS: usize = 5;
const COMPONENT: &str = "statefulset-controller";
const NAMING: Naming = Naming {
    hash_label: "controller.kubernetes.io/hash",
};

struct StatefulSetController {
    sets: Lister<StatefulSet>,
    pods_by_owner: Index<Pod>,
    revisions_by_owner: Index<ControllerRevision>,
    claims: Lister<PersistentVolumeClaim>,
    client: Client,
    recorder: EventRecorder,
    queue: Arc<WorkQueue<ObjectKey>>,
    clock: Clock,
}

pub(super) fn start(context: ControllerContext) {
    let sets = context.informers.get::<StatefulSet>();
    let pods = context.informers.get::<Pod>();
    let revisions = context.informers.get::<ControllerRevision>();
    let claims = context.informers.get::<PersistentVolumeClaim>();
    let controller = Arc::new(StatefulSetController {
        sets: sets.lister(),
        pods_by_owner: pods.lister().by_controller(),
        revisions_by_owner: revisions.lister().by_controller(),
        claims: claims.lister(),
        client: context.client.clone(),
        recorder: context.recorder(COMPONENT),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let queue = controller.queue.clone();
    sets.subscribe(move |change| queue.add(change.object().key()));
    let handler = controller.clone();
    pods.subscribe(move |change| handler.pod_changed(change));
    let queue = (controller.queue.clone(), WORKERS);
    run(&context, COMPONENT, queue, controller, async move {
        sets.wait_synced().await;
        pods.wait_synced().await;
        revisions.wait_synced().await;
        claims.wait_synced().await;
    });
}

impl StatefulSetController {
    fn pod_changed(&self, change: &Change<Pod>) {
        for pod in change.old().into_iter().chain([change.object()]) {
            match pod.controller() {
                Some(owner) if owner.kind == StatefulSet::KIND => {
                    self.queue.add(ObjectKey::new(pod.namespace(), &owner.name));
                }
                Some(_) => {}
                None => self.enqueue_who_selects(pod),
            }
        }
    }

    fn enqueue_who_selects(&self, orphan: &Pod) {
        for set in self.sets.list(orphan.namespace()) {
            let selector = selector(&set);
            if identity::is_member(&set, orphan) && selector.matches(orphan.labels()) {
                self.queue.add(set.key());
            }
        }
    }

    async fn perform(&self, view: &View<'_>, step: &Step) -> Result<(), SyncError> {
        match step {
            Step::Create { ordinal, revision } => {
                let pod = identity::new_pod(view.set, revision, *ordinal);
                self.create(view, &pod).await
            }
            Step::Delete(pod) => self.delete(view.set, pod).await,
            Step::EnsureClaims(pod) => self.ensure_claims(view.set, pod).await,
            Step::Repair(pod) => self.repair(view.set, pod).await,
            Step::RetainClaims(pod) => self.apply_retention(view.set, pod).await,
        }
    }

    async fn create(&self, view: &View<'_>, pod: &Pod) -> Result<(), SyncError> {
        let set = view.set;
        if self.has_stale_claim(set, pod) {
            // Its deletion brings the set back.
            return Ok(());
        }
        if let Err(error) = self.ensure_claims(set, pod).await {
            self.tell_of_pod(
                set,
                ("create", "Create"),
                pod.name(),
                Err(&error.to_string()),
            );
            return Err(error);
        }
        match self.client.create(pod).await {
            Ok(_) => self.tell_of_pod(set, ("create", "Create"), pod.name(), Ok(())),
            // The cache is late, or somebody else has the name.
            Err(error) if error.is_already_exists() => return Err(error.into()),
            Err(error) => {
                self.tell_of_pod(
                    set,
                    ("create", "Create"),
                    pod.name(),
                    Err(&error.to_string()),
                );
                return Err(error.into());
            }
        }
        Ok(())
    }

    async fn delete(&self, set: &StatefulSet, pod: &Pod) -> Result<(), SyncError> {
        // Never a successor, which has the same name.
        let options = DeleteOptions::of_uid(pod.uid());
        let deleted = self
            .client
            .delete::<Pod>(pod.namespace(), pod.name(), &options);
        match deleted.await {
            Ok(()) => self.tell_of_pod(set, ("delete", "Delete"), pod.name(), Ok(())),
            Err(error) if error.is_not_found() || error.is_conflict() => {}
            Err(error) => {
                self.tell_of_pod(
                    set,
                    ("delete", "Delete"),
                    pod.name(),
                    Err(&error.to_string()),
                );
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Gives a Pod back the labels by which it is known.
    async fn repair(&self, set: &StatefulSet, pod: &Pod) -> Result<(), SyncError> {
        let patch = Patch::Merge(json!({"metadata": {
            "uid": pod.uid(), "labels": identity::labels(set, ordinal_of(set, pod).unwrap_or(0)),
        }}));
        let patched = self
            .client
            .patch::<Pod>(pod.namespace(), pod.name(), patch)
            .await;
        match patched {
            Ok(_) => self.tell_of_pod(set, ("update", "Update"), pod.name(), Ok(())),
            Err(error) if error.is_not_found() || error.is_conflict() => {}
            Err(error) => {
                self.tell_of_pod(
                    set,
                    ("update", "Update"),
                    pod.name(),
                    Err(&error.to_string()),
                );
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn tell_of_pod(
        &self,
        set: &StatefulSet,
        (verb, reason): (&str, &str),
        pod: &str,
        outcome: Result<(), &str>,
    ) {
        let name = set.name();
        match outcome {
            Ok(()) => {
                let message = format!("{verb} Pod {pod} in StatefulSet {name} successful");
                let reason = format!("Successful{reason}");
                self.recorder
                    .event(set, EventType::Normal, &reason, message);
            }
            Err(error) => {
                let message =
                    format!("{verb} Pod {pod} in StatefulSet {name} failed error: {error}");
                let reason = format!("Failed{reason}");
                self.recorder
                    .event(set, EventType::Warning, &reason, message);
            }
        }
    }

    /// The revision that Pods are on their way from, and the one they are on their way to.
    async fn revisions(
        &self,
        set: &StatefulSet,
        all: &[Arc<ControllerRevision>],
        collisions: &mut i32,
    ) -> Result<(Arc<ControllerRevision>, Arc<ControllerRevision>), SyncError> {
        let spec = set.spec.clone().unwrap_or_default();
        let owned = (set, &spec.template);
        let update = history::current(&self.client, owned, all, &NAMING, collisions).await?;
        let status = set.status.as_ref();
        let name = status.and_then(|status| status.current_revision.as_deref());
        let current = all.iter().find(|own| Some(own.name()) == name).cloned();
        Ok((current.unwrap_or_else(|| update.clone()), update))
    }

    async fn write_status(
        &self,
        set: &StatefulSet,
        status: k8s_openapi::api::apps::v1::StatefulSetStatus,
    ) -> Result<(), StatusError> {
        if set.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let mut changed = set.clone();
        changed.status = Some(status);
        match self.client.update_status(&changed).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => outcome.map(drop),
        }
    }
}

#[async_trait]
impl Controller for StatefulSetController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(set) = self.sets.get_key(key) else {
            return Ok(());
        };
        let set = &*set;
        let selector = selector(set);
        let index = &self.revisions_by_owner;
        let revisions = claim(&self.client, set, &selector, index, |_| true).await?;
        let is_member = |pod: &Pod| identity::is_member(set, pod);
        let pods = claim(&self.client, set, &selector, &self.pods_by_owner, is_member).await?;

        let mut status = set.status.clone().unwrap_or_default();
        let mut collisions = status.collision_count.unwrap_or(0);
        let (current, update) = self.revisions(set, &revisions, &mut collisions).await?;
        let view = View {
            set,
            pods: &pods,
            current: &current,
            update: &update,
            now: self.clock.now(),
            claims_match: &|pod| self.claims_match_retention(set, pod),
        };
        status.collision_count = Some(collisions);
        status::count(&mut status, &view);
        let mut outcome = Ok(());
        if !set.is_terminating() {
            for step in plan::plan(&view) {
                outcome = self.perform(&view, &step).await;
                if outcome.is_err() {
                    break;
                }
            }
        }
        status::complete(&mut status, set);
        let waits = status.ready_replicas > status.available_replicas;
        self.write_status(set, status).await?;
        outcome?;

        let mut live = BTreeSet::from([current.name().to_owned(), update.name().to_owned()]);
        live.extend(pods.iter().map(|pod| revision_of(pod).to_owned()));
        let limit = set
            .spec
            .as_ref()
            .and_then(|spec| spec.revision_history_limit);
        history::truncate(&self.client, &revisions, &live, limit.unwrap_or(10)).await?;
        if waits {
            let pods = pods.iter().map(|pod| &**pod);
            let next = pod::next_available(pods, plan::min_ready_seconds(set), view.now);
            if let Some(delay) = next {
                self.queue.add_after(key.clone(), delay);
            }
        }
        Ok(())
    }
}

fn selector(set: &StatefulSet) -> Selector {
    let spec = set.spec.as_ref();
    Selector::from_label_selector(spec.map(|spec| &spec.selector))
}
