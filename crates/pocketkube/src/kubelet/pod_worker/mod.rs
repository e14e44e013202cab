//! Takes one Pod through its life: one task, one state machine.
//!
//! The worker hears of changes of the Pod, of what it is configured from, and of everything it has
//! under way (pulls, exits, hooks, probes); after each it looks at the whole Pod anew and does
//! what is missing ([`PodWorker::sync`]). Mirrors `pkg/kubelet/pod_workers.go` and
//! `computePodActions` of `pkg/kubelet/kuberuntime` (v1.35).

mod lifecycle;
mod probing;
pub mod record;
mod start;
mod stop;
pub mod view;
mod volumes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container as ContainerSpec, Pod, PodSpec};
use tokio::sync::mpsc;

use super::images::PullFailures;
use super::node::Node;
use super::prober::Prober;
use super::runtime::{PodSandbox, PullError, StoredImage};
use super::status::{self, Observed, Verdict};
use super::status_writer::StatusWriter;
use crate::cause::{self, Causes};
use crate::client::Kind;

use record::{Record, Role, State, Terminated};
use stop::Stop;
use view::PodView;
use volumes::Mounts;

/// What a worker is told.
#[derive(Debug)]
pub enum PodEvent {
    Updated(Arc<Pod>),
    /// Something that the Pod is configured from changed.
    Refresh,
    /// The Pod is no longer in the API.
    Gone,
    /// The node needs what the Pod uses.
    Evicted(Verdict),
    /// The node has lost its power.
    Lost,
}

/// Something that was under way has come to its end.
enum Done {
    Pulled {
        name: String,
        result: Result<StoredImage, PullError>,
        took: Duration,
    },
    Exited {
        name: String,
        id: String,
    },
    Hooked {
        name: String,
        id: String,
        result: Result<(), String>,
    },
    Probed(Option<(Prober, bool)>),
    /// A container was asked to stop and has.
    Stopped,
}

/// A Pod that is looked at again although nothing happened: what failed may work now, and events
/// that repeat are counted.
const RESYNC: Duration = Duration::from_secs(12);
/// How long a container has run when it is first seen running.
const FIRST_LOOK: Duration = Duration::from_millis(100);
/// How long a failed write of the status waits.
const WRITE_RETRY: Duration = Duration::from_secs(1);

/// The state machine of one Pod. Owned by its task.
pub struct PodWorker {
    node: Arc<Node>,
    pod: Arc<Pod>,
    view: Arc<PodView>,
    inbox: mpsc::UnboundedReceiver<PodEvent>,
    records: BTreeMap<String, Record>,
    sandbox: Option<Arc<PodSandbox>>,
    mounts: Mounts,
    work: FuturesUnordered<BoxFuture<'static, Done>>,
    writer: StatusWriter,
    accepted: Timestamp,
    verdict: Option<Verdict>,
    stop: Option<Stop>,
    /// Nothing runs any more and nothing will.
    is_terminal: bool,
    /// When sandbox and mounts of a Pod that has ended are taken down.
    torn_down: Option<Timestamp>,
    is_gone: bool,
    /// The node has no power any more: everything ends, and nobody is told.
    is_lost: bool,
    /// Why the Pod is to be evicted.
    eviction: Option<Verdict>,
    /// Whether the last status could be written.
    is_written: bool,
    /// The earliest moment at which somebody wants another look.
    wake: Option<Timestamp>,
}

impl PodWorker {
    pub fn new(
        node: Arc<Node>,
        pod: Arc<Pod>,
        view: Arc<PodView>,
        inbox: mpsc::UnboundedReceiver<PodEvent>,
    ) -> Self {
        let status = pod.status.as_ref();
        let accepted = status.and_then(|status| status.start_time.as_ref());
        let phase = status.and_then(|status| status.phase.as_deref());
        Self {
            accepted: accepted.map_or_else(|| node.clock.now(), |time| time.0),
            writer: StatusWriter::starting_from(status),
            records: BTreeMap::new(),
            sandbox: None,
            mounts: Mounts::default(),
            work: FuturesUnordered::new(),
            verdict: None,
            stop: None,
            is_terminal: matches!(phase, Some("Succeeded" | "Failed")),
            torn_down: None,
            is_gone: false,
            is_lost: false,
            eviction: None,
            is_written: true,
            wake: None,
            node,
            pod,
            view,
            inbox,
        }
    }

    /// Runs until the Pod is gone from the API and from the node.
    pub async fn run(mut self) {
        // A Pod that had ended before is only waited with until it is deleted.
        let had_ended = self.is_terminal;
        if !had_ended {
            self.make_records();
            let status = self.pod.status.as_ref();
            if status.is_none_or(|status| status.start_time.is_none()) {
                // Before anything is done about it, the Pod is reported as accepted.
                cause::because(self.causes(), self.report()).await;
            }
        }
        while !self.is_lost {
            if !had_ended || self.pod.is_terminating() {
                cause::because(self.causes(), self.turn(had_ended)).await;
            }
            if self.is_gone && !self.is_anything_running() {
                break;
            }
            self.wait().await;
        }
        if let Some(sandbox) = self.sandbox.take() {
            sandbox.stop(Duration::ZERO).await;
        }
    }

