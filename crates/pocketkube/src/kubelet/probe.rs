//! What probes and lifecycle hooks do: run a command, ask over HTTP, open a connection.
//!
//! One attempt each; repeating and judging is [`super::prober`]'s. The words are those of Go's
//! HTTP client and dialer. Mirrors `pkg/probe` (v1.35).

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{
    Container as ContainerSpec, ExecAction, HTTPGetAction, HTTPHeader, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use parking_lot::Mutex;
use tokio::io::AsyncWrite;

use super::runtime::{Container, DialError, PodNetwork, Streams, Transport, Trust, connect_tls};
use super::text;
use crate::clock::Clock;

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    Succeeded,
    Failed(String),
    /// It could not be made at all.
    Errored(String),
}

/// From where, and how long, things are tried.
#[derive(Clone)]
pub struct Prospect<'a> {
    pub network: &'a Arc<PodNetwork>,
    pub clock: &'a Clock,
    pub timeout: Duration,
    /// The Pod's address, where an action names none.
    pub ip: IpAddr,
    /// For ports that are named.
    pub container: &'a ContainerSpec,
}

/// Most of a command's output that is kept.
const LONGEST_OUTPUT: usize = 10 * 1024;

/// Runs a command in the container.
pub async fn exec(
    action: &ExecAction,
    container: &Arc<Container>,
    clock: &Clock,
    timeout: Option<Duration>,
) -> Attempt {
    let command = action.command.clone().unwrap_or_default();
    let output = Collector::default();
    let streams = Streams {
        stdout: Some(Box::new(output.clone())),
        stderr: Some(Box::new(output.clone())),
        ..Streams::default()
    };
    let running = container.exec(command.clone(), false, streams);
    let ended = match timeout {
        Some(timeout) => clock.timeout(timeout, running).await,
        None => Some(running.await),
    };
    match ended {
        None => Attempt::Failed(format!(
            "command timed out: {:?} timed out after {}",
            command.join(" "),
            text::duration(timeout.unwrap_or_default())
        )),
        Some(Ok(0)) => Attempt::Succeeded,
        Some(Ok(_)) => Attempt::Failed(output.text()),
        Some(Err(error)) => Attempt::Errored(format!("rpc error: code = Unknown desc = {error}")),
    }
}

