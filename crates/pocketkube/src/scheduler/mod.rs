//! Finds a node for every Pod that has none.
//!
//! One task owns cache and queue; informers and finished bindings tell it what is new, and it
//! decides for one Pod after the other. Decisions are pure functions ([`schedule_one`],
//! [`preemption`]); carrying them out happens beside the loop ([`bind`]). Mirrors `pkg/scheduler`
//! (v1.35).

mod bind;
mod cache;
mod decisions;
mod events;
mod explain;
mod framework;
mod node_info;
mod plugins;
mod pod_info;
mod preemption;
mod queue;
mod resources;
mod schedule_one;
#[cfg(test)]
mod testing;
mod volume_bind;
mod volumes;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::StorageClass;
use tokio::sync::mpsc;

use crate::client::{Change, Client, EventRecorder, Informers, Kind};
use crate::clock::Clock;
use crate::tasks::Tasks;

pub use decisions::{Decision, Decisions, NodeDecision, PluginScore, Refusal};
pub use explain::{Explanation, NodeOpinions, Surroundings, explain};
pub use framework::{Diagnosis, NodeVerdict, Rejection};

use bind::{Binder, Outcome};
use cache::Cache;
use events::{ClusterChange, node_changes, placed_pod_changed};
use plugins::volume_binding;
use pod_info::PodInfo;
use queue::{Queue, QueuedPod};
use schedule_one::Scheduling;
use volume_bind::ClaimWatch;

/// The name by which Pods ask for this scheduler, and which its Events carry.
pub const NAME: &str = "default-scheduler";
/// How often Pods are looked for that have waited too long.
const FLUSH: Duration = Duration::from_secs(30);
/// After so many decisions in a row others get their turn.
const BURST: usize = 32;

/// Starts the scheduler. `client` is its identity, usually `system:kube-scheduler`; the handle
/// tells why Pods are where they are, or still waiting.
pub fn start(client: &Client, informers: &Informers, clock: &Clock, tasks: &Tasks) -> Decisions {
    let (news, inbox) = mpsc::unbounded_channel();
    let decisions = Decisions::default();
    let recorder = EventRecorder::new(client.clone(), clock.clone(), tasks, NAME, "");
    let scheduler = Scheduler {
        cache: Cache::default(),
        queue: Queue::default(),
        scheduling: Scheduling::new(plugins::default_plugins()),
        nominations: HashMap::new(),
        namespaces: HashMap::new(),
        decisions: decisions.clone(),
        binder: Binder {
            client: client.clone(),
            recorder,
            clock: clock.clone(),
            tasks: tasks.clone(),
            news: news.clone(),
            claims: ClaimWatch::new(informers),
        },
        clock: clock.clone(),
        inbox,
    };
    let informers = informers.clone();
    tasks.spawn("scheduler", async move {
        follow(&informers, &news).await;
        scheduler.run().await;
    });
    decisions
}

/// Something that the scheduler wants to hear of.
enum News {
    Pod(Change<Pod>),
    Node(Change<Node>),
    Namespace(Change<Namespace>),
    Claim(Change<PersistentVolumeClaim>),
    Volume(Change<PersistentVolume>),
    Class(Change<StorageClass>),
    Outcome(Box<Outcome>),
}

/// Subscribes to what is watched, and waits until it is all there: deciding on half a cluster
/// would be wrong. The channel is unbounded because informers must not wait; what it can hold is
/// bounded by what changes in the cluster.
async fn follow(informers: &Informers, news: &mpsc::UnboundedSender<News>) {
    let namespaces = informers.get::<Namespace>();
    let nodes = informers.get::<Node>();
    let pods = informers.get::<Pod>();
    let sender = news.clone();
    namespaces.subscribe(move |change| {
        let _ = sender.send(News::Namespace(change.clone()));
    });
    let sender = news.clone();
    nodes.subscribe(move |change| {
        let _ = sender.send(News::Node(change.clone()));
    });
    let sender = news.clone();
    pods.subscribe(move |change| {
        let _ = sender.send(News::Pod(change.clone()));
    });
    let claims = informers.get::<PersistentVolumeClaim>();
    let volumes = informers.get::<PersistentVolume>();
    let classes = informers.get::<StorageClass>();
    let sender = news.clone();
    claims.subscribe(move |change| {
        let _ = sender.send(News::Claim(change.clone()));
    });
    let sender = news.clone();
    volumes.subscribe(move |change| {
        let _ = sender.send(News::Volume(change.clone()));
    });
    let sender = news.clone();
    classes.subscribe(move |change| {
        let _ = sender.send(News::Class(change.clone()));
    });
    claims.wait_synced().await;
    volumes.wait_synced().await;
    classes.wait_synced().await;
    nodes.wait_synced().await;
    pods.wait_synced().await;
    namespaces.wait_synced().await;
}

