//! One run of a container: created, running, exited. A restart is a new container.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::config::{ContainerConfig, MountConfig};
use super::executable::{self, ExecutableError};
use super::filesystem::{Credentials, FileError, Filesystem, Mount, Node, Tree, Volume};
use super::image::Image;
use super::logs::LogBuffer;
use super::process::{
    Console, Input, Kernel, Output, Process, ProcessTable, Signal, Start, StreamKind, TerminalSize,
    Usage,
};
use super::sandbox::PodSandbox;

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
        let mounts = mounts(sandbox, &config)?;
        let root = root(&image, &config, &working_dir);
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
            environment: environment(&image, &config, sandbox.hostname(), &user),
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

/// The user a container runs as, and where that user is at home.
struct User {
    credentials: Credentials,
    home: String,
}

impl User {
    /// The user of the configuration, or of the image, looked up in the image's `/etc/passwd`.
    fn of(config: &ContainerConfig, image: &Image) -> Result<Self, CreateError> {
        let passwd = image.layer.get("etc/passwd");
        let passwd = passwd.and_then(|node| match &node.kind {
            super::filesystem::NodeKind::File(content) => {
                Some(String::from_utf8_lossy(content).into_owned())
            }
            _ => None,
        });
        let passwd = passwd.unwrap_or_default();
        let wanted = match config.user {
            Some(uid) => uid.to_string(),
            None if image.user.is_empty() => "0".to_owned(),
            None => image.user.clone(),
        };
        let (name, group) = match wanted.split_once(':') {
            Some((name, group)) => (name, group.parse().ok()),
            None => (wanted.as_str(), None),
        };
        let line = passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let is_it = fields.first() == Some(&name) || fields.get(2) == Some(&name);
            (is_it && fields.len() >= 6).then_some(fields)
        });
        let field = |at: usize| line.as_ref().and_then(|fields| fields[at].parse().ok());
        let uid = field(2).or_else(|| name.parse().ok());
        let uid = uid.ok_or_else(|| CreateError::UnknownUser(name.to_owned()))?;
        let gid = config.group.or(group).or_else(|| field(3)).unwrap_or(0);
        let home = line.as_ref().map_or("/", |fields| fields[5]);
        Ok(Self {
            credentials: Credentials {
                uid,
                gid,
                groups: config.supplemental_groups.clone(),
            },
            home: home.to_owned(),
        })
    }
}

fn environment(
    image: &Image,
    config: &ContainerConfig,
    hostname: &str,
    user: &User,
) -> BTreeMap<String, String> {
    const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let mut environment = BTreeMap::from([
        ("PATH".to_owned(), DEFAULT_PATH.to_owned()),
        ("HOSTNAME".to_owned(), hostname.to_owned()),
        ("HOME".to_owned(), user.home.clone()),
    ]);
    if config.tty {
        environment.insert("TERM".to_owned(), "xterm".to_owned());
    }
    environment.extend(image.environment.iter().cloned());
    environment.extend(config.environment.iter().cloned());
    environment
}

fn root(image: &Image, config: &ContainerConfig, working_dir: &str) -> Arc<Volume> {
    let mut tree = Tree::over(image.layer.clone());
    let directory = working_dir.trim_matches('/');
    if tree.get(directory).is_none() {
        for (at, _) in directory.match_indices('/') {
            if tree.get(&directory[..at]).is_none() {
                tree.insert(&directory[..at], Node::directory(0o755));
            }
        }
        tree.insert(directory, Node::directory(0o755));
    }
    let message = config.termination_message_path.trim_matches('/');
    if !message.is_empty() {
        tree.insert(message, Node::file("", 0o666));
    }
    Volume::with_capacity(tree, Some(LARGEST_LAYER))
}

/// A container's own files live in this program's memory: a disk would hold more.
const LARGEST_LAYER: u64 = 256 * 1024 * 1024;

fn mounts(sandbox: &PodSandbox, config: &ContainerConfig) -> Result<Vec<Mount>, CreateError> {
    let mount = |mount: &MountConfig| {
        let made = Mount::new(&mount.path, &mount.volume, &mount.sub_path, mount.read_only);
        made.map_err(|_: FileError| CreateError::SubPath {
            path: mount.path.clone(),
            container: config.name.clone(),
        })
    };
    let own: Vec<Mount> = config.mounts.iter().map(mount).collect::<Result<_, _>>()?;
    let given = sandbox.files().into_iter();
    let given = given.filter(|file| !own.iter().any(|mount| mount.at == file.at));
    Ok(own.iter().cloned().chain(given).collect())
}
