//! Ending a Pod: hooks, signals, grace, and the last word to the API.
//!
//! Mirrors `SyncTerminatingPod` of `pkg/kubelet/kubelet.go` and `killContainer` of
//! `pkg/kubelet/kuberuntime` (v1.35).

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use super::record::{Progress, Record, Role, State};
use super::{Done, PodWorker};
use crate::client::{DeleteOptions, EventType, Kind};
use crate::kubelet::hooks;
use crate::kubelet::runtime::Container;
use crate::kubelet::status::Verdict;

/// What a container gets at least after its hook, however long that took.
const LEAST_GRACE: Duration = Duration::from_secs(2);

/// What it takes to take down a sandbox with its network and mounts; real nodes need about a second.
///
/// Clients lean on it: `kubectl delete` looks for the Pod once more after it has asked, and waits
/// for ever where a StatefulSet has made the next one of that name by then.
const TEARDOWN: Duration = Duration::from_millis(500);

/// What the containers of a Pod get that is evicted: next to nothing.
const EVICTION_GRACE: Duration = Duration::from_secs(1);

/// A Pod that is being stopped.
#[derive(Debug)]
pub(super) struct Stop {
    /// What was granted when it began, or less if it was shortened since.
    grace: Duration,
    is_deleted_from_api: bool,
}

impl PodWorker {
    /// The time that containers get to stop: the deletion's, or the Pod's own.
    pub(super) fn grace_period(&self) -> Duration {
        if self.is_gone {
            return Duration::ZERO;
        }
        if self.verdict.as_ref().is_some_and(Verdict::is_eviction) {
            return EVICTION_GRACE;
        }
        let deletion = self.pod.meta().deletion_grace_period_seconds;
        let own = self.spec().termination_grace_period_seconds;
        let deletion = deletion.filter(|_| self.pod.is_terminating());
        let seconds = deletion.or(own).unwrap_or(30);
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }

    /// Asks everything that runs to stop; asks again where there is less time than at first.
    pub(super) fn begin_stop(&mut self) {
        let grace = self.grace_period();
        match &mut self.stop {
            Some(stop) if stop.grace <= grace => return,
            Some(stop) => stop.grace = grace,
            None => {
                self.stop = Some(Stop {
                    grace,
                    is_deleted_from_api: false,
                });
            }
        }
        let running = |roles: &[Role]| -> Vec<String> {
            let own = self
                .records
                .iter()
                .filter(|(_, record)| record.is_running() && roles.contains(&record.role));
            own.map(|(name, _)| name.clone()).collect()
        };
        for name in running(&[Role::Init, Role::Regular, Role::Ephemeral]) {
            self.stop_by_name(&name, grace);
        }
    }

    fn stop_by_name(&mut self, name: &str, grace: Duration) {
        let Some(record) = self.records.get(name) else {
            return;
        };
        let Some(container) = record.current.clone() else {
            return;
        };
        if record.progress == Progress::Stopping {
            // Its hook runs already: only the time it gets changes.
            let done = async move {
                container.stop(grace).await;
                Done::Stopped
            };
            self.work.push(Box::pin(done));
            return;
        }
        self.tell(
            name,
            EventType::Normal,
            "Killing",
            format!("Stopping container {name}"),
        );
        self.stop_container(name, &container, grace);
    }

    /// Stops a container: hook first, then the signal, then, when the time is up, by force.
    pub(super) fn stop_container(
        &mut self,
        name: &str,
        container: &Arc<Container>,
        grace: Duration,
    ) {
        let spec = self.container_spec(name);
        let Some(record) = self.records.get_mut(name) else {
            return;
        };
        record.progress = Progress::Stopping;
        let role = record.role;
        let hook = spec
            .as_ref()
            .and_then(|spec| spec.lifecycle.as_ref()?.pre_stop.clone());
        let target = spec.and_then(|spec| self.target(name, &spec, container, role));
        let (node, pod) = (self.node.clone(), self.pod.clone());
        let (name, container) = (name.to_owned(), container.clone());
        self.work.push(Box::pin(async move {
            let begun = node.clock.now();
            if let (Some(hook), Some(target)) = (hook, target)
                && !grace.is_zero()
            {
                let ran = node.clock.timeout(grace, hooks::run(&hook, &target)).await;
                if matches!(ran, Some(Err(_))) {
                    let failed = (name.as_str(), role);
                    let reason = "FailedPreStopHook";
                    node.container_event(
                        &pod,
                        failed,
                        EventType::Warning,
                        reason,
                        "PreStopHook failed",
                    );
                }
            }
            let left = grace.saturating_sub(node.clock.since(begun));
            let left = if grace.is_zero() {
                grace
            } else {
                left.max(LEAST_GRACE)
            };
            container.stop(left).await;
            Done::Stopped
        }));
    }