struct Scheduler {
    cache: Cache,
    queue: Queue,
    scheduling: Scheduling,
    /// Nodes that preemption cleared, by the uid of the Pod they are meant for.
    nominations: HashMap<String, Arc<PodInfo>>,
    namespaces: HashMap<String, Arc<Namespace>>,
    decisions: Decisions,
    binder: Binder,
    clock: Clock,
    inbox: mpsc::UnboundedReceiver<News>,
}

impl Scheduler {
    async fn run(mut self) {
        let mut burst = 0;
        loop {
            while let Ok(news) = self.inbox.try_recv() {
                self.take(news);
            }
            if let Some(queued) = self.queue.pop(self.clock.now()) {
                self.attempt(queued).await;
                burst += 1;
                if burst % BURST == 0 {
                    tokio::task::yield_now().await;
                }
                continue;
            }
            let flush = self.clock.now().saturating_add(FLUSH);
            let flush = flush.unwrap_or(jiff::Timestamp::MAX);
            let wake = self.queue.next_retry().unwrap_or(flush).min(flush);
            tokio::select! {
                news = self.inbox.recv() => match news {
                    Some(news) => self.take(news),
                    None => return,
                },
                () = self.clock.sleep_until(wake) => self.queue.flush(self.clock.now()),
            }
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Pod(Change::Deleted(pod)) => {
                self.decisions.remove(pod.uid());
                self.pod_gone(&pod);
            }
            News::Pod(change) => self.pod_changed(change.old().cloned(), change.object().clone()),
            News::Node(Change::Deleted(node)) => self.cache.remove_node(node.name()),
            News::Node(change) => self.node_changed(change.object().clone()),
            News::Namespace(change) => self.namespace_changed(&change),
            News::Claim(change) => {
                let claims = &mut self.cache.volumes_mut().claims;
                take_in(claims, change.object().key(), &change);
                self.wake(ClusterChange::Volumes);
            }
            News::Volume(change) => {
                let volumes = &mut self.cache.volumes_mut().volumes;
                take_in(volumes, change.object().name().to_owned(), &change);
                self.wake(ClusterChange::Volumes);
            }
            News::Class(change) => {
                let classes = &mut self.cache.volumes_mut().classes;
                take_in(classes, change.object().name().to_owned(), &change);
                self.wake(ClusterChange::Volumes);
            }
            News::Outcome(outcome) => self.finished(*outcome),
        }
    }

    fn pod_changed(&mut self, old: Option<Arc<Pod>>, pod: Arc<Pod>) {
        if has_ended(&pod) {
            self.pod_gone(&pod);
        } else if is_bound(&pod) {
            self.pod_placed(old, pod);
        } else if pod.is_terminating() || !is_mine(&pod) {
            self.queue.remove(pod.uid());
        } else if !self.cache.is_assumed(pod.uid()) {
            self.pod_waits(old, pod);
        }
    }

    fn pod_placed(&mut self, old: Option<Arc<Pod>>, pod: Arc<Pod>) {
        let uid = pod.uid().to_owned();
        let was_confirmed = self.cache.is_placed(&uid) && !self.cache.is_assumed(&uid);
        let changed = old.is_none_or(|old| placed_pod_changed(&old, &pod));
        if was_confirmed && !changed {
            return;
        }
        self.queue.remove(&uid);
        self.nominations.remove(&uid);
        self.cache.set_pod(pod);
        self.wake(if was_confirmed {
            ClusterChange::PodChanged
        } else {
            ClusterChange::PodPlaced
        });
    }

