//! Admission of a connection: what is asked for is an object of its own, such as PodExecOptions.
//!
//! Mirrors `ConnectResource` in `apiserver/pkg/endpoints/handlers/rest.go` (v1.35). What a webhook
//! would change about the options is not taken over.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::ApiServer;
use super::super::call::{Call, CallOptions};
use super::super::query::Query;
use super::super::request::Request;
use super::super::request_info::RequestInfo;
use crate::api::StatusError;
use crate::authentication::UserInfo;
use crate::registry::{ResourceDef, Verb};

/// Lets plugins and webhooks refuse a connection. Logs are read, not connected to.
pub(super) async fn admit(
    server: &ApiServer,
    user: &Arc<UserInfo>,
    resource: &ResourceDef,
    info: &RequestInfo,
    query: &Query,
) -> Result<(), StatusError> {
    if info.subresource == "log" {
        return Ok(());
    }
    let call = Call {
        verb: Verb::Create,
        resource: resource.group_resource(),
        version: resource.version.to_string(),
        namespace: info.namespace.clone(),
        name: info.name.clone(),
        subresource: info.subresource.clone(),
        body: Value::Null,
        options: CallOptions::default(),
    };
    let request = Request::new(server, user, call)?;
    request
        .admit_connection(options(resource, info, query))
        .await
}

/// The parameters of the request as the object that they stand for.
fn options(resource: &ResourceDef, info: &RequestInfo, query: &Query) -> Value {
    let mut options = Map::new();
    if let Some(subresource) = resource.subresource(&info.subresource) {
        options.insert("kind".to_owned(), json!(subresource.kind.kind));
    }
    options.insert("apiVersion".to_owned(), json!("v1"));
    for field in ["stdin", "stdout", "stderr", "tty"] {
        if query.flag(field) {
            options.insert(field.to_owned(), json!(true));
        }
    }
    if query.has("container") {
        options.insert("container".to_owned(), json!(query.text("container")));
    }
    let command: Vec<&str> = query.all("command").collect();
    if !command.is_empty() {
        options.insert("command".to_owned(), json!(command));
    }
    let ports: Vec<u16> = query
        .all("ports")
        .filter_map(|port| port.parse().ok())
        .collect();
    if !ports.is_empty() {
        options.insert("ports".to_owned(), json!(ports));
    }
    if info.subresource == "proxy" {
        options.insert("path".to_owned(), json!(info.rest));
    }
    Value::Object(options)
}