    /// Stops sidecars once the containers are gone, the last first; then the Pod has ended.
    pub(super) fn go_on_stopping(&mut self) {
        let Some(stop) = &self.stop else {
            return;
        };
        let grace = stop.grace;
        let is_main = |record: &&Record| record.role != Role::Sidecar;
        let mut main = self.records.values().filter(is_main);
        if main.any(|record| record.is_running()) {
            return;
        }
        let init = self.spec().init_containers.iter().flatten().rev();
        let running = init
            .map(|own| own.name.clone())
            .find(|name| self.records.get(name).is_some_and(Record::is_running));
        match running {
            Some(name) => {
                let record = self.records.get(&name);
                if record.is_some_and(|record| record.progress != Progress::Stopping) {
                    self.stop_by_name(&name, grace);
                }
            }
            None => self.ended(),
        }
    }

    fn ended(&mut self) {
        if self.is_terminal {
            return;
        }
        self.is_terminal = true;
        for record in self.records.values_mut() {
            // What never ran says so in the end.
            if let (State::Waiting { .. }, Some(last)) = (&record.state, record.last.clone()) {
                record.state = State::Terminated(last);
                record.last = None;
            }
        }
        if let Some(sandbox) = &self.sandbox {
            self.torn_down = self.node.clock.now().saturating_add(TEARDOWN).ok();
            let sandbox = sandbox.clone();
            let done = async move {
                sandbox.stop(Duration::ZERO).await;
                Done::Stopped
            };
            self.work.push(Box::pin(done));
        }
    }

    /// Removes the Pod from the API once nothing of it runs any more.
    pub(super) async fn delete_if_done(&mut self) {
        let is_due = self.pod.is_terminating() && self.is_terminal && !self.is_gone;
        let is_stopped = !self.is_anything_running();
        if !is_due || !is_stopped || !self.is_written {
            return;
        }
        if let Some(due) = self.torn_down.filter(|due| *due > self.node.clock.now()) {
            self.wake_at(due);
            return;
        }
        let stop = self.stop.get_or_insert(Stop {
            grace: Duration::ZERO,
            is_deleted_from_api: false,
        });
        if stop.is_deleted_from_api {
            return;
        }
        let options = DeleteOptions::of_uid(self.pod.uid()).grace_period(0);
        let (namespace, name) = (self.pod.namespace(), self.pod.name());
        let deleted = self
            .node
            .client
            .delete::<Pod>(namespace, name, &options)
            .await;
        match deleted {
            Err(error) if !error.is_not_found() && !error.is_conflict() => {
                tracing::warn!(%error, pod = %self.pod.key(), "could not delete a pod that ended");
                self.wake_after(super::WRITE_RETRY);
            }
            _ => stop.is_deleted_from_api = true,
        }
    }

    /// Fails a Pod that the node has no room for any more.
    pub(super) fn is_evicted(&mut self) -> bool {
        let Some(verdict) = self.eviction.take() else {
            return false;
        };
        let (reason, message) = (&verdict.reason, verdict.message.clone());
        self.node
            .event(&self.pod, EventType::Warning, reason, message);
        self.verdict = Some(verdict);
        true
    }

    /// Fails a Pod that has been active for longer than it may be.
    pub(super) fn is_past_deadline(&mut self) -> bool {
        let Some(seconds) = self.spec().active_deadline_seconds else {
            return false;
        };
        let allowed = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        let deadline = self.accepted.saturating_add(allowed);
        let deadline = deadline.unwrap_or(self.accepted);
        if deadline > self.node.clock.now() {
            self.wake_at(deadline);
            return false;
        }
        let message = "Pod was active on the node longer than the specified deadline";
        self.node
            .event(&self.pod, EventType::Normal, "DeadlineExceeded", message);
        self.verdict = Some(Verdict {
            reason: "DeadlineExceeded".to_owned(),
            message: message.to_owned(),
        });
        true
    }
}
