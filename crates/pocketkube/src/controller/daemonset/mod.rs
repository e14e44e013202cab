//! Runs one Pod of a DaemonSet on every node that it fits.
//!
//! [`placement`] says which nodes those are and what a Pod for one looks like, [`plan`] decides
//! which Pods come and go, [`status`] counts. The scheduler binds the Pods. Mirrors
//! `pkg/controller/daemon` (v1.35).

mod placement;
mod plan;
mod status;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet, DaemonSetStatus};
use k8s_openapi::api::core::v1::{Node, Pod};
use parking_lot::Mutex;

use self::plan::{Changes, View};
use super::claim::claim;
use super::expectations::Expectations;
use super::history::{self, Naming, REVISION_LABEL};
use super::pod_control::{PodControl, is_namespace_terminating, slow_start};
use super::{Controller, ControllerContext, SyncError, pod, run};
use crate::client::{
    Change, Client, EventRecorder, EventType, Index, Kind, Lister, ObjectKey, Selector, WorkQueue,
};
use crate::clock::Clock;

const WORKERS: usize = 2;
const COMPONENT: &str = "daemonset-controller";
/// How many Pods are created or deleted in one sync.
const BURST: usize = 250;
const NAMING: Naming = Naming {
    hash_label: REVISION_LABEL,
};
/// How long a failed Pod stays before it is replaced, at first and at most.
const FAILED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(900));

struct DaemonSetController {
    sets: Lister<DaemonSet>,
    nodes: Lister<Node>,
    pods_by_owner: Index<Pod>,
    revisions_by_owner: Index<ControllerRevision>,
    client: Client,
    pod_control: PodControl,
    recorder: EventRecorder,
    expectations: Expectations,
    /// When a Pod that failed was last replaced, and the delay before the next time, by set and
    /// node.
    failures: Mutex<HashMap<(ObjectKey, String), (Timestamp, Duration)>>,
    queue: Arc<WorkQueue<ObjectKey>>,
    clock: Clock,
}

