//! The two ends of an exec or attach: what the node sees, and what the client's dialect drives.

use std::future::Future;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;

use super::Target;
use super::exec::Action;
use crate::api::StatusError;
use crate::registry::core::pod::connect::{ExitStatus, Streams, TerminalSize};

/// Pieces in flight a stream, which bounds what a slow client costs.
const IN_FLIGHT: usize = 16;

/// What an exec or attach asks for.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub action: Action,
    pub container: String,
    pub argv: Vec<String>,
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    pub tty: bool,
}

/// The client's side. Dropping `stdin` ends the command's input.
pub(super) struct ClientEnd {
    pub stdin: Option<mpsc::Sender<Bytes>>,
    pub stdout: Option<mpsc::Receiver<Bytes>>,
    pub stderr: Option<mpsc::Receiver<Bytes>>,
    pub resize: mpsc::Sender<TerminalSize>,
}

/// Prepares a command. The future runs it and gives the `Status` for the error channel.
pub(super) fn start(
    target: Target,
    command: Command,
) -> (ClientEnd, impl Future<Output = Value> + Send) {
    let (stdin, stdin_end) = channel(command.stdin);
    let (stdout_end, stdout) = channel(command.stdout);
    // With a terminal there is one output.
    let (stderr_end, stderr) = channel(command.stderr && !command.tty);
    let (resize, resize_end) = mpsc::channel(IN_FLIGHT);
    let streams = Streams {
        stdin: stdin_end,
        stdout: stdout_end,
        stderr: stderr_end,
        tty: command.tty,
        resize: resize_end,
    };
    let client = ClientEnd {
        stdin,
        stdout,
        stderr,
        resize,
    };
    let run = async move {
        let result = match command.action {
            Action::Exec => {
                let argv = command.argv;
                let (pod, container) = (&target.pod, &command.container);
                target.nodes.exec(pod, container, argv, streams).await
            }
            Action::Attach => {
                let (pod, container) = (&target.pod, &command.container);
                target.nodes.attach(pod, container, streams).await
            }
        };
        status(result)
    };
    (client, run)
}

fn channel(wanted: bool) -> (Option<mpsc::Sender<Bytes>>, Option<mpsc::Receiver<Bytes>>) {
    if !wanted {
        return (None, None);
    }
    let (sender, receiver) = mpsc::channel(IN_FLIGHT);
    (Some(sender), Some(receiver))
}

fn status(result: Result<ExitStatus, StatusError>) -> Value {
    match result {
        Ok(exit) => exit.to_status(),
        Err(error) => error.to_value(),
    }
}

/// Reads a resize message: `{"Width":80,"Height":24}`.
pub(super) fn terminal_size(message: &[u8]) -> Option<TerminalSize> {
    let size: Value = serde_json::from_slice(message).ok()?;
    let side = |name: &str| u16::try_from(size[name].as_u64()?).ok();
    Some(TerminalSize {
        width: side("Width")?,
        height: side("Height")?,
    })
}

/// The next piece of an output; waits for ever on one that is not there or has ended.
pub(super) async fn next_piece(output: &mut Option<mpsc::Receiver<Bytes>>) -> Option<Bytes> {
    match output {
        Some(pieces) => match pieces.recv().await {
            Some(piece) => Some(piece),
            None => {
                *output = None;
                None
            }
        },
        None => std::future::pending().await,
    }
}
