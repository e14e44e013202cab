//! Connections of the API server to containers: logs, exec, attach, port-forward.
//!
//! Mirrors `pkg/kubelet/server/server.go` and `validateContainerLogStatus` of
//! `pkg/kubelet/kubelet_pods.go` (v1.35).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::PollSender;

use super::Kubelets;
use super::pod_worker::view::{ContainerView, PodView};
use super::runtime::{self, Container, LogBuffer};
use crate::api::{ObjectRef, StatusError};
use crate::registry::core::pod::connect::{
    Connection, ExitStatus, LogOptions, LogStream, NodeConnection, Streams, TerminalSize,
    require_node,
};
use crate::sockets::ConnectError;

#[async_trait]
impl NodeConnection for Kubelets {
    async fn logs(
        &self,
        pod: &ObjectRef,
        container: &str,
        options: &LogOptions,
    ) -> Result<LogStream, StatusError> {
        let name = pod.name();
        let view = self.view(pod).map_err(|error| match error {
            Unconnected::Refused(error) => error,
            Unconnected::Dial { kubelet, why } => lost(format!(
                "Get \"https://{kubelet}/containerLogs/{}/{name}/{container}\": {why}",
                pod.namespace()
            )),
        })?;
        let found = view.and_then(|view| view.container(container));
        let found = found.ok_or_else(|| {
            not_yet(format!(
                "container {container:?} in pod {name:?} is not available"
            ))
        })?;
        let log = log_of(&found, container, name, options.previous)?;
        let reader = log.read(runtime::LogOptions {
            follow: options.follow && !options.previous,
            tail: options.tail_lines,
            since: options.since,
            timestamps: options.timestamps,
            limit_bytes: options.limit_bytes.map(|limit| limit as u64),
        });
        let lines = stream::unfold(reader, async |mut reader| {
            let next = reader.next().await?;
            Some((next, reader))
        });
        Ok(lines.boxed())
    }

    async fn exec(
        &self,
        pod: &ObjectRef,
        container: &str,
        command: Vec<String>,
        streams: Streams,
    ) -> Result<ExitStatus, StatusError> {
        let running = self.running(pod, container)?;
        let tty = streams.tty;
        let (streams, resize, sizes) = adapt(streams);
        let ended = while_resizing(running.exec(command, tty, streams), resize, sizes).await;
        ended.map(|code| ExitStatus { code }).map_err(|error| {
            StatusError::internal(format!("error executing command in container: {error}"))
        })
    }

    async fn attach(
        &self,
        pod: &ObjectRef,
        container: &str,
        streams: Streams,
    ) -> Result<ExitStatus, StatusError> {
        let running = self.running(pod, container)?;
        let (streams, resize, sizes) = adapt(streams);
        let ended = while_resizing(running.attach(streams), resize, sizes).await;
        ended.map_err(|error| {
            StatusError::internal(format!("error attaching to container: {error}"))
        })?;
        // The streams have ended; how the container did, its Pod's status says.
        Ok(ExitStatus { code: 0 })
    }

    async fn port_forward(
        &self,
        pod: &ObjectRef,
        port: u16,
    ) -> Result<Box<dyn Connection>, String> {
        let view = self.view(pod).map_err(|error| error.dialing().message)?;
        let sandbox = view.and_then(|view| view.sandbox());
        let sandbox = sandbox.ok_or_else(|| {
            format!(
                "error forwarding port {port} to pod {}, uid : failed to find sandbox",
                pod.uid()
            )
        })?;
        let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let network = sandbox.network();
        match network.sockets().connect(network.ip(), local) {
            Ok(connection) => Ok(Box::new(connection.stream)),
            Err(error) => {
                let id = sandbox.id();
                let why = reason(&error);
                Err(format!(
                    "error forwarding port {port} to pod {id}, uid : failed to execute \
                     portforward in network namespace \"/var/run/netns/cni-{}\": failed to \
                     connect to localhost:{port} inside namespace {id:?}, IPv4: dial tcp4 \
                     127.0.0.1:{port}: connect: {why} IPv6 dial tcp6: address localhost: no \
                     suitable address found ",
                    pod.uid(),
                ))
            }
        }
    }

    async fn dial(&self, address: SocketAddr) -> io::Result<Box<dyn Connection>> {
        match self.sockets().connect(self.control_plane_ip(), address) {
            Ok(connection) => Ok(Box::new(connection.stream)),
            Err(error) => Err(io::Error::new(
                match error {
                    ConnectError::Refused => io::ErrorKind::ConnectionRefused,
                    ConnectError::Unreachable => io::ErrorKind::HostUnreachable,
                    ConnectError::Dropped { .. } => io::ErrorKind::TimedOut,
                },
                format!("dial tcp {address}: connect: {}", reason(&error)),
            )),
        }
    }
}

fn reason(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::Refused => "connection refused",
        ConnectError::Unreachable => "no route to host",
        ConnectError::Dropped { .. } => "connection timed out",
    }
}

impl Kubelets {
    fn view(&self, pod: &ObjectRef) -> Result<Option<Arc<PodView>>, Unconnected> {
        let node = require_node(pod.value()).map_err(Unconnected::Refused)?;
        if let Some(kubelet) = self.kubelet(node) {
            return Ok(kubelet.view(pod.uid()));
        }
        let lost = self.lost.lock();
        Err(match lost.get(node) {
            Some(lost) => {
                let kubelet = SocketAddr::new(lost.config.ip, KUBELET_PORT);
                let why = format!("dial tcp {kubelet}: connect: no route to host");
                Unconnected::Dial { kubelet, why }
            }
            None => Unconnected::Refused(StatusError::internal(format!(
                "dial tcp: lookup {node}: no such host"
            ))),
        })
    }