pub(super) fn start(context: ControllerContext) {
    let sets = context.informers.get::<DaemonSet>();
    let nodes = context.informers.get::<Node>();
    let pods = context.informers.get::<Pod>();
    let revisions = context.informers.get::<ControllerRevision>();
    let recorder = context.recorder(COMPONENT);
    let controller = Arc::new(DaemonSetController {
        sets: sets.lister(),
        nodes: nodes.lister(),
        pods_by_owner: pods.lister().by_controller(),
        revisions_by_owner: revisions.lister().by_controller(),
        client: context.client.clone(),
        pod_control: PodControl {
            client: context.client.clone(),
            recorder: recorder.clone(),
        },
        recorder,
        expectations: Expectations::new(context.clock.clone()),
        failures: Mutex::default(),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let queue = controller.queue.clone();
    sets.subscribe(move |change| queue.add(change.object().key()));
    let handler = controller.clone();
    nodes.subscribe(move |change| handler.node_changed(change));
    let handler = controller.clone();
    pods.subscribe(move |change| handler.pod_changed(change));
    let queue = (controller.queue.clone(), WORKERS);
    run(&context, COMPONENT, queue, controller, async move {
        sets.wait_synced().await;
        nodes.wait_synced().await;
        pods.wait_synced().await;
        revisions.wait_synced().await;
    });
}

impl DaemonSetController {
    fn node_changed(&self, change: &Change<Node>) {
        if let Change::Updated { old, new } = change
            && old.labels() == new.labels()
            && old.spec == new.spec
        {
            return;
        }
        for set in self.sets.all() {
            self.queue.add(set.key());
        }
    }

    fn pod_changed(&self, change: &Change<Pod>) {
        let pod = change.object();
        if let Some(owner) = self.owner_of(pod) {
            match change {
                Change::Added(_) if !pod.is_terminating() => {
                    self.expectations.creations_observed(&owner, 1);
                }
                _ if pod.is_terminating() || matches!(change, Change::Deleted(_)) => {
                    self.expectations.deletion_observed(&owner, &pod.key());
                }
                _ => {}
            }
        }
        for pod in change.old().into_iter().chain([pod]) {
            match self.owner_of(pod) {
                Some(owner) => self.queue.add(owner),
                None if pod.controller().is_none() => self.enqueue_who_selects(pod),
                None => {}
            }
        }
    }

    fn owner_of(&self, pod: &Pod) -> Option<ObjectKey> {
        let reference = pod
            .controller()
            .filter(|owner| owner.kind == DaemonSet::KIND)?;
        let set = self.sets.get(pod.namespace(), &reference.name)?;
        (set.uid() == reference.uid).then(|| set.key())
    }

    fn enqueue_who_selects(&self, orphan: &Pod) {
        for set in self.sets.list(orphan.namespace()) {
            let selector = selector(&set);
            if !selector.is_empty() && selector.matches(orphan.labels()) {
                self.queue.add(set.key());
            }
        }
    }

    /// Carries changes out. A failed Pod is only replaced once its delay is over.
    async fn apply(&self, view: &View<'_>, mut changes: Changes) -> Result<(), SyncError> {
        let key = view.set.key();
        for (pod, node) in std::mem::take(&mut changes.ended) {
            if self.may_replace(&key, &pod, &node) {
                changes.deletions.push(pod);
            }
        }
        changes.creations.truncate(BURST);
        changes.deletions.truncate(BURST);
        if changes.creations.is_empty() && changes.deletions.is_empty() {
            return Ok(());
        }
        let deletions = changes.deletions.iter().map(|pod| pod.key());
        self.expectations
            .expect(&key, changes.creations.len(), deletions.collect());
        let template = placement::template(view.set, view.hash);
        let count = changes.creations.len();
        let mut nodes = changes.creations.into_iter();
        let (created, outcome) = slow_start(count, || {
            let node = nodes.next().unwrap_or_default();
            let pod = placement::pod_for(view.set, &template, &node);
            let key = &key;
            async move {
                match self.pod_control.create_pod(view.set, pod).await {
                    Err(error) if is_namespace_terminating(&error) => {
                        self.expectations.creations_observed(key, 1);
                        Ok(())
                    }
                    outcome => outcome.map(drop),
                }
            }
        })
        .await;
        self.expectations.creations_observed(&key, count - created);
        let mut outcome = outcome.map_err(SyncError::from);
        for pod in &changes.deletions {
            if let Err(error) = self.pod_control.delete(view.set, pod).await {
                self.expectations.deletion_observed(&key, &pod.key());
                if !error.is_not_found() {
                    outcome = Err(error.into());
                }
            }
        }
        outcome
    }

    /// Whether a Pod that has ended may be replaced now; tells of it.
    fn may_replace(&self, key: &ObjectKey, pod: &Pod, node: &str) -> bool {
        let set = self.sets.get_key(key);
        let tell = |event_type, reason: &str, words: &str, then: &str| {
            let message = format!(
                "Found {words} daemon pod {} on node {node}, {then}",
                pod.key()
            );
            if let Some(set) = &set {
                self.recorder.event(&**set, event_type, reason, message);
            }
        };
        if pod::phase(pod) == "Succeeded" {
            let then = "will try to delete it";
            tell(EventType::Normal, "SucceededDaemonPod", "succeeded", then);
            return true;
        }
        let now = self.clock.now();
        let mut failures = self.failures.lock();
        let entry = failures.entry((key.clone(), node.to_owned()));
        let (last, delay) = entry.or_insert((Timestamp::MIN, FAILED.0));
        let passed = Duration::try_from(now.duration_since(*last)).unwrap_or_default();
        if passed < *delay {
            self.queue.add_after(key.clone(), *delay - passed);
            return false;
        }
        // A node that has been well for long enough starts anew.
        let is_calm = passed > 2 * FAILED.1;
        *delay = if is_calm {
            FAILED.0
        } else {
            (*delay * 2).min(FAILED.1)
        };
        *last = now;
        let then = "will try to kill it";
        tell(EventType::Warning, "FailedDaemonPod", "failed", then);
        true
    }

    async fn write_status(
        &self,
        set: &DaemonSet,
        status: DaemonSetStatus,
    ) -> Result<(), SyncError> {
        if set.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let mut changed = set.clone();
        changed.status = Some(status);
        match self.client.update_status(&changed).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}

#[async_trait]
impl Controller for DaemonSetController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(set) = self.sets.get_key(key) else {
            self.expectations.forget(key);
            self.failures.lock().retain(|(set, _), _| set != key);
            return Ok(());
        };
        let set = &*set;
        let selector = selector(set);
        if selector.is_empty() {
            let message =
                "This daemon set is selecting all pods. A non-empty selector is required.";
            self.recorder
                .event(set, EventType::Warning, "SelectingAll", message);
            return Ok(());
        }
        if set.is_terminating() {
            return Ok(());
        }
        let spec = set.spec.clone().unwrap_or_default();
        let index = &self.revisions_by_owner;
        let revisions = claim(&self.client, set, &selector, index, |_| true).await?;
        let mut status = set.status.clone().unwrap_or_default();
        let mut collisions = status.collision_count.unwrap_or(0);
        let owned = (set, &spec.template);
        let current =
            history::current(&self.client, owned, &revisions, &NAMING, &mut collisions).await?;
        status.collision_count = Some(collisions).filter(|count| *count > 0);

        let pods = claim(&self.client, set, &selector, &self.pods_by_owner, |_| true).await?;
        let nodes = self.nodes.all();
        let hash = current.labels().get(REVISION_LABEL).cloned();
        let hash = hash.unwrap_or_default();
        let view = View::new(set, &nodes, &pods, &hash, self.clock.now());
        let mut outcome = Ok(());
        if self.expectations.are_satisfied(key) {
            outcome = self.apply(&view, plan::manage(&view)).await;
            if outcome.is_ok() && self.expectations.are_satisfied(key) {
                outcome = self.apply(&view, plan::roll(&view)).await;
            }
        }
        let view = View::new(set, &nodes, &pods, &hash, self.clock.now());
        status::count(&mut status, &view);
        self.write_status(set, status).await?;
        outcome?;

        let mut live = BTreeSet::from([current.name().to_owned()]);
        let in_use: BTreeSet<_> = pods
            .iter()
            .filter_map(|pod| pod.labels().get(REVISION_LABEL))
            .collect();
        let is_used = |own: &ControllerRevision| {
            let hash = own.labels().get(REVISION_LABEL);
            hash.is_some_and(|hash| in_use.contains(hash))
        };
        live.extend(
            revisions
                .iter()
                .filter(|own| is_used(own))
                .map(|own| own.name().to_owned()),
        );
        let limit = spec.revision_history_limit.unwrap_or(10);
        history::truncate(&self.client, &revisions, &live, limit).await?;
        // Any Pod may be awaited, also one that surges beside the one that counts.
        let pods = pods.iter().map(|pod| &**pod);
        let seconds = spec.min_ready_seconds.unwrap_or(0);
        if let Some(delay) = pod::next_available(pods, seconds, view.now) {
            self.queue.add_after(key.clone(), delay);
        }
        Ok(())
    }
}

fn selector(set: &DaemonSet) -> Selector {
    let spec = set.spec.as_ref();
    Selector::from_label_selector(spec.map(|spec| &spec.selector))
}
