//! The API server's way to the nodes: logs, exec, attach, port-forward and plain connections.
//!
//! [`NodeConnection`] is the seam that the kubelets implement and the server speaks to, so that
//! neither imports the other. The functions here decide what the API server itself decides before
//! it turns to a node: which container is meant, and whether there is a node at all.
//! Mirrors `pkg/registry/core/pod/rest/{log,subresources}.go` and the `*Location` functions of
//! `pkg/registry/core/pod/strategy.go` (v1.35).

use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use crate::api::{ObjectRef, StatusError, meta};

/// Reaches the containers of Pods. `pod` is always the stored object; implementors find its node
/// in `spec.nodeName`. Dropping a returned future, stream or connection ends what it drives.
#[async_trait]
pub trait NodeConnection: Send + Sync {
    /// The lines a container has written, and those to come where `options.follow` is set.
    /// Fails with 400 while there is nothing to read, in the kubelet's words.
    async fn logs(
        &self,
        pod: &ObjectRef,
        container: &str,
        options: &LogOptions,
    ) -> Result<LogStream, StatusError>;

    /// Runs a command beside a container's own process until it ends. An error is what belongs on
    /// the connection's error channel: the server has usually switched protocols by then.
    async fn exec(
        &self,
        pod: &ObjectRef,
        container: &str,
        command: Vec<String>,
        streams: Streams,
    ) -> Result<ExitStatus, StatusError>;

    /// Connects to a container's own process until it ends or the streams do.
    async fn attach(
        &self,
        pod: &ObjectRef,
        container: &str,
        streams: Streams,
    ) -> Result<ExitStatus, StatusError>;

    /// Opens a connection to a port on the Pod's loopback interface. The error is the text for
    /// the port's error stream.
    async fn port_forward(&self, pod: &ObjectRef, port: u16)
    -> Result<Box<dyn Connection>, String>;

    /// Opens a connection from the control plane to an address in the cluster network: a Pod's
    /// or a Service's.
    async fn dial(&self, address: SocketAddr) -> io::Result<Box<dyn Connection>>;
}

/// Pieces of a container's log; it ends with the log, or with the container when followed.
pub type LogStream = BoxStream<'static, Bytes>;

/// A two-way stream of bytes.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// What part of a log is asked for. Mirrors `PodLogOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    pub follow: bool,
    /// The instance before the present one.
    pub previous: bool,
    pub timestamps: bool,
    /// Nothing older than this.
    pub since: Option<Timestamp>,
    pub tail_lines: Option<usize>,
    pub limit_bytes: Option<usize>,
    /// Only one of the two streams.
    pub stream: Option<OutputStream>,
}

/// One of a process's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    Stdout,
    Stderr,
}

/// The ends of an exec or attach. Channels are bounded, which slows a talkative process down.
pub struct Streams {
    /// Closed when the client has no more input.
    pub stdin: Option<mpsc::Receiver<Bytes>>,
    pub stdout: Option<mpsc::Sender<Bytes>>,
    /// With a terminal, everything arrives on `stdout`.
    pub stderr: Option<mpsc::Sender<Bytes>>,
    pub tty: bool,
    /// The size of the client's terminal, now and after every change.
    pub resize: mpsc::Receiver<TerminalSize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    pub width: u16,
    pub height: u16,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitStatus {
    pub code: i32,
}

impl ExitStatus {
    /// The `Status` that ends an exec or attach on its error channel, with the words of
    /// `k8s.io/apimachinery/pkg/util/remotecommand` and the kubelet's streaming server.
    pub fn to_status(self) -> Value {
        if self.code == 0 {
            return serde_json::json!({"metadata": {}, "status": "Success"});
        }
        let code = self.code.to_string();
        serde_json::json!({
            "metadata": {},
            "status": "Failure",
            "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: exit status {code}"),
            "details": {"causes": [{"reason": "ExitCode", "message": code}]},
        })
    }
}

/// The container that a request means: the one it names, or the only one there is.
///
/// Fails with 400 where the name is missing and ambiguous, or unknown.
pub fn container_named(pod: &Value, requested: &str) -> Result<String, StatusError> {
    let name = meta::name(pod);
    if !requested.is_empty() {
        return if container_names(pod).any(|container| container == requested) {
            Ok(requested.to_owned())
        } else {
            Err(StatusError::bad_request(format!(
                "container {requested} is not valid for pod {name}"
            )))
        };
    }
    match pod["spec"]["containers"].as_array().map(Vec::as_slice) {
        Some([only]) => Ok(only["name"].as_str().unwrap_or_default().to_owned()),
        None | Some([]) => Err(StatusError::bad_request(format!(
            "a container name must be specified for pod {name}"
        ))),
        Some(_) => Err(StatusError::bad_request(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            container_names(pod).collect::<Vec<_>>().join(" ")
        ))),
    }
}

/// The Pod's node; `None` while it is not scheduled, where logs are empty (204).
pub fn node_of(pod: &Value) -> Option<&str> {
    pod["spec"]["nodeName"]
        .as_str()
        .filter(|node| !node.is_empty())
}

/// The Pod's node, or the refusal that exec, attach and port-forward give without one.
pub fn require_node(pod: &Value) -> Result<&str, StatusError> {
    node_of(pod).ok_or_else(|| {
        let name = meta::name(pod);
        StatusError::bad_request(format!("pod {name} does not have a host assigned"))
    })
}

/// All containers: init, regular and ephemeral ones.
fn container_names(pod: &Value) -> impl Iterator<Item = &str> {
    ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .filter_map(|list| pod["spec"][list].as_array())
        .flatten()
        .filter_map(|container| container["name"].as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(containers: &[&str]) -> Value {
        let containers: Vec<_> = containers.iter().map(|n| json!({"name": n})).collect();
        json!({"metadata": {"name": "web"}, "spec": {"containers": containers}})
    }

    #[test]
    fn the_only_container_needs_no_name() {
        assert_eq!(container_named(&pod(&["a"]), "").unwrap(), "a");
    }

    #[test]
    fn two_containers_ask_for_a_choice() {
        let error = container_named(&pod(&["a", "b"]), "").unwrap_err();
        assert_eq!(error.code, 400);
        assert_eq!(
            error.message,
            "a container name must be specified for pod web, choose one of: [a b]"
        );
    }

    #[test]
    fn an_unknown_container_is_refused() {
        let error = container_named(&pod(&["a"]), "x").unwrap_err();
        assert_eq!(error.message, "container x is not valid for pod web");
    }

    #[test]
    fn a_pod_without_a_node_cannot_be_connected_to() {
        let error = require_node(&pod(&["a"])).unwrap_err();
        assert_eq!(error.message, "pod web does not have a host assigned");
    }

    #[test]
    fn an_exit_code_travels_as_a_cause() {
        let status = ExitStatus { code: 3 }.to_status();
        assert_eq!(status["details"]["causes"][0]["message"], "3");
        assert_eq!(status["reason"], "NonZeroExitCode");
    }
}
