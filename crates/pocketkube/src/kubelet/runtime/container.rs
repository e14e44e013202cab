//! One run of a container: created, running, exited. A restart is a new container.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::config::ContainerConfig;
use super::executable::{self, ExecutableError};
use super::filesystem::{Credentials, Filesystem};
use super::logs::LogBuffer;
use super::process::{
    Console, Input, Kernel, Output, Process, ProcessTable, Signal, Start, StreamKind, TerminalSize,
    Usage,
};
use super::sandbox::PodSandbox;
use super::setup::{self, User};

/// Where a container is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    Created,
    Running { started: Timestamp },
    Exited(ExitStatus),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitStatus {
    pub code: i32,
    /// The signal that ended it, where one did.
    pub signal: Option<Signal>,
    /// `Completed`, `Error`, `OOMKilled` or `StartError`, as container statuses say.
    pub reason: &'static str,
    pub message: String,
    /// `None` where the process never ran.
    pub started: Option<Timestamp>,
    pub finished: Timestamp,
}

/// Why a container could not be made from its configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    #[error("no command specified")]
    NoCommand,
    #[error("failed to generate container spec: failed to generate spec: no command specified")]
    EmptyCommand,
    #[error("unable to find user {0}: no matching entries in passwd file")]
    UnknownUser(String),
    #[error("failed to prepare subPath for volumeMount {path:?} of container {container:?}")]
    SubPath { path: String, container: String },
}

