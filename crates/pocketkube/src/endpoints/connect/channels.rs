//! WebSocket with channels: the first byte of each message says which stream it belongs to.
//!
//! Mirrors `apimachinery/pkg/util/httpstream/wsstream` and the protocols `v4.channel.k8s.io` and
//! `v5.channel.k8s.io` of `apimachinery/pkg/util/remotecommand` (v1.35); v5 adds a message that
//! closes one channel.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use bytes::{BufMut, Bytes, BytesMut};
use http::{Request as HttpRequest, Response};
use tokio::sync::mpsc;

use super::Target;
use super::exec::upgrade_required;
use super::remote_command::{ClientEnd, Command, next_piece, start, terminal_size};
use crate::api::StatusError;

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
/// In v5: the byte that follows names a channel which the client has closed.
const CLOSE: u8 = 255;

const PROTOCOLS: [&str; 4] = [
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "v3.channel.k8s.io",
    "channel.k8s.io",
];

/// Takes the WebSocket handshake of a request, choosing one of `protocols`.
pub(super) fn upgrade(
    request: HttpRequest<Body>,
    protocols: &[&'static str],
) -> Result<WebSocketUpgrade, StatusError> {
    let (mut parts, _) = request.into_parts();
    let extraction = WebSocketUpgrade::from_request_parts(&mut parts, &());
    let upgrade = futures::FutureExt::now_or_never(extraction)
        .and_then(Result::ok)
        .ok_or_else(upgrade_required)?;
    Ok(upgrade.protocols(protocols.iter().copied()))
}

/// Runs a command over a WebSocket.
pub(super) fn serve_command(
    target: Target,
    command: Command,
    request: HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    let upgrade = upgrade(request, &PROTOCOLS)?;
    Ok(upgrade.on_upgrade(move |socket| run(socket, target, command)))
}

async fn run(mut socket: WebSocket, target: Target, command: Command) {
    let first = if command.stdout { STDOUT } else { ERROR };
    // Tells the client that the streams are there.
    if send(&mut socket, first, &[]).await.is_err() {
        return;
    }
    let (mut client, finished) = start(target, command);
    tokio::pin!(finished);
    let mut status = None;
    // What the client has typed and the command has no room for. Nothing more is read before it
    // is gone, and everything else goes on: the command must run to make room.
    let mut typed = None;
    loop {
        let sent = tokio::select! {
            biased;
            is_taken = hand_over(&client.stdin, &mut typed) => {
                if !is_taken {
                    (client.stdin, typed) = (None, None);
                }
                Ok(())
            }
            message = socket.recv(), if typed.is_none() => match message {
                Some(Ok(message)) => {
                    // A client that leaves takes the command with it.
                    if !receive(message, &mut client, &mut typed) {
                        return;
                    }
                    Ok(())
                }
                _ => return,
            },
            piece = next_piece(&mut client.stdout) => send_piece(&mut socket, STDOUT, piece).await,
            piece = next_piece(&mut client.stderr) => send_piece(&mut socket, STDERR, piece).await,
            ended = &mut finished, if status.is_none() => {
                status = Some(ended);
                Ok(())
            }
        };
        if sent.is_err() {
            return;
        }
        // The command's last words come before its status.
        if status.is_some() && client.stdout.is_none() && client.stderr.is_none() {
            break;
        }
    }
    if let Some(status) = status {
        let _ = send(&mut socket, ERROR, status.to_string().as_bytes()).await;
    }
    let _ = socket.send(normal_closure()).await;
}

/// Gives the command its next piece of input, once there is one and room for it. False if the
/// command reads no more. Cancel-safe.
async fn hand_over(stdin: &Option<mpsc::Sender<Bytes>>, typed: &mut Option<Bytes>) -> bool {
    let (Some(stdin), Some(_)) = (stdin, &typed) else {
        return std::future::pending().await;
    };
    let Ok(room) = stdin.reserve().await else {
        return false;
    };
    if let Some(piece) = typed.take() {
        room.send(piece);
    }
    true
}

/// Takes one message in. False once the client has left.
fn receive(message: Message, client: &mut ClientEnd, typed: &mut Option<Bytes>) -> bool {
    let data: Bytes = match message {
        Message::Binary(data) => data,
        Message::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
        Message::Close(_) => return false,
        Message::Ping(_) | Message::Pong(_) => return true,
    };
    let Some(channel) = data.first().copied() else {
        return true;
    };
    let data = data.slice(1..);
    match channel {
        STDIN if !data.is_empty() && client.stdin.is_some() => *typed = Some(data),
        RESIZE => {
            if let Some(size) = terminal_size(&data) {
                let _ = client.resize.try_send(size);
            }
        }
        CLOSE if data.first() == Some(&STDIN) => client.stdin = None,
        _ => {}
    }
    true
}

async fn send_piece(
    socket: &mut WebSocket,
    channel: u8,
    piece: Option<Bytes>,
) -> Result<(), axum::Error> {
    match piece {
        Some(piece) => send(socket, channel, &piece).await,
        None => Ok(()),
    }
}

/// The message that ends a connection in peace; clients take one without a code for a failure.
pub(super) fn normal_closure() -> Message {
    Message::Close(Some(CloseFrame {
        code: close_code::NORMAL,
        reason: "".into(),
    }))
}

/// Sends one message on a channel.
pub(super) async fn send(
    socket: &mut WebSocket,
    channel: u8,
    data: &[u8],
) -> Result<(), axum::Error> {
    socket.send(message(channel, data)).await
}

/// What one channel has to say.
pub(super) fn message(channel: u8, data: &[u8]) -> Message {
    let mut message = BytesMut::with_capacity(data.len() + 1);
    message.put_u8(channel);
    message.put_slice(data);
    Message::Binary(message.freeze())
}