    /// What the worker knows of the Pod is what makes it act.
    fn causes(&self) -> Causes {
        Causes::of_version(self.pod.resource_version())
    }

    async fn turn(&mut self, had_ended: bool) {
        self.wake = None;
        self.sync().await;
        self.view.update(&self.records);
        if !self.is_gone && !had_ended && !self.is_too_early_to_report() {
            self.report().await;
        }
        self.delete_if_done().await;
    }

    /// Waits until there is something new, and takes it in.
    async fn wait(&mut self) {
        let wake = self.wake;
        let clock = self.node.clock.clone();
        let alarm = async {
            match wake {
                Some(wake) => clock.sleep_until(wake).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            event = self.inbox.recv(), if !self.is_gone => self.hear(event.unwrap_or(PodEvent::Gone)),
            Some(done) = self.work.next(), if !self.work.is_empty() => self.take(done),
            () = alarm => {}
        }
        while let Ok(event) = self.inbox.try_recv() {
            self.hear(event);
        }
    }

    fn hear(&mut self, event: PodEvent) {
        match event {
            PodEvent::Updated(pod) => self.updated(pod),
            PodEvent::Refresh => {
                self.mounts.refresh();
                // What could not be configured may be now.
                for record in self.records.values_mut() {
                    if matches!(&record.state, State::Waiting { reason, .. }
                        if reason == "CreateContainerConfigError")
                    {
                        record.hold_until = None;
                    }
                }
            }
            PodEvent::Gone => self.is_gone = true,
            PodEvent::Evicted(verdict) => self.eviction = Some(verdict),
            PodEvent::Lost => self.is_lost = true,
        }
    }

    fn updated(&mut self, pod: Arc<Pod>) {
        self.writer.learn(&pod);
        let old = std::mem::replace(&mut self.pod, pod);
        if old.labels() != self.pod.labels() || old.annotations() != self.pod.annotations() {
            // Volumes of the downward API show them.
            self.mounts.refresh();
        }
        self.make_records();
        let images = |pod: &Pod| -> BTreeMap<String, Option<String>> {
            let spec = pod.spec.iter();
            let containers = spec.flat_map(|spec| {
                let init = spec.init_containers.iter().flatten();
                spec.containers.iter().chain(init)
            });
            containers
                .map(|own| (own.name.clone(), own.image.clone()))
                .collect()
        };
        let (before, after) = (images(&old), images(&self.pod));
        for (name, record) in &mut self.records {
            if before.get(name) != after.get(name) {
                // Another image has another history of failures.
                record.pulls = PullFailures::default();
                record.hold_until = None;
            }
        }
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Pulled { name, result, took } => self.pulled(&name, result, took),
            Done::Exited { name, id } => self.exited(&name, &id),
            Done::Hooked { name, id, result } => self.hooked(&name, &id, result),
            Done::Probed(Some((prober, verdict))) => self.probed(prober, verdict),
            Done::Probed(None) | Done::Stopped => {}
        }
    }

    /// Looks at the whole Pod and does what is missing.
    async fn sync(&mut self) {
        if self.is_gone || self.pod.is_terminating() {
            self.begin_stop();
        }
        if self.stop.is_some() {
            self.go_on_stopping();
            return;
        }
        if self.is_terminal {
            return;
        }
        if self.is_evicted() || self.is_past_deadline() {
            self.begin_stop();
            self.go_on_stopping();
            return;
        }
        if !self.mount().await || !self.make_sandbox() {
            return;
        }
        self.run_ephemeral_containers();
        if self.run_init_containers() {
            self.run_containers();
        }
        self.end_if_finished();
    }

    /// Waits until `moment`, or less if somebody else wants to look earlier.
    fn wake_at(&mut self, moment: Timestamp) {
        self.wake = Some(self.wake.map_or(moment, |wake| wake.min(moment)));
    }

    fn wake_after(&mut self, span: Duration) {
        let now = self.node.clock.now();
        self.wake_at(now.saturating_add(span).unwrap_or(now));
    }

