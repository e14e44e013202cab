//! Which containers run: init containers in order, sidecars beside them, then the containers;
//! and which are started again after they have ended.
//!
//! Mirrors `computePodActions` and `doBackOff` of `pkg/kubelet/kuberuntime` (v1.35).

use super::record::{Progress, Record, Role, State, Terminated};
use super::{PodWorker, RESYNC};
use crate::client::EventType;
use crate::kubelet::runtime::ContainerState;
use crate::kubelet::{status, text};

/// Most bytes of a termination message, from its file and from the log.
const LONGEST_MESSAGE: usize = 4096;
const LONGEST_FROM_LOG: usize = 2048;
const MOST_LOG_LINES: usize = 80;

impl PodWorker {
    /// Starts what was added for debugging, once.
    pub(super) fn run_ephemeral_containers(&mut self) {
        for name in self.names(Role::Ephemeral) {
            let record = self.records.get(&name);
            if record.is_some_and(|record| record.current.is_none()) {
                self.start_if_idle(&name);
            }
        }
    }

    /// Runs init containers one after the other. True once the containers may run.
    pub(super) fn run_init_containers(&mut self) -> bool {
        let init = self.spec().init_containers.iter().flatten();
        let names: Vec<String> = init.map(|own| own.name.clone()).collect();
        let has_begun = self.has_begun();
        for name in names {
            let Some(record) = self.records.get(&name) else {
                continue;
            };
            match (record.role, &record.state) {
                (Role::Sidecar, State::Running { .. }) if record.is_started || has_begun => {
                    self.replace_if_changed(&name);
                }
                (Role::Sidecar, _) => {
                    self.advance(&name);
                    // It is up at once when its image is there already, and nothing comes to tell.
                    let record = self.records.get(&name);
                    let is_up = record.is_some_and(|own| own.is_running() && own.is_started);
                    if !has_begun && !is_up {
                        return false;
                    }
                }
                (_, State::Terminated(ended)) if ended.has_succeeded() => {}
                _ if has_begun => {}
                _ => {
                    self.advance(&name);
                    return false;
                }
            }
        }
        true
    }

    /// Whether some container has been started, so that initialization is over.
    fn has_begun(&self) -> bool {
        let mut records = self.records.values();
        records.any(|record| record.role == Role::Regular && record.current.is_some())
    }

    pub(super) fn run_containers(&mut self) {
        for name in self.names(Role::Regular) {
            self.advance(&name);
        }
    }

    /// The containers that run beside each other, in the order of the spec.
    fn names(&self, role: Role) -> Vec<String> {
        let spec = self.spec();
        match role {
            Role::Ephemeral => {
                let list = spec.ephemeral_containers.iter().flatten();
                list.map(|own| own.name.clone()).collect()
            }
            _ => spec.containers.iter().map(|own| own.name.clone()).collect(),
        }
    }

    /// Does for one container what is to be done next.
    fn advance(&mut self, name: &str) {
        let Some(record) = self.records.get(name) else {
            return;
        };
        if record.is_running() {
            self.replace_if_changed(name);
            return;
        }
        let Some(ended) = record.ended().cloned() else {
            self.start_if_idle(name);
            return;
        };
        if self.should_restart(name, record, &ended) {
            self.restart(name, &ended);
        }
    }

    fn start_if_idle(&mut self, name: &str) {
        let record = self.records.get(name);
        if record.is_some_and(|record| record.progress == Progress::Idle) {
            self.begin_start(name);
        }
    }

    fn should_restart(&self, name: &str, record: &Record, ended: &Terminated) -> bool {
        if record.is_replaced {
            return true;
        }
        let own = self
            .container_spec(name)
            .and_then(|spec| spec.restart_policy);
        let of_pod = status::restart_policy(&self.pod).to_owned();
        match (record.role, own.unwrap_or(of_pod).as_str()) {
            (Role::Ephemeral, _) => false,
            (Role::Sidecar, _) => true,
            (_, "Never") => false,
            (Role::Init, _) | (_, "OnFailure") => !ended.has_succeeded(),
            _ => true,
        }
    }