/// Why a container's process could not be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: \
     runc create failed: unable to start container process: error during container init: {0}"
)]
pub struct StartError(#[source] pub ExecutableError);

impl StartError {
    /// The status such a container ends with.
    pub const EXIT_CODE: i32 = 128;
}

/// A container in a Pod's sandbox.
pub struct Container {
    id: String,
    config: ContainerConfig,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    working_dir: String,
    kernel: Arc<Kernel>,
    state: watch::Sender<ContainerState>,
    /// The writing end of standard input, for those who attach.
    stdin: Mutex<Option<DuplexStream>>,
    terminal: watch::Sender<TerminalSize>,
    pod: String,
}

impl Container {
    pub(super) fn create(
        sandbox: &PodSandbox,
        id: String,
        config: ContainerConfig,
    ) -> Result<Arc<Self>, CreateError> {
        let image = config.image.image.clone();
        let arguments = config.arguments();
        match arguments.first() {
            None => return Err(CreateError::NoCommand),
            Some(program) if program.is_empty() => return Err(CreateError::EmptyCommand),
            Some(_) => {}
        }
        let user = User::of(&config, &image)?;
        let clock = sandbox.runtime().clock().clone();
        let working_dir = config
            .working_dir
            .clone()
            .filter(|directory| !directory.is_empty())
            .unwrap_or_else(|| image.working_dir.clone());
        let mounts = setup::mounts(sandbox, &config)?;
        let root = setup::root(&image, &config, &working_dir);
        let filesystem = Filesystem::new(
            root,
            config.read_only_root,
            mounts,
            user.credentials.clone(),
            clock.clone(),
        );
        let console = Console::new(LogBuffer::new(), clock.clone(), config.tty);
        let kernel = Kernel {
            clock,
            tasks: sandbox.runtime().tasks().clone(),
            image: image.clone(),
            filesystem,
            network: sandbox.network().clone(),
            processes: Arc::new(ProcessTable::default()),
            usage: Usage::new(config.memory_limit),
            console,
            cpu_limit: config.cpu_limit,
            kill: CancellationToken::new(),
        };
        Ok(Arc::new(Self {
            id,
            arguments,
            environment: setup::environment(&image, &config, sandbox.hostname(), &user),
            working_dir,
            kernel: Arc::new(kernel),
            state: watch::Sender::new(ContainerState::Created),
            stdin: Mutex::new(None),
            terminal: watch::Sender::new(TerminalSize::default()),
            pod: format!("{}/{}", sandbox.namespace(), sandbox.name()),
            config,
        }))
    }

    /// 64 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn name(&self) -> &str {
        &self.config.name
    }

    pub fn config(&self) -> &ContainerConfig {
        &self.config
    }

    pub fn state(&self) -> ContainerState {
        self.state.borrow().clone()
    }

    /// Changes of state, the current one first.
    pub fn watch_state(&self) -> watch::Receiver<ContainerState> {
        self.state.subscribe()
    }

    pub fn logs(&self) -> &Arc<LogBuffer> {
        self.kernel.console.log()
    }

    /// The files as the container's user sees them.
    pub fn filesystem(&self) -> &Filesystem {
        &self.kernel.filesystem
    }

    /// Memory held at present, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        self.kernel.usage.memory_bytes()
    }

    /// CPU time used since the start.
    pub fn cpu_time(&self) -> Duration {
        self.kernel.usage.cpu_time(self.running_time())
    }

    /// How long it has run, or ran.
    pub fn running_time(&self) -> Duration {
        let clock = &self.kernel.clock;
        match &*self.state.borrow() {
            ContainerState::Created => Duration::ZERO,
            ContainerState::Running { started } => clock.since(*started),
            ContainerState::Exited(status) => status
                .started
                .and_then(|started| status.finished.duration_since(started).try_into().ok())
                .unwrap_or_default(),
        }
    }

    /// What the container left in its termination message file.
    pub fn termination_message(&self) -> String {
        let path = &self.config.termination_message_path;
        let files = self.filesystem().as_user(Credentials::root());
        files.read_to_string(path).unwrap_or_default()
    }

    /// Starts the main process. A container starts once; one that could not be started is exited
    /// with reason `StartError`.
    pub fn start(self: &Arc<Self>) -> Result<(), StartError> {
        let kernel = &self.kernel;
        let path = self.environment.get("PATH").map_or("", String::as_str);
        let found = executable::find(
            &kernel.filesystem,
            &self.arguments[0],
            path,
            &self.working_dir,
        );
        let executable = found.map_err(|error| {
            let error = StartError(error);
            self.exited(StartError::EXIT_CODE, "StartError", error.to_string());
            error
        })?;
        let started = kernel.clock.now();
        self.state.send_replace(ContainerState::Running { started });
        let stdin = if self.config.stdin {
            let (theirs, ours) = tokio::io::duplex(64 * 1024);
            *self.stdin.lock() = Some(ours);
            Input::reader(theirs)
        } else {
            Input::Empty
        };
        let start = Start {
            arguments: self.arguments.clone(),
            environment: self.environment.clone(),
            working_dir: self.working_dir.clone(),
            stdin,
            stdout: Output::Console(kernel.console.clone(), StreamKind::Stdout),
            stderr: Output::Console(kernel.console.clone(), StreamKind::Stderr),
            terminal: self.config.tty.then(|| self.terminal.subscribe()),
        };
        if self.config.command.is_empty() {
            let said = &self.config.image.image.entrypoint_log;
            let said: String = said.iter().map(|line| format!("{line}\n")).collect();
            kernel.console.write(StreamKind::Stdout, said.as_bytes());
        }
        let process = Process::new(kernel.clone(), start, kernel.filesystem.clone());
        let container = self.clone();
        let name = format!("container {}/{}", self.pod, self.config.name);
        kernel.tasks.spawn(name, async move {
            let kernel = container.kernel.clone();
            let ended = tokio::select! {
                biased;
                () = kernel.kill.cancelled() => None,
                () = kernel.usage.out_of_memory() => None,
                code = executable::run(executable, process) => Some(code),
            };
            container.finish(ended);
        });
        Ok(())
    }

    fn finish(&self, ended: Option<i32>) {
        let kernel = &self.kernel;
        kernel.kill.cancel();
        let (code, reason) = match ended {
            Some(0) => (0, "Completed"),
            Some(code) => (code & 0xff, "Error"),
            None if kernel.usage.is_out_of_memory() => (Signal::Kill.exit_code(), "OOMKilled"),
            None => (Signal::Kill.exit_code(), "Error"),
        };
        self.exited(code, reason, String::new());
    }

    fn exited(&self, code: i32, reason: &'static str, message: String) {
        let started = match &*self.state.borrow() {
            ContainerState::Running { started } => Some(*started),
            _ => None,
        };
        self.kernel.console.close();
        *self.stdin.lock() = None;
        self.state.send_replace(ContainerState::Exited(ExitStatus {
            code,
            signal: [Signal::Kill, Signal::Term, Signal::Interrupt]
                .into_iter()
                .find(|signal| signal.exit_code() == code),
            reason,
            message,
            started,
            finished: self.kernel.clock.now(),
        }));
    }

    /// Waits until the container has exited.
    pub async fn wait(&self) -> ExitStatus {
        let mut state = self.state.subscribe();
        loop {
            if let ContainerState::Exited(status) = &*state.borrow_and_update() {
                return status.clone();
            }
            if state.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Asks the container to stop with its image's stop signal, and kills it when `grace` is over.
    pub async fn stop(&self, grace: Duration) -> ExitStatus {
        match self.state() {
            ContainerState::Created => {
                self.exited(Signal::Kill.exit_code(), "Error", String::new());
            }
            ContainerState::Running { .. } => {
                self.signal(self.config.image.image.stop_signal);
                let clock = &self.kernel.clock;
                if clock.timeout(grace, self.wait()).await.is_none() {
                    self.kill();
                }
            }
            ContainerState::Exited(_) => {}
        }
        self.wait().await
    }

    /// Ends the container at once.
    pub fn kill(&self) {
        self.kernel.kill.cancel();
    }

    /// Sends a signal to the main process.
    pub fn signal(&self, signal: Signal) {
        if signal == Signal::Kill {
            self.kill();
        } else {
            self.kernel.processes.signal(1, signal);
        }
    }

    pub(super) fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    pub(super) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    pub(super) fn working_dir(&self) -> &str {
        &self.working_dir
    }

    pub(super) fn stdin(&self) -> &Mutex<Option<DuplexStream>> {
        &self.stdin
    }

    pub(super) fn terminal(&self) -> &watch::Sender<TerminalSize> {
        &self.terminal
    }
}