    fn pod_waits(&mut self, old: Option<Arc<Pod>>, pod: Arc<Pod>) {
        let now = self.clock.now();
        if self.cache.is_placed(pod.uid()) {
            // It was brought back from a time when it had no node yet.
            self.cache.remove_pod(pod.uid());
        }
        let is_changed = old.is_none_or(|old| {
            old.spec != pod.spec
                || old.labels() != pod.labels()
                || old.annotations() != pod.annotations()
        });
        let info = Arc::new(PodInfo::new(self.with_nomination(pod)));
        let mut rows = self.scheduling.rows().iter();
        let admitted = rows.all(|row| row.plugin.admits(&info));
        match (self.queue.contains(info.uid()), admitted) {
            (_, false) => self.queue.add_gated(info, now),
            (true, true) => self.queue.update(info, is_changed, now),
            (false, true) => self.queue.add(info, now),
        }
    }

    /// The Pod with the node that was cleared for it, which its status may not say yet.
    fn with_nomination(&self, pod: Arc<Pod>) -> Arc<Pod> {
        let nominated = self.nominations.get(pod.uid());
        let Some(node) = nominated.and_then(|info| info.nominated_node()) else {
            return pod;
        };
        let mut pod = Pod::clone(&pod);
        let status = pod.status.get_or_insert_default();
        status.nominated_node_name.get_or_insert(node.to_owned());
        Arc::new(pod)
    }

    fn pod_gone(&mut self, pod: &Pod) {
        let uid = pod.uid();
        self.queue.remove(uid);
        self.nominations.remove(uid);
        if self.cache.is_placed(uid) {
            self.cache.remove_pod(uid);
            self.wake(ClusterChange::PodGone);
        }
    }

    fn node_changed(&mut self, node: Arc<Node>) {
        match self.cache.set_node(node.clone()) {
            None => self.wake(ClusterChange::NodeAdded),
            Some(old) => {
                for change in node_changes(&old, &node) {
                    self.wake(change);
                }
            }
        }
    }

    fn namespace_changed(&mut self, change: &Change<Namespace>) {
        let namespace = change.object();
        if change
            .old()
            .is_some_and(|old| old.labels() == namespace.labels())
        {
            return;
        }
        match change {
            Change::Deleted(_) => self.namespaces.remove(namespace.name()),
            _ => self
                .namespaces
                .insert(namespace.name().to_owned(), namespace.clone()),
        };
        let labels = self.namespaces.iter();
        let labels = labels.map(|(name, own)| (name.clone(), own.labels().clone()));
        self.cache.set_namespaces(labels.collect());
        self.wake(ClusterChange::Namespace);
    }

    fn wake(&mut self, change: ClusterChange) {
        if !self.queue.has_unschedulable() {
            return;
        }
        let rows = self.scheduling.rows();
        let cares = |plugin: &str| {
            let mut rows = rows.iter().filter(|row| row.plugin.name() == plugin);
            rows.any(|row| row.plugin.may_reconsider(change))
        };
        self.queue.wake_where(cares, self.clock.now());
    }

    /// Tries to place one Pod.
    async fn attempt(&mut self, queued: QueuedPod) {
        let info = queued.info.clone();
        self.cache.settle();
        let crowded = self.with_nominated(&info);
        let snapshot = crowded.as_ref().unwrap_or(self.cache.snapshot());
        match self.scheduling.schedule(&info, snapshot) {
            Ok(placement) => {
                let node = placement.node.clone();
                let decision = Decision::placed(&info, self.clock.now(), placement);
                self.decisions.put(decision);
                let volumes = volume_binding::plan(&info, snapshot, &node);
                self.cache.assume(&info, &node);
                if !volumes.is_empty() {
                    self.cache.volumes_mut().assume(&volumes, &node);
                }
                self.binder.bind(queued, node, volumes);
            }
            Err(diagnosis) => self.refused(queued, diagnosis).await,
        }
    }