    /// Starts a container again, unless it crashed too often to be tried again right now.
    fn restart(&mut self, name: &str, ended: &Terminated) {
        let now = self.node.clock.now();
        let Some(record) = self.records.get_mut(name) else {
            return;
        };
        if record.progress != Progress::Idle {
            return;
        }
        if record.is_replaced {
            self.begin_start(name);
            return;
        }
        if let Some(hold) = record.hold_until
            && hold > now
        {
            self.wake_at(hold);
            return;
        }
        let Some((wait, end)) = record.crashes.waiting(ended.finished, now) else {
            self.begin_start(name);
            return;
        };
        let pod = text::pod(&self.pod);
        let message = format!(
            "back-off {} restarting failed container={name} pod={pod}",
            text::duration(wait)
        );
        record.wait("CrashLoopBackOff", message);
        let look = now.saturating_add(RESYNC).unwrap_or(end).min(end);
        record.hold_until = Some(look);
        let message = format!("Back-off restarting failed container {name} in pod {pod}");
        self.tell(name, EventType::Warning, "BackOff", message);
        self.wake_at(look);
    }

    /// A container whose image was changed is started anew.
    fn replace_if_changed(&mut self, name: &str) {
        let Some(spec) = self.container_spec(name) else {
            return;
        };
        let Some(record) = self.records.get_mut(name) else {
            return;
        };
        let is_same = spec.image.as_deref() == Some(record.spec_image.as_str());
        if is_same || record.progress != Progress::Idle {
            return;
        }
        let Some(container) = record.current.clone() else {
            return;
        };
        record.is_replaced = true;
        let message = format!("Container {name} definition changed, will be restarted");
        self.tell(name, EventType::Normal, "Killing", message);
        self.stop_container(name, &container, self.grace_period());
    }

    /// A run of a container has ended.
    pub(super) fn exited(&mut self, name: &str, id: &str) {
        let message = self.termination_message(name);
        let Some(record) = self.records.get_mut(name) else {
            return;
        };
        let Some(container) = record.current.clone().filter(|own| own.id() == id) else {
            return;
        };
        let ContainerState::Exited(exit) = container.state() else {
            return;
        };
        record.state = State::Terminated(Terminated::new(id, exit, message));
        record.progress = Progress::Idle;
        record.is_ready = false;
        record.is_started = false;
        record.hold_until = None;
    }

    /// What the container wrote for its successors to read, or the end of its log where it failed
    /// without a word and the spec asks for that.
    fn termination_message(&self, name: &str) -> String {
        let record = self.records.get(name);
        let Some(container) = record.and_then(|record| record.current.as_ref()) else {
            return String::new();
        };
        let mut message = container.termination_message();
        if message.len() > LONGEST_MESSAGE {
            let mut end = LONGEST_MESSAGE;
            while !message.is_char_boundary(end) {
                end -= 1;
            }
            message.truncate(end);
        }
        let failed = matches!(container.state(), ContainerState::Exited(exit) if exit.code != 0);
        let policy = self
            .container_spec(name)
            .and_then(|spec| spec.termination_message_policy);
        if message.is_empty() && failed && policy.as_deref() == Some("FallbackToLogsOnError") {
            return container.logs().last(MOST_LOG_LINES, LONGEST_FROM_LOG);
        }
        message
    }

    /// Notices that all containers have ended for good; what still runs beside them is stopped.
    pub(super) fn end_if_finished(&mut self) {
        let will_run_again = |(name, record): (&String, &Record)| match record.ended() {
            None => true,
            Some(ended) => self.should_restart(name, record, ended),
        };
        let failed_init = self.records.iter().any(|(name, record)| {
            let ended = record.ended();
            record.role == Role::Init
                && ended.is_some_and(|ended| {
                    !ended.has_succeeded() && !self.should_restart(name, record, ended)
                })
        });
        let mut regular = self
            .records
            .iter()
            .filter(|(_, record)| record.role == Role::Regular);
        if failed_init || !regular.any(will_run_again) {
            self.begin_stop();
            self.go_on_stopping();
        }
    }
}
