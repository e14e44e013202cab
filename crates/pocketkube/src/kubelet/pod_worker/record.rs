//! What a worker knows about one container: its state now, the one before, and how often it was
//! started.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::backoff::Backoff;
use super::super::images::PullFailures;
use super::super::runtime::{Container, ExitStatus, LogBuffer};

/// What part a container plays in its Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Runs to its end before the containers start.
    Init,
    /// An init container that goes on running beside the containers.
    Sidecar,
    Regular,
    /// Added for debugging; never restarted.
    Ephemeral,
}

/// The state of a container, as statuses show it.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    Waiting { reason: String, message: String },
    Running { started: Timestamp },
    Terminated(Terminated),
}

impl State {
    pub fn waiting(reason: &str, message: impl Into<String>) -> Self {
        Self::Waiting {
            reason: reason.to_owned(),
            message: message.into(),
        }
    }
}

/// How a run of a container ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Terminated {
    pub exit_code: i32,
    pub reason: String,
    pub message: String,
    /// `None` where its process never ran.
    pub started: Option<Timestamp>,
    pub finished: Timestamp,
    pub container_id: String,
}

impl Terminated {
    pub fn new(container_id: &str, exit: ExitStatus, message: String) -> Self {
        Self {
            exit_code: exit.code,
            reason: exit.reason.to_owned(),
            message: if message.is_empty() {
                exit.message
            } else {
                message
            },
            started: exit.started,
            finished: exit.finished,
            container_id: container_id.to_owned(),
        }
    }

    pub fn has_succeeded(&self) -> bool {
        self.exit_code == 0
    }
}

/// What is being done about a container right now; nothing else may be begun meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    #[default]
    Idle,
    Pulling,
    Stopping,
}

/// Everything about one container.
pub struct Record {
    pub role: Role,
    pub state: State,
    pub last: Option<Terminated>,
    pub restarts: i32,
    pub progress: Progress,
    /// The newest run.
    pub current: Option<Arc<Container>>,
    /// The log of the run before it.
    pub previous_log: Option<Arc<LogBuffer>>,
    /// What the spec said when it was started.
    pub spec_image: String,
    /// As the runtime names it.
    pub image: String,
    pub image_id: String,
    /// Whether its readiness probe succeeds, if it has one.
    pub is_ready: bool,
    /// Whether its startup probe has succeeded, if it has one.
    pub is_started: bool,
    pub crashes: Backoff,
    pub pulls: PullFailures,
    /// Nothing is tried before this moment.
    pub hold_until: Option<Timestamp>,
    /// Its spec changed: it is started anew whatever the restart policy and back-off say.
    pub is_replaced: bool,
}

impl Record {
    pub fn new(role: Role, waiting: &str) -> Self {
        Self {
            role,
            state: State::waiting(waiting, ""),
            last: None,
            restarts: 0,
            progress: Progress::Idle,
            current: None,
            previous_log: None,
            spec_image: String::new(),
            image: String::new(),
            image_id: String::new(),
            is_ready: false,
            is_started: false,
            crashes: Backoff::default(),
            pulls: PullFailures::default(),
            hold_until: None,
            is_replaced: false,
        }
    }

    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// How its newest run ended, if it has ended.
    pub fn ended(&self) -> Option<&Terminated> {
        match &self.state {
            State::Terminated(terminated) => Some(terminated),
            State::Waiting { .. } => self.last.as_ref(),
            State::Running { .. } => None,
        }
    }

    pub fn wait(&mut self, reason: &str, message: impl Into<String>) {
        let waiting = State::waiting(reason, message);
        if let State::Terminated(ended) = std::mem::replace(&mut self.state, waiting) {
            self.last = Some(ended);
        }
    }

    pub fn container_id(&self) -> String {
        let id = self.current.as_ref().map(|container| container.id());
        id.map(|id| format!("containerd://{id}"))
            .unwrap_or_default()
    }
}
