//! OpenAPI: what kubectl validates, explains, merges and completes with.
//!
//! Version 3 has one document a group and version, named by its hash so that clients cache it;
//! version 2 is one document for all. Both are made from the types' own schemas when somebody
//! asks, and again after the resource table has changed. Mirrors `kube-openapi/pkg/handler3`.

mod custom;
mod definitions;
mod document;
mod metrics;
mod paths;
mod protobuf;
mod remote;
mod version_2;

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderValue, Request as HttpRequest, Response, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};

use self::version_2::Version2;
use super::group_versions::{self, Parts, Resources};
use super::{ApiServer, respond};
use crate::api::StatusError;

/// Documents, each made when first asked for and again when one of its resources has changed.
#[derive(Default)]
pub(super) struct OpenApiCache {
    version_2: Version2,
    version_3: Parts<Document>,
}

#[derive(Clone)]
struct Document {
    body: Bytes,
    hash: Arc<str>,
}

impl Document {
    fn new(body: Bytes) -> Self {
        let hash = Sha256::digest(&body)
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect::<String>();
        Self {
            body,
            hash: hash.into(),
        }
    }
}

/// Serves `/openapi/…`.
pub(super) fn serve(
    server: &ApiServer,
    segments: &[&str],
    request: &HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    match segments {
        ["v2"] => version_2(server, request),
        ["v3"] => Ok(index(server)),
        ["v3", path @ ..] => {
            let path = path.join("/");
            let mut remote = remote::version_3(server.outbound()).into_iter();
            if let Some((_, document)) = remote.find(|(own, _)| *own == path) {
                return Ok(answer(&document, request));
            }
            let (_, resources) = served_by_path(server)
                .into_iter()
                .find(|(own, _)| *own == path)
                .ok_or_else(StatusError::no_such_path)?;
            Ok(answer(&version_3(server, &path, &resources), request))
        }
        _ => Err(StatusError::no_such_path()),
    }
}

const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// Version 2 in the first form that the client accepts.
fn version_2(
    server: &ApiServer,
    request: &HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    let accept = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("*/*");
    let whole = || {
        let versions = &server.openapi().version_2;
        versions.get(&served_by_path(server), server.outbound())
    };
    for clause in accept.split(',').map(str::trim) {
        match clause.split(';').next().unwrap_or_default().trim() {
            "application/json" => {
                return Ok(answer(&whole().json, request));
            }
            // Without a wish upstream sends JSON and calls it text.
            "*/*" | "application/*" => {
                let mut response = answer(&whole().json, request);
                let text = HeaderValue::from_static("text/plain; charset=utf-8");
                response.headers_mut().insert(CONTENT_TYPE, text);
                return Ok(response);
            }
            // Clients write "@v1.0", which is no media type, so the answer writes ".v1.0".
            form if form.contains("proto-openapi.spec.v2") => {
                let body = whole().protobuf;
                return Ok(respond::typed_response(StatusCode::OK, PROTOBUF, body));
            }
            _ => {}
        }
    }
    Err(StatusError::not_acceptable("application/json"))
}

/// What is served here, by the path of its document.
fn served_by_path(server: &ApiServer) -> Vec<(String, Resources)> {
    let remote = server.outbound().remote_versions().all();
    let served = group_versions::served(server).into_iter();
    served
        .filter(|(group_version, _)| !remote.contains(group_version))
        .map(|(group_version, resources)| {
            let path = match group_version.group.as_str() {
                "" => format!("api/{}", group_version.version),
                _ => format!("apis/{group_version}"),
            };
            (path, resources)
        })
        .collect()
}

fn version_3(server: &ApiServer, path: &str, resources: &Resources) -> Document {
    let make = |resources: &Resources| {
        let document = document::version_3(resources);
        Document::new(respond::encode(&document))
    };
    server.openapi().version_3.get(path, resources, make)
}

fn index(server: &ApiServer) -> Response<Body> {
    let mut paths = serde_json::Map::new();
    let own = served_by_path(server).into_iter().map(|(path, resources)| {
        let document = version_3(server, &path, &resources);
        (path, document)
    });
    for (path, Document { hash, .. }) in own.chain(remote::version_3(server.outbound())) {
        let url = format!("/openapi/v3/{path}?hash={hash}");
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    let is_served = |path: &str| paths.contains_key(path);
    server.openapi().version_3.retain(is_served);
    respond::json_value(StatusCode::OK, &json!({"paths": paths}))
}

fn answer(document: &Document, request: &HttpRequest<Body>) -> Response<Body> {
    let etag = format!("\"{}\"", document.hash);
    let is_known = request
        .headers()
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if is_known {
        respond::typed_response(StatusCode::NOT_MODIFIED, "application/json", Bytes::new())
    } else {
        respond::typed_response(StatusCode::OK, "application/json", document.body.clone())
    };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}