/// Asks for a page; any status from 200 to 399 is a success.
pub async fn http_get(action: &HTTPGetAction, prospect: Prospect<'_>) -> Attempt {
    let port = match port(&action.port, prospect.container) {
        Ok(port) => port,
        Err(error) => return Attempt::Errored(error),
    };
    let host = action.host.as_deref().filter(|host| !host.is_empty());
    let address = match host {
        None => prospect.ip,
        Some(host) => match host.parse() {
            Ok(ip) => ip,
            Err(_) => {
                return Attempt::Failed(format!(
                    "Get \"http://{host}:{port}/\": dial tcp: lookup {host}: no such host"
                ));
            }
        },
    };
    let scheme = action.scheme.as_deref().unwrap_or("HTTP").to_lowercase();
    let path = action.path.as_deref().unwrap_or("/");
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    let to = SocketAddr::new(address, port);
    let url = format!("{scheme}://{to}{path}");
    let headers = action.http_headers.as_deref().unwrap_or_default();
    let asked = ask(&prospect, scheme == "https", to, &path, headers);
    match prospect.clock.timeout(prospect.timeout, asked).await {
        None => Attempt::Failed(format!(
            "Get {url:?}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        )),
        Some(Ok(status)) if (200..400).contains(&status) => Attempt::Succeeded,
        Some(Ok(status)) => Attempt::Failed(format!("HTTP probe failed with statuscode: {status}")),
        Some(Err(error)) => Attempt::Failed(format!("Get {url:?}: {error}")),
    }
}

async fn ask(
    prospect: &Prospect<'_>,
    is_tls: bool,
    to: SocketAddr,
    path: &str,
    headers: &[HTTPHeader],
) -> Result<u16, String> {
    let dialed = prospect.network.dial(to, None).await;
    let connection = dialed.map_err(|error| dial_error(to, &error))?;
    let plain: Box<dyn Transport> = Box::new(connection.stream);
    let transport = match is_tls {
        // Probes take any certificate.
        true => connect_tls(plain, &to.ip().to_string(), Trust::Anyone)
            .await
            .map_err(|_| "http: server gave HTTP response to HTTPS client".to_owned())?,
        false => plain,
    };
    let (mut sender, driver) = http1::handshake(TokioIo::new(transport))
        .await
        .map_err(|error| error.to_string())?;
    let mut request = http::Request::get(path)
        .header("user-agent", "kube-probe/1.35")
        .header("accept", "*/*")
        .header("connection", "close");
    let named = |name: &str| {
        headers
            .iter()
            .any(|own| own.name.eq_ignore_ascii_case(name))
    };
    if !named("host") {
        request = request.header("host", to.to_string());
    }
    for header in headers {
        request = request.header(&header.name, &header.value);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let answered = async {
        let response = sender.send_request(request).await;
        response.map(|response| response.status().as_u16())
    };
    tokio::pin!(answered);
    tokio::select! {
        biased;
        response = &mut answered => response.map_err(|_| "EOF".to_owned()),
        _ = driver => answered.await.map_err(|_| "EOF".to_owned()),
    }
}

/// Opens a connection and closes it again.
pub async fn tcp(action: &TCPSocketAction, prospect: Prospect<'_>) -> Attempt {
    let port = match port(&action.port, prospect.container) {
        Ok(port) => port,
        Err(error) => return Attempt::Errored(error),
    };
    let host = action.host.as_deref().and_then(|host| host.parse().ok());
    let to = SocketAddr::new(host.unwrap_or(prospect.ip), port);
    match prospect.network.dial(to, Some(prospect.timeout)).await {
        Ok(_) => Attempt::Succeeded,
        Err(error) => Attempt::Failed(dial_error(to, &error)),
    }
}

/// Whether a gRPC server says that it is well. No simulated program speaks gRPC, so at best
/// somebody listens.
pub async fn grpc(port: i32, prospect: Prospect<'_>) -> Attempt {
    let to = SocketAddr::new(prospect.ip, u16::try_from(port).unwrap_or_default());
    match prospect.network.dial(to, Some(prospect.timeout)).await {
        Ok(_) => Attempt::Failed(
            "error: this server does not implement the grpc health protocol \
             (grpc.health.v1.Health)"
                .to_owned(),
        ),
        Err(_) => Attempt::Failed(format!(
            "timeout: failed to connect service {:?} within {}: context deadline exceeded",
            to.to_string(),
            text::duration(prospect.timeout)
        )),
    }
}

fn dial_error(to: SocketAddr, error: &DialError) -> String {
    match error {
        DialError::Refused => format!("dial tcp {to}: connect: connection refused"),
        DialError::Unreachable => format!("dial tcp {to}: connect: no route to host"),
        DialError::TimedOut => format!("dial tcp {to}: i/o timeout"),
    }
}

fn port(port: &IntOrString, container: &ContainerSpec) -> Result<u16, String> {
    match port {
        IntOrString::Int(port) => {
            u16::try_from(*port).map_err(|_| format!("invalid port number: {port}"))
        }
        IntOrString::String(name) => {
            let mut ports = container.ports.iter().flatten();
            let found = ports.find(|port| port.name.as_deref() == Some(name));
            match found {
                Some(found) => Ok(u16::try_from(found.container_port).unwrap_or_default()),
                None => name
                    .parse()
                    .map_err(|_| format!("couldn't find port: {name:?} in pod")),
            }
        }
    }
}

/// Keeps what a command writes, up to a limit.
#[derive(Clone, Default)]
struct Collector {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock()).into_owned()
    }
}

impl AsyncWrite for Collector {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        content: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let mut bytes = self.bytes.lock();
        let room = LONGEST_OUTPUT.saturating_sub(bytes.len());
        bytes.extend_from_slice(&content[..content.len().min(room)]);
        Poll::Ready(Ok(content.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
