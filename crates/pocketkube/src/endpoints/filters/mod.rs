//! What happens to every HTTP request around its handling: it is counted, bounded in time, waits
//! for a seat, and its answer is indented or compressed.
//!
//! Mirrors `apiserver/pkg/server/filters` and `apiserver/pkg/endpoints/filters` (v1.35). None of it
//! concerns clients in the same process, who call [`ApiServer::call`] directly.

mod compression;
mod deadline;
mod flow_control;
mod metrics;
mod pretty;

use axum::body::{Body, HttpBody};
use http::header::CONTENT_LENGTH;
use http::{Method, Request as HttpRequest, Response};

use super::query::Query;
use super::request_info::RequestInfo;
use super::{ApiServer, connect, respond};

pub(super) use flow_control::FlowControl;
pub(super) use metrics::Metrics;

/// Answers a request; failures become a `Status`.
pub(super) async fn answer(server: &ApiServer, request: HttpRequest<Body>) -> Response<Body> {
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let path = request.uri().path();
    let info = RequestInfo::parse(request.method(), path, query.flag("watch"));
    let is_head = *request.method() == Method::HEAD;
    let is_compressed =
        *request.method() == Method::GET && compression::is_accepted(request.headers());
    let is_indented = pretty::is_wanted(request.headers(), &query);
    let observed = server.metrics().begin(server, &info, &query, &request);
    let answer = match deadline::of(&info, &query) {
        Err(error) => Err(error),
        Ok(None) => server.route(request, info, query).await,
        Ok(Some(limit)) => deadline::bound(limit, server.route(request, info, query)).await,
    };
    let mut response = answer.unwrap_or_else(|error| respond::error(&error));
    observed.end(response.status());
    if is_indented {
        response = pretty::indent(response).await;
    }
    if is_compressed {
        response = compression::compress(response).await;
    }
    if is_head {
        headless(response)
    } else {
        response
    }
}

/// The answer to a HEAD: what a GET would be told, without its body.
fn headless(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, Body::empty())
}

/// Whether a request may stay open for as long as it likes.
fn is_long_running(info: &RequestInfo) -> bool {
    info.verb == "watch" || connect::is_connection(&info.subresource)
}