    /// Whether a container that may end for good was started only just now. Kubelets hear of starts
    /// and ends by looking from time to time, so that a command of a moment is first seen when it
    /// has completed; `kubectl run --rm` then shows its log instead of attaching to nothing.
    fn is_too_early_to_report(&mut self) -> bool {
        let may_end_for_good = status::restart_policy(&self.pod) != "Always";
        let now = self.node.clock.now();
        let starts = self
            .records
            .values()
            .filter_map(|record| match record.state {
                State::Running { started }
                    if may_end_for_good || record.role == Role::Ephemeral =>
                {
                    Some(started)
                }
                _ => None,
            });
        let due = starts
            .max()
            .and_then(|latest| latest.saturating_add(FIRST_LOOK).ok());
        let due = due.filter(|due| *due > now && self.stop.is_none());
        if let Some(due) = due {
            self.wake_at(due);
        }
        due.is_some()
    }

    async fn report(&mut self) {
        let status = self.status();
        let written = self
            .writer
            .write(&self.node.client, &self.pod, status)
            .await;
        self.is_written = written.is_ok();
        if let Err(error) = written {
            tracing::warn!(%error, pod = %self.pod.key(), "could not write a pod's status");
            self.wake_after(WRITE_RETRY);
        }
    }

    fn status(&self) -> k8s_openapi::api::core::v1::PodStatus {
        let observed = Observed {
            records: &self.records,
            pod_ip: self.sandbox.as_ref().map(|sandbox| sandbox.ip()),
            host_ip: self.node.config.ip,
            accepted: self.accepted,
            verdict: self.verdict.as_ref(),
            is_terminal: self.is_terminal,
        };
        let old = self.writer.written();
        status::pod_status(&self.pod, &observed, &old, self.node.clock.now())
    }

    fn spec(&self) -> &PodSpec {
        static EMPTY: std::sync::LazyLock<PodSpec> = std::sync::LazyLock::new(PodSpec::default);
        self.pod.spec.as_ref().unwrap_or(&EMPTY)
    }

    /// The spec of a container of any role; of an ephemeral one what it has in common with others.
    fn container_spec(&self, name: &str) -> Option<ContainerSpec> {
        let spec = self.spec();
        let init = spec.init_containers.iter().flatten();
        let mut all = spec.containers.iter().chain(init);
        if let Some(found) = all.find(|own| own.name == name) {
            return Some(found.clone());
        }
        let mut ephemeral = spec.ephemeral_containers.iter().flatten();
        let found = ephemeral.find(|own| own.name == name)?;
        let common = serde_json::to_value(found).ok()?;
        serde_json::from_value(common).ok()
    }

    /// A record for every container that has none yet.
    fn make_records(&mut self) {
        let pod = self.pod.clone();
        let Some(spec) = &pod.spec else {
            return;
        };
        let has_init = spec
            .init_containers
            .as_ref()
            .is_some_and(|list| !list.is_empty());
        let waiting = if has_init {
            "PodInitializing"
        } else {
            "ContainerCreating"
        };
        for own in spec.init_containers.iter().flatten() {
            let role = if own.restart_policy.as_deref() == Some("Always") {
                Role::Sidecar
            } else {
                Role::Init
            };
            self.make_record(&own.name, role, "PodInitializing");
        }
        for own in &spec.containers {
            self.make_record(&own.name, Role::Regular, waiting);
        }
        for own in spec.ephemeral_containers.iter().flatten() {
            self.make_record(&own.name, Role::Ephemeral, "ContainerCreating");
        }
    }

    fn make_record(&mut self, name: &str, role: Role, waiting: &str) {
        if self.records.contains_key(name) {
            return;
        }
        let mut record = Record::new(role, waiting);
        self.recall(name, &mut record);
        self.records.insert(name.to_owned(), record);
    }

    /// What the status says of a container from before the node was started.
    fn recall(&self, name: &str, record: &mut Record) {
        let Some(status) = &self.pod.status else {
            return;
        };
        let lists = [
            &status.init_container_statuses,
            &status.container_statuses,
            &status.ephemeral_container_statuses,
        ];
        let mut all = lists.into_iter().flatten().flatten();
        let Some(before) = all.find(|own| own.name == name) else {
            return;
        };
        record.restarts = before.restart_count;
        let was_started = before.container_id.is_some();
        if was_started {
            let id = before.container_id.clone().unwrap_or_default();
            let ended = before
                .state
                .as_ref()
                .and_then(|state| state.terminated.as_ref());
            let running = before
                .state
                .as_ref()
                .and_then(|state| state.running.as_ref());
            let started = running.and_then(|running| running.started_at.as_ref());
            record.state = State::Terminated(Terminated {
                exit_code: ended.map_or(255, |ended| ended.exit_code),
                reason: ended
                    .and_then(|ended| ended.reason.clone())
                    .unwrap_or_else(|| "Unknown".to_owned()),
                message: String::new(),
                started: started.map(|time| time.0),
                finished: self.node.clock.now(),
                container_id: id.trim_start_matches("containerd://").to_owned(),
            });
        }
    }

    fn is_anything_running(&self) -> bool {
        self.records.values().any(Record::is_running)
    }
}
