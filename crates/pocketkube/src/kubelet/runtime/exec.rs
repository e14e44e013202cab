//! Further processes in a running container (`exec`), and joining its main one (`attach`).

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::sync::{broadcast, watch};

use super::container::{Container, ContainerState};
use super::executable::{self, ExecutableError};
use super::process::{
    BoxedReader, BoxedWriter, Input, Output, Process, Signal, Start, StreamKind, TerminalSize,
};

/// The streams of a client.
#[derive(Default)]
pub struct Streams {
    pub stdin: Option<BoxedReader>,
    pub stdout: Option<BoxedWriter>,
    /// On a terminal everything goes to `stdout`.
    pub stderr: Option<BoxedWriter>,
    /// The size of the client's terminal, as it changes.
    pub resize: Option<watch::Receiver<TerminalSize>>,
}

/// Why a process could not be started in a container.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecError {
    #[error("container {0:?} is not running")]
    NotRunning(String),
    #[error(
        "failed to exec in container: failed to start exec \"{id}\": OCI runtime exec failed: exec \
         failed: unable to start container process: {error}"
    )]
    Start {
        /// The runtime's name of the attempt.
        id: String,
        #[source]
        error: ExecutableError,
    },
}

/// As random and as long as the runtime's own.
fn identifier() -> String {
    let halves = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    halves.map(|half| half.simple().to_string()).concat()
}

impl Container {
    /// Runs a command to its end and returns its status. Dropping the future ends the process.
    pub async fn exec(
        self: &Arc<Self>,
        command: Vec<String>,
        tty: bool,
        streams: Streams,
    ) -> Result<i32, ExecError> {
        self.require_running()?;
        let kernel = self.kernel();
        let mut environment = self.environment().clone();
        if tty {
            environment.insert("TERM".to_owned(), "xterm".to_owned());
        }
        let path = environment.get("PATH").map_or("", String::as_str);
        let name = command.first().map_or("", String::as_str);
        let executable = executable::find(self.filesystem(), name, path, self.working_dir());
        let executable = executable.map_err(|error| ExecError::Start {
            id: identifier(),
            error,
        })?;
        let stdout = streams.stdout.map_or(Output::Null, |writer| {
            if tty {
                Output::Terminal(Arc::new(tokio::sync::Mutex::new(writer)))
            } else {
                Output::writer(writer)
            }
        });
        let stderr = match streams.stderr {
            _ if tty => stdout.clone(),
            Some(writer) => Output::writer(writer),
            None => Output::Null,
        };
        let terminal = tty.then(|| {
            let unchanging = || watch::channel(TerminalSize::default()).1;
            streams.resize.unwrap_or_else(unchanging)
        });
        let start = Start {
            arguments: command,
            environment,
            working_dir: self.working_dir().to_owned(),
            stdin: streams.stdin.map_or(Input::Empty, Input::reader),
            stdout,
            stderr,
            terminal,
        };
        let process = Process::new(kernel.clone(), start, kernel.filesystem.clone());
        tokio::select! {
            biased;
            () = kernel.kill.cancelled() => Ok(Signal::Kill.exit_code()),
            code = executable::run(executable, process) => Ok(code),
        }
    }

    /// Connects a client to the main process' streams until either end is done. Returns the
    /// container's status once it has exited.
    pub async fn attach(self: &Arc<Self>, streams: Streams) -> Result<Option<i32>, ExecError> {
        self.require_running()?;
        let mut output = self.kernel().console.attach();
        if let Some(mut resize) = streams.resize {
            let terminal = self.terminal().clone();
            terminal.send_replace(*resize.borrow_and_update());
            self.kernel().tasks.spawn("terminal size", async move {
                while resize.changed().await.is_ok() {
                    terminal.send_replace(*resize.borrow_and_update());
                }
            });
        }
        let container = self.clone();
        let feed = async move {
            let was_fed = match streams.stdin {
                Some(stdin) => container.feed(Input::reader(stdin)).await,
                None => false,
            };
            // As containerd has it: a client with nothing more to say leaves, unless the
            // container's input has ended with it and there is an answer to wait for.
            if !was_fed || container.config().stdin_once {
                std::future::pending::<()>().await;
            }
        };
        let (mut stdout, mut stderr) = (streams.stdout, streams.stderr);
        let deliver = async {
            loop {
                let (kind, content) = match output.recv().await {
                    Ok(chunk) => chunk,
                    Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    Err(broadcast::error::RecvError::Closed) => return,
                };
                let writer = match kind {
                    StreamKind::Stderr if stderr.is_some() => &mut stderr,
                    _ => &mut stdout,
                };
                let Some(writer) = writer else { continue };
                if writer.write_all(&content).await.is_err() || writer.flush().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = deliver => {}
            () = feed => {}
        }
        Ok(match self.state() {
            ContainerState::Exited(status) => Some(status.code),
            _ => None,
        })
    }

    /// Passes a client's input on to the main process. False if that has no input, or another
    /// client has it.
    async fn feed(&self, input: Input) -> bool {
        let Some(mut stdin) = self.stdin().lock().take() else {
            return false;
        };
        while let Some(content) = input.read().await {
            if stdin.write_all(&content).await.is_err() {
                return true;
            }
        }
        if !self.config().stdin_once {
            *self.stdin().lock() = Some(stdin);
        }
        true
    }

    fn require_running(&self) -> Result<(), ExecError> {
        match self.state() {
            ContainerState::Running { .. } => Ok(()),
            _ => Err(ExecError::NotRunning(self.name().to_owned())),
        }
    }
}
