//! Port-forward over SPDY: a pair of streams, data and error, for every connection.

use std::collections::HashMap;

use axum::body::Body;
use bytes::BytesMut;
use http::{Request as HttpRequest, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::Target;
use super::command::spawn;
use super::session::{self, Stream};
use super::upgrade;
use crate::api::StatusError;

const CHUNK: usize = 32 * 1024;

/// Forwards ports over SPDY.
pub(in super::super) fn serve_port_forward(
    target: Target,
    request: HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    let (on_upgrade, response) = upgrade(request, &["portforward.k8s.io"])?;
    spawn(async move {
        if let Ok(connection) = on_upgrade.await {
            forward(TokioIo::new(connection), target).await;
        }
    });
    Ok(response)
}

/// Serves every pair of streams that the client opens, until the connection ends.
pub(super) async fn forward(connection: impl AsyncRead + AsyncWrite + Unpin, target: Target) {
    let (opened, streams) = mpsc::channel(8);
    let (ended, ()) = tokio::join!(
        session::run(connection, opened),
        serve_pairs(target, streams)
    );
    if let Err(error) = ended {
        tracing::debug!(%error, "port-forward connection ended");
    }
}

async fn serve_pairs(target: Target, mut streams: mpsc::Receiver<Stream>) {
    let mut halves: HashMap<String, Stream> = HashMap::new();
    let mut copies = JoinSet::new();
    while let Some(stream) = streams.recv().await {
        let request = stream.headers.get("requestid").cloned().unwrap_or_default();
        let Some(other) = halves.remove(&request) else {
            halves.insert(request, stream);
            continue;
        };
        let is_data = stream
            .headers
            .get("streamtype")
            .is_some_and(|kind| kind == "data");
        let (data, error) = if is_data {
            (stream, other)
        } else {
            (other, stream)
        };
        copies.spawn(copy(target.clone(), data, error));
        while copies.try_join_next().is_some() {}
    }
}

async fn copy(target: Target, data: Stream, error: Stream) {
    let port = data.headers.get("port").and_then(|port| port.parse().ok());
    let connection = match port {
        Some(port) => target.nodes.port_forward(&target.pod, port).await,
        None => Err("the port header is missing or malformed".to_owned()),
    };
    let connection = match connection {
        Ok(connection) => connection,
        Err(why) => {
            let _ = error.output.send(why.into()).await;
            error.output.close().await;
            data.output.close().await;
            return;
        }
    };
    let (mut reader, mut writer) = tokio::io::split(connection);
    let mut input = data.input;
    let output = data.output;
    let to_pod = async {
        while let Some(piece) = input.recv().await {
            if writer.write_all(&piece).await.is_err() {
                break;
            }
        }
        let _ = writer.shutdown().await;
    };
    let from_pod = async {
        loop {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            match reader.read_buf(&mut chunk).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {
                    if output.send(chunk.freeze()).await.is_err() {
                        break;
                    }
                }
            }
        }
        output.close().await;
        error.output.close().await;
    };
    // The client closes its half when it has read everything, so the Pod's half decides.
    tokio::pin!(to_pod);
    tokio::pin!(from_pod);
    tokio::select! {
        () = &mut from_pod => {}
        () = &mut to_pod => from_pod.await,
    }
}
