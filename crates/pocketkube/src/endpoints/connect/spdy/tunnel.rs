//! SPDY inside a WebSocket: each binary message is a piece of the SPDY connection's bytes.
//!
//! Mirrors `client-go/tools/portforward/tunneling_connection.go` (v1.35).

use axum::body::Body;
use axum::extract::ws::{Message, WebSocket};
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderMap, Request as HttpRequest, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::Target;
use super::super::channels::{self, normal_closure};
use super::forward::forward;
use crate::api::StatusError;

const PROTOCOL: &str = "SPDY/3.1+portforward.k8s.io";
const BUFFER: usize = 64 * 1024;

/// Whether a WebSocket handshake asks for the tunnel.
pub(in super::super) fn is_tunnelled(headers: &HeaderMap) -> bool {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim() == PROTOCOL)
}

/// Forwards ports over SPDY inside a WebSocket.
pub(in super::super) fn serve_tunnel(
    target: Target,
    request: HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    let upgrade = channels::upgrade(request, &[PROTOCOL])?;
    Ok(upgrade.on_upgrade(move |socket| run(socket, target)))
}

async fn run(mut socket: WebSocket, target: Target) {
    let (near, far) = tokio::io::duplex(BUFFER);
    let pump = async {
        let (mut reader, mut writer) = tokio::io::split(near);
        let mut chunk = bytes::BytesMut::with_capacity(BUFFER);
        loop {
            tokio::select! {
                message = socket.recv() => match message {
                    Some(Ok(Message::Binary(data))) => {
                        if writer.write_all(&data).await.is_err() {
                            break;
                        }
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => {}
                },
                read = reader.read_buf(&mut chunk) => match read {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {
                        let piece = chunk.split().freeze();
                        if socket.send(Message::Binary(piece)).await.is_err() {
                            break;
                        }
                    }
                },
            }
        }
        let _ = socket.send(normal_closure()).await;
    };
    // Both ends stop when either does: the pump drops its pipe, or the session closes its own.
    tokio::join!(pump, forward(far, target));
}
