//! Paths that are about no object: health, version, discovery, OpenAPI.

use axum::body::Body;
use http::{Method, Request as HttpRequest, Response, StatusCode};
use serde_json::{Value, json};

use super::request_info::RequestInfo;
use super::{ApiServer, discovery, group_versions, health, issuer, openapi, respond};
use crate::api::StatusError;

/// The Kubernetes version that this cluster behaves like.
pub const KUBERNETES_VERSION: &str = "v1.35.0";

/// Serves a non-resource path.
pub(super) fn serve(
    server: &ApiServer,
    info: &RequestInfo,
    request: &HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    let segments: Vec<&str> = info
        .path
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match segments.as_slice() {
        _ if !is_read => Err(StatusError::no_such_path()),
        ["healthz" | "livez" | "readyz", ..] => {
            let answer = health::serve(&info.path, request.uri().query());
            answer.ok_or_else(StatusError::no_such_path)
        }
        ["metrics"] => Ok(metrics(server)),
        ["version"] => Ok(respond::json_value(StatusCode::OK, &version())),
        [".well-known", "openid-configuration"] => Ok(issuer::configuration()),
        ["openid", "v1", "jwks"] => Ok(issuer::keys(server)),
        ["openapi", rest @ ..] => openapi::serve(server, rest, request),
        [] => Ok(paths(server)),
        _ => discovery::serve(server, &segments, request),
    }
}

/// The answer to `/version`.
pub fn version() -> Value {
    let mut numbers = KUBERNETES_VERSION.trim_start_matches('v').split('.');
    json!({
        "major": numbers.next(), "minor": numbers.next(),
        "gitVersion": KUBERNETES_VERSION, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2025-12-17T00:00:00Z", "goVersion": "none", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, go_architecture()),
    })
}

/// The machine's architecture as Go names it.
pub fn go_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn metrics(server: &ApiServer) -> Response<Body> {
    let text = server.metrics().text(server);
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    respond::typed_response(StatusCode::OK, content_type, text.into())
}

fn paths(server: &ApiServer) -> Response<Body> {
    let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
    for (group_version, _) in group_versions::served(server) {
        if !group_version.group.is_empty() {
            paths.push(format!("/apis/{}", group_version.group));
            paths.push(format!("/apis/{group_version}"));
        }
    }
    for path in [
        "/.well-known/openid-configuration",
        "/healthz",
        "/livez",
        "/metrics",
        "/openapi/v2",
        "/openapi/v3",
        "/openid/v1/jwks",
        "/readyz",
        "/version",
    ] {
        paths.push(path.to_owned());
    }
    paths.sort();
    paths.dedup();
    respond::json_value(StatusCode::OK, &json!({"paths": paths}))
}
