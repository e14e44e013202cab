//! `kubectl port-forward`: streams between the client and a Pod's ports.
//!
//! Mirrors `kubelet/pkg/cri/streaming/portforward/{httpstream,websocket}.go` (v1.35).

use axum::body::Body;
use axum::extract::ws::{Message, WebSocket};
use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use http::{Request as HttpRequest, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;

use super::super::query::Query;
use super::channels::normal_closure;
use super::{Target, channels, spdy};
use crate::api::StatusError;
use crate::registry::core::pod::connect::{Connection, require_node};

const PROTOCOLS: [&str; 2] = ["v4.channel.k8s.io", "portforward.k8s.io"];
const CHUNK: usize = 32 * 1024;

/// Upgrades the connection and forwards over it.
pub(super) fn serve(
    target: Target,
    query: &Query,
    request: HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    require_node(target.pod.value())?;
    if spdy::is_tunnelled(request.headers()) {
        return spdy::serve_tunnel(target, request);
    }
    if spdy::is_requested(request.headers()) {
        return spdy::serve_port_forward(target, request);
    }
    let ports = ports(query)?;
    let upgrade = channels::upgrade(request, &PROTOCOLS)?;
    Ok(upgrade.on_upgrade(move |socket| forward(socket, target, ports)))
}

fn ports(query: &Query) -> Result<Vec<u16>, StatusError> {
    let mut ports = Vec::new();
    for list in query.all("ports") {
        for text in list.split(',') {
            match text.parse::<u16>() {
                Ok(port) if port > 0 => ports.push(port),
                _ => {
                    return Err(StatusError::bad_request(format!("invalid port {text:?}")));
                }
            }
        }
    }
    if ports.is_empty() {
        return Err(StatusError::bad_request(
            "at least one port must be specified",
        ));
    }
    Ok(ports)
}

/// Two channels a port: data, then errors. Each begins with the port number.
async fn forward(mut socket: WebSocket, target: Target, ports: Vec<u16>) {
    let (pieces, mut from_ports) = mpsc::channel::<(u8, Bytes)>(16);
    let mut writers: Vec<Option<WriteHalf<Box<dyn Connection>>>> = Vec::new();
    let mut readers = tokio::task::JoinSet::new();
    for (index, port) in ports.iter().enumerate() {
        let data_channel = u8::try_from(index * 2).unwrap_or(u8::MAX);
        for channel in [data_channel, data_channel + 1] {
            if channels::send(&mut socket, channel, &port.to_le_bytes())
                .await
                .is_err()
            {
                return;
            }
        }
        match target.nodes.port_forward(&target.pod, *port).await {
            Ok(connection) => {
                let (reader, writer) = tokio::io::split(connection);
                writers.push(Some(writer));
                readers.spawn(pump(reader, data_channel, pieces.clone()));
            }
            Err(why) => {
                writers.push(None);
                let _ = channels::send(&mut socket, data_channel + 1, why.as_bytes()).await;
            }
        }
    }
    drop(pieces);
    let (mut to_client, mut from_client) = socket.split();
    // Each direction waits for itself alone: a port that reads no more until it is read from must
    // not be waited for by who reads from it.
    let up = async {
        while let Some(Ok(message)) = from_client.next().await {
            match message {
                Message::Binary(data) if !data.is_empty() => {
                    let slot = writers.get_mut(usize::from(data[0] / 2));
                    if let Some(Some(writer)) = slot
                        && data[0] % 2 == 0
                        && writer.write_all(&data[1..]).await.is_err()
                    {
                        return;
                    }
                }
                Message::Close(_) => return,
                _ => {}
            }
        }
    };
    let down = async {
        while let Some((channel, data)) = from_ports.recv().await {
            let message = channels::message(channel, &data);
            if to_client.send(message).await.is_err() {
                return;
            }
        }
        let _ = to_client.send(normal_closure()).await;
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

async fn pump(
    mut reader: ReadHalf<Box<dyn Connection>>,
    channel: u8,
    pieces: mpsc::Sender<(u8, Bytes)>,
) {
    loop {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        match reader.read_buf(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                if pieces.send((channel, chunk.freeze())).await.is_err() {
                    return;
                }
            }
        }
    }
}
