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

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderValue, Request as HttpRequest, Response, StatusCode};
use parking_lot::Mutex;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::discovery::group_versions;
use super::{ApiServer, respond};
use crate::api::{GroupVersion, StatusError};
use crate::registry::ResourceDef;

/// Documents, each made when first asked for and again when one of its resources has changed.
#[derive(Default)]
pub(super) struct OpenApiCache {
    documents: Mutex<BTreeMap<String, (Resources, Document)>>,
}

/// What a document is about.
type Resources = Vec<Arc<ResourceDef>>;

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

impl OpenApiCache {
    fn get(
        &self,
        name: &str,
        resources: Resources,
        make: impl FnOnce(&[Arc<ResourceDef>]) -> serde_json::Value,
    ) -> Document {
        let is_same = |cached: &Resources| {
            cached.len() == resources.len()
                && cached
                    .iter()
                    .zip(&resources)
                    .all(|(a, b)| Arc::ptr_eq(a, b))
        };
        if let Some((cached, document)) = self.documents.lock().get(name)
            && is_same(cached)
        {
            return document.clone();
        }
        let document = Document::new(respond::encode(&make(&resources)));
        let entry = (resources, document.clone());
        self.documents.lock().insert(name.to_owned(), entry);
        document
    }
}

impl OpenApiCache {
    /// Forgets the documents of what is served no longer.
    fn keep(&self, is_served: impl Fn(&str) -> bool) {
        self.documents
            .lock()
            .retain(|name, _| name == "v2" || is_served(name));
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
            let group_version = group_versions(server)
                .into_iter()
                .find(|group_version| path_of(group_version) == path)
                .ok_or_else(StatusError::no_such_path)?;
            Ok(answer(&version_3(server, &group_version), request))
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
    let all = || server.registry().resources().all();
    let json = || server.openapi().get("v2", all(), document::version_2);
    for clause in accept.split(',').map(str::trim) {
        match clause.split(';').next().unwrap_or_default().trim() {
            "application/json" => {
                return Ok(answer(&json(), request));
            }
            // Without a wish upstream sends JSON and calls it text.
            "*/*" | "application/*" => {
                let mut response = answer(&json(), request);
                let text = HeaderValue::from_static("text/plain; charset=utf-8");
                response.headers_mut().insert(CONTENT_TYPE, text);
                return Ok(response);
            }
            // Clients write "@v1.0", which is no media type, so the answer writes ".v1.0".
            form if form.contains("proto-openapi.spec.v2") => {
                let body = protobuf::encode(&document::version_2(&all()));
                return Ok(respond::typed_response(
                    StatusCode::OK,
                    PROTOBUF,
                    body.into(),
                ));
            }
            _ => {}
        }
    }
    Err(StatusError::not_acceptable("application/json"))
}

fn path_of(group_version: &GroupVersion) -> String {
    if group_version.group.is_empty() {
        format!("api/{}", group_version.version)
    } else {
        format!("apis/{group_version}")
    }
}

fn version_3(server: &ApiServer, group_version: &GroupVersion) -> Document {
    let mut resources = server.registry().resources().all();
    resources.retain(|resource| resource.group_version() == *group_version);
    let path = path_of(group_version);
    server.openapi().get(&path, resources, document::version_3)
}

fn index(server: &ApiServer) -> Response<Body> {
    let mut paths = serde_json::Map::new();
    for group_version in group_versions(server) {
        let path = path_of(&group_version);
        let hash = version_3(server, &group_version).hash;
        let url = format!("/openapi/v3/{path}?hash={hash}");
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    server.openapi().keep(|name| paths.contains_key(name));
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