    fn running(&self, pod: &ObjectRef, name: &str) -> Result<Arc<Container>, StatusError> {
        let view = self.view(pod).map_err(Unconnected::dialing)?;
        let view = view.and_then(|view| view.container(name));
        let container = view.and_then(|view| view.current);
        let is_running = |container: &Arc<Container>| {
            matches!(container.state(), runtime::ContainerState::Running { .. })
        };
        container.filter(is_running).ok_or_else(|| {
            StatusError::internal(format!(
                "unable to upgrade connection: container not found ({name:?})"
            ))
        })
    }
}

/// Where kubelets listen.
const KUBELET_PORT: u16 = 10250;

/// Why a kubelet could not be asked.
enum Unconnected {
    Refused(StatusError),
    /// Nobody is at its address.
    Dial {
        kubelet: SocketAddr,
        why: String,
    },
}

impl Unconnected {
    /// In the words of connections that the API server only passes on.
    fn dialing(self) -> StatusError {
        match self {
            Self::Refused(error) => error,
            Self::Dial { why, .. } => lost(format!("error dialing backend: {why}")),
        }
    }
}

/// An error that has no reason of its own.
fn lost(message: String) -> StatusError {
    StatusError::new(500, "", message)
}

fn not_yet(message: String) -> StatusError {
    StatusError::bad_request(message)
}

/// The log that a request means, or why there is none, in the kubelet's words.
fn log_of(
    view: &ContainerView,
    container: &str,
    pod: &str,
    previous: bool,
) -> Result<Arc<LogBuffer>, StatusError> {
    let current = view.current.as_ref().map(|own| own.logs().clone());
    if previous {
        // While it waits to be restarted, the run that just ended is the previous one.
        let ended = view.waiting.is_some() && view.has_ended;
        let log = if ended {
            current
        } else {
            view.previous_log.clone()
        };
        return log.ok_or_else(|| {
            not_yet(format!(
                "previous terminated container {container:?} in pod {pod:?} not found"
            ))
        });
    }
    let waiting = view.waiting.as_deref().filter(|_| !view.has_ended);
    match (waiting, current) {
        (None, Some(log)) => Ok(log),
        (Some(reason), _) => {
            let why = match reason {
                "ErrImagePull" => "image can't be pulled",
                "ImagePullBackOff" => "trying and failing to pull image",
                other => other,
            };
            Err(not_yet(format!(
                "container {container:?} in pod {pod:?} is waiting to start: {why}"
            )))
        }
        (None, None) => Err(not_yet(format!(
            "container {container:?} in pod {pod:?} is terminated"
        ))),
    }
}

/// The client's channels as the runtime's streams, and both ends of what [`while_resizing`]
/// passes on.
fn adapt(
    streams: Streams,
) -> (
    runtime::Streams,
    mpsc::Receiver<TerminalSize>,
    watch::Sender<runtime::TerminalSize>,
) {
    let Streams {
        stdin,
        stdout,
        stderr,
        tty,
        resize,
    } = streams;
    let (sizes, terminal) = watch::channel(runtime::TerminalSize::default());
    let writer = |sender: mpsc::Sender<Bytes>| -> runtime::BoxedWriter {
        Box::new(ChannelWriter {
            sender: PollSender::new(sender),
        })
    };
    let adapted = runtime::Streams {
        stdin: stdin.map(|receiver| -> runtime::BoxedReader {
            Box::new(ChannelReader {
                receiver,
                rest: Bytes::new(),
            })
        }),
        stdout: stdout.map(writer),
        stderr: stderr.filter(|_| !tty).map(writer),
        resize: Some(terminal),
    };
    (adapted, resize, sizes)
}

/// Passes terminal sizes on while `work` goes on.
async fn while_resizing<T>(
    work: impl Future<Output = T>,
    mut resize: mpsc::Receiver<TerminalSize>,
    sizes: watch::Sender<runtime::TerminalSize>,
) -> T {
    let pass_on = async {
        while let Some(TerminalSize { width, height }) = resize.recv().await {
            sizes.send_replace(runtime::TerminalSize { width, height });
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        done = work => done,
        () = pass_on => unreachable!("sizes are passed on for ever"),
    }
}

/// Reads what arrives in a channel.
struct ChannelReader {
    receiver: mpsc::Receiver<Bytes>,
    rest: Bytes,
}

impl AsyncRead for ChannelReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(self.receiver.poll_recv(context)) {
                Some(bytes) => self.rest = bytes,
                None => return Poll::Ready(Ok(())),
            }
        }
        let length = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(length));
        Poll::Ready(Ok(()))
    }
}

/// Writes into a channel, waiting where it is full.
struct ChannelWriter {
    sender: PollSender<Bytes>,
}

impl AsyncWrite for ChannelWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        content: &[u8],
    ) -> Poll<io::Result<usize>> {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        if ready!(self.sender.poll_reserve(context)).is_err() {
            return Poll::Ready(Err(broken()));
        }
        let sent = self.sender.send_item(Bytes::copy_from_slice(content));
        Poll::Ready(sent.map(|()| content.len()).map_err(|_| broken()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.sender.close();
        Poll::Ready(Ok(()))
    }
}
