//! What happens to every HTTP request around its handling: it is counted, bounded in time, waits
//! for a seat, and its answer is compressed.
//!
//! Mirrors `apiserver/pkg/server/filters` and `apiserver/pkg/endpoints/filters` (v1.35). None of it
//! concerns clients in the same process, who call [`ApiServer::call`] directly.

mod compression;
mod deadline;
mod metrics;
mod overload;

use axum::body::Body;
use http::{Method, Request as HttpRequest, Response};

use super::query::Query;
use super::request_info::RequestInfo;
use super::{ApiServer, connect, respond};

pub(super) use metrics::Metrics;
pub(super) use overload::Overload;

/// Answers a request; failures become a `Status`.
pub(super) async fn answer(server: &ApiServer, request: HttpRequest<Body>) -> Response<Body> {
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let path = request.uri().path();
    let info = RequestInfo::parse(request.method(), path, query.flag("watch"));
    let is_compressed =
        *request.method() == Method::GET && compression::is_accepted(request.headers());
    let observed = server.metrics().begin(server, &info, &query, &request);
    let answer = match deadline::of(&info, &query) {
        Err(error) => Err(error),
        Ok(None) => server.route(request).await,
        Ok(Some(limit)) => deadline::bound(limit, server.route(request)).await,
    };
    let response = answer.unwrap_or_else(|error| respond::error(&error));
    observed.end(response.status());
    if is_compressed {
        compression::compress(response).await
    } else {
        response
    }
}

/// Whether a request may stay open for as long as it likes.
fn is_long_running(info: &RequestInfo) -> bool {
    info.verb == "watch" || connect::is_connection(&info.subresource)
}