    /// The cluster as it will be when more important Pods have taken the room cleared for them.
    fn with_nominated(&self, pod: &PodInfo) -> Option<framework::Snapshot> {
        let mut others = self
            .nominations
            .values()
            .filter(|other| other.uid() != pod.uid() && other.priority >= pod.priority)
            .peekable();
        others.peek()?;
        let mut snapshot = self.cache.snapshot().clone();
        for other in others {
            let node = other.nominated_node().unwrap_or_default();
            if let Some(own) = snapshot.nodes.iter_mut().find(|own| own.name() == node) {
                Arc::make_mut(own).add_pod(other.clone());
            }
        }
        Some(snapshot)
    }

    async fn refused(&mut self, mut queued: QueuedPod, mut diagnosis: Box<Diagnosis>) {
        let info = queued.info.clone();
        let plugins = diagnosis.plugins();
        let mut nominated = None;
        if diagnosis.of_all.is_some() {
            diagnosis.preemption = preemption::unhelpful(diagnosis.node_count);
        }
        if !diagnosis.of_nodes.is_empty() {
            let budgets = self.budgets(&diagnosis).await;
            let rows = self.scheduling.rows();
            let snapshot = self.cache.snapshot();
            match preemption::preempt(rows, &info, snapshot, &diagnosis, &budgets) {
                Ok(candidate) => {
                    queued.info = nominate(&info, &candidate.node);
                    let uid = info.uid().to_owned();
                    self.nominations.insert(uid, queued.info.clone());
                    nominated = Some(candidate.node.clone());
                    self.binder.evict(&queued.info, candidate);
                }
                Err(why) => diagnosis.preemption = why,
            }
        }
        self.binder
            .report_unschedulable(&info, &diagnosis.message(), nominated);
        let decision = Decision::refused(&info, self.clock.now(), &diagnosis);
        self.decisions.put(decision);
        self.queue.park(queued, plugins, self.clock.now());
    }

    /// Disruption budgets, where some node could be cleared at all.
    async fn budgets(&self, diagnosis: &Diagnosis) -> Vec<Arc<PodDisruptionBudget>> {
        let mut verdicts = diagnosis.of_nodes.values();
        if !verdicts.any(|verdict| verdict.rejection.is_resolvable) {
            return Vec::new();
        }
        let listed = self.binder.client.list::<PodDisruptionBudget>("").await;
        // Where there are no budgets to read, none restricts.
        listed
            .unwrap_or_default()
            .into_iter()
            .map(Arc::new)
            .collect()
    }

    fn finished(&mut self, outcome: Outcome) {
        let uid = outcome.queued.info.uid().to_owned();
        let Err(error) = outcome.result else {
            self.nominations.remove(&uid);
            return;
        };
        self.cache.volumes_mut().forget(&outcome.volumes);
        if !self.cache.is_assumed(&uid) {
            // Somebody else bound it, or it is gone.
            return;
        }
        self.cache.forget(&uid);
        self.wake(ClusterChange::PodGone);
        if error.is_not_found() {
            return;
        }
        self.binder.report_error(&outcome.queued.info, &error);
        self.queue.retry(outcome.queued, self.clock.now());
    }
}

/// Takes a change over into a map of what there is.
fn take_in<N: Ord, K>(map: &mut BTreeMap<N, Arc<K>>, name: N, change: &Change<K>) {
    match change {
        Change::Deleted(_) => map.remove(&name),
        _ => map.insert(name, change.object().clone()),
    };
}

fn nominate(info: &PodInfo, node: &str) -> Arc<PodInfo> {
    let mut pod = Pod::clone(&info.pod);
    pod.status.get_or_insert_default().nominated_node_name = Some(node.to_owned());
    Arc::new(PodInfo::new(Arc::new(pod)))
}

fn is_mine(pod: &Pod) -> bool {
    let name = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.scheduler_name.as_deref());
    name.is_none_or(|name| name.is_empty() || name == NAME)
}

fn is_bound(pod: &Pod) -> bool {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    node.is_some_and(|node| !node.is_empty())
}

fn has_ended(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

#[cfg(test)]
mod tests;
