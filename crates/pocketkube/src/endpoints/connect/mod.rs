//! Connections to containers: logs, exec, attach, port-forward and proxies.
//!
//! Each file decides what a request means and hands the streams to the Pod's node through
//! [`NodeConnection`](crate::registry::core::pod::connect::NodeConnection). Clients speak three
//! dialects: WebSocket with one channel byte a message (kube-rs, Python, kubectl exec since 1.31),
//! SPDY/3.1 (older clients), and SPDY/3.1 inside a WebSocket (kubectl port-forward since 1.31).

mod admit;
mod channels;
mod exec;
mod log;
mod port_forward;
mod proxy;
mod remote_command;
mod spdy;

use std::sync::Arc;

use axum::body::Body;
use http::{Request as HttpRequest, Response};

use super::ApiServer;
use super::query::Query;
use super::request_info::RequestInfo;
use crate::api::{ObjectRef, StatusError};
use crate::authentication::UserInfo;
use crate::registry::ResourceDef;
use crate::registry::core::pod::connect::NodeConnection;

/// Whether a subresource is served by a connection rather than an object.
pub(super) fn is_connection(subresource: &str) -> bool {
    matches!(
        subresource,
        "log" | "exec" | "attach" | "portforward" | "proxy"
    )
}

/// Opens the connection that a request asks for.
pub(super) async fn serve(
    server: &ApiServer,
    user: &Arc<UserInfo>,
    resource: &ResourceDef,
    info: &RequestInfo,
    query: &Query,
    request: HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    let nodes = server
        .nodes()
        .ok_or_else(|| StatusError::service_unavailable("no kubelet is running"))?
        .clone();
    admit::admit(server, user, resource, info, query).await?;
    if info.subresource == "proxy" {
        return proxy::serve(server, resource, info, nodes, request).await;
    }
    let pod = server
        .registry()
        .get(resource, &info.namespace, &info.name)?;
    let target = Target { pod, nodes };
    match info.subresource.as_str() {
        "log" => log::serve(&target, query, server.registry().clock()).await,
        "exec" => exec::serve(target, query, request, exec::Action::Exec),
        "attach" => exec::serve(target, query, request, exec::Action::Attach),
        "portforward" => port_forward::serve(target, query, request),
        _ => Err(StatusError::no_such_path()),
    }
}

/// The Pod that a request is about, and the way to its node.
#[derive(Clone)]
struct Target {
    pod: ObjectRef,
    nodes: Arc<dyn NodeConnection>,
}
