//! Exec and attach over SPDY: one stream each for errors, input, outputs and resizes.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request as HttpRequest, Response};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;

use super::super::Target;
use super::super::remote_command::{Command, next_piece, start, terminal_size};
use super::session::{self, Output, Stream};
use super::upgrade;
use crate::api::StatusError;

const PROTOCOLS: [&str; 4] = [
    "v4.channel.k8s.io",
    "v3.channel.k8s.io",
    "v2.channel.k8s.io",
    "channel.k8s.io",
];
/// How long a client may take to open its streams.
const STREAM_LIMIT: Duration = Duration::from_secs(30);

/// Runs a command over SPDY.
pub(in super::super) fn serve_command(
    target: Target,
    command: Command,
    request: HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    let (on_upgrade, response) = upgrade(request, &PROTOCOLS)?;
    let task = async move {
        let Ok(connection) = on_upgrade.await else {
            return;
        };
        let (opened, streams) = mpsc::channel(8);
        let session = session::run(TokioIo::new(connection), opened);
        let (ended, ()) = tokio::join!(session, run(target, command, streams));
        if let Err(error) = ended {
            tracing::debug!(%error, "SPDY connection ended");
        }
    };
    spawn(task);
    Ok(response)
}

/// Connections that were taken over live as long as their client does.
pub(super) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    #[allow(clippy::disallowed_methods, reason = "ends with its connection")]
    tokio::spawn(task);
}

#[derive(Default)]
struct Opened {
    error: Option<Output>,
    stdin: Option<mpsc::Receiver<Bytes>>,
    stdout: Option<Output>,
    stderr: Option<Output>,
    resize: Option<mpsc::Receiver<Bytes>>,
}

async fn run(target: Target, command: Command, mut streams: mpsc::Receiver<Stream>) {
    let waiting = tokio::time::timeout(STREAM_LIMIT, accept(&command, &mut streams));
    let Ok(Some(mut opened)) = waiting.await else {
        return;
    };
    drop(streams);
    let (mut client, finished) = start(target, command);
    tokio::pin!(finished);
    let mut status = None;
    loop {
        let sent = tokio::select! {
            piece = next_piece(&mut opened.stdin) => {
                match (piece, &client.stdin) {
                    (Some(piece), Some(stdin)) => {
                        let _ = stdin.send(piece).await;
                    }
                    (None, _) => client.stdin = None,
                    _ => {}
                }
                Ok(())
            }
            piece = next_piece(&mut opened.resize) => {
                if let Some(size) = piece.as_deref().and_then(terminal_size) {
                    let _ = client.resize.try_send(size);
                }
                Ok(())
            }
            piece = next_piece(&mut client.stdout) => send(opened.stdout.as_ref(), piece).await,
            piece = next_piece(&mut client.stderr) => send(opened.stderr.as_ref(), piece).await,
            ended = &mut finished, if status.is_none() => {
                status = Some(ended);
                Ok(())
            }
        };
        if sent.is_err() {
            return;
        }
        if status.is_some() && client.stdout.is_none() && client.stderr.is_none() {
            break;
        }
    }
    if let (Some(status), Some(error)) = (status, opened.error) {
        let _ = error.send(status.to_string().into()).await;
        error.close().await;
    }
    for output in [opened.stdout, opened.stderr].into_iter().flatten() {
        output.close().await;
    }
}

async fn send(output: Option<&Output>, piece: Option<Bytes>) -> std::io::Result<()> {
    match (output, piece) {
        (Some(output), Some(piece)) => output.send(piece).await,
        _ => Ok(()),
    }
}

/// Waits until the client has opened every stream that its request announced.
async fn accept(command: &Command, streams: &mut mpsc::Receiver<Stream>) -> Option<Opened> {
    let mut opened = Opened::default();
    let mut missing = 1
        + usize::from(command.stdin)
        + usize::from(command.stdout)
        + usize::from(command.stderr && !command.tty)
        + usize::from(command.tty);
    while missing > 0 {
        let stream = streams.recv().await?;
        match stream.headers.get("streamtype").map(String::as_str) {
            Some("error") => opened.error = Some(stream.output),
            Some("stdin") => opened.stdin = Some(stream.input),
            Some("stdout") => opened.stdout = Some(stream.output),
            Some("stderr") => opened.stderr = Some(stream.output),
            Some("resize") => opened.resize = Some(stream.input),
            _ => continue,
        }
        missing -= 1;
    }
    Some(opened)
}
