//! Writing answers.

use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::call::{ListReply, Reply};
use super::negotiate::{Encoding, MediaType, Transform};
use super::query::Query;
use super::request::Request;
use super::scale;
use super::served;
use super::table::{Form, partial_metadata, table};
use crate::api::{ObjectRef, StatusError};
use crate::registry::{ResourceDef, SubresourceKind};

/// A failure as a `Status`.
pub fn error(error: &StatusError) -> Response<Body> {
    let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, encode(&error.to_value()));
    if let Some(seconds) = error
        .details
        .as_ref()
        .map(|details| details.retry_after_seconds)
        && seconds > 0
    {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// A failure as a `Status`, with the warnings that came up before it.
pub(super) fn refusal(request: &Request<'_>, why: &StatusError) -> Response<Body> {
    let mut response = error(why);
    add_warnings(&mut response, &request.take_warnings_of_refusal());
    response
}

/// A tree as a JSON answer.
pub fn json_value(status: StatusCode, value: &Value) -> Response<Body> {
    json_response(status, encode(value))
}

fn json_response(status: StatusCode, body: Bytes) -> Response<Body> {
    typed_response(status, "application/json", body)
}

/// A plain text answer.
pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    typed_response(status, "text/plain; charset=utf-8", body.into())
}

pub fn typed_response(status: StatusCode, content_type: &str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

pub(super) fn encode(value: &Value) -> Bytes {
    Bytes::from(serde_json::to_vec(value).expect("a JSON tree always encodes"))
}

/// The reply of a resource call in the form that the client asked for.
pub(super) fn reply(
    request: &Request<'_>,
    query: &Query,
    media_type: MediaType,
    reply: Reply,
    is_new: bool,
) -> Result<Response<Body>, StatusError> {
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let resource = &request.resource;
    let reply = match media_type.transform {
        // Columns read the stored form.
        Transform::Table => reply,
        _ => served::reply(resource, reply),
    };
    let body = match (reply, media_type.transform) {
        (Reply::Object(object), Transform::None) => object.encoded().clone(),
        (Reply::List(list), Transform::None) => encode_list(resource, &list),
        (Reply::Value(value), _) => encode(&value),
        (Reply::Object(object), Transform::PartialMetadata) => {
            encode(&partial_metadata(object.value()))
        }
        (Reply::List(list), Transform::PartialMetadata) => encode(&partial_list(&list)),
        (reply, Transform::Table) => {
            let (objects, metadata) = match &reply {
                Reply::List(list) => (list.items.as_slice(), list_metadata(list)),
                Reply::Object(object) => (
                    std::slice::from_ref(object),
                    json!({"resourceVersion": object.resource_version().to_string()}),
                ),
                Reply::Value(_) => (&[] as &[ObjectRef], json!({})),
            };
            let subresource = resource.subresource(&request.call.subresource);
            let columns = match subresource.map(|own| &own.behaviour) {
                Some(SubresourceKind::Scale(_)) => &scale::table(),
                _ => &resource.table,
            };
            let form = Form {
                resource,
                columns,
                include: query.include_object()?,
                now: request.server.registry().clock().now(),
            };
            let mut table = table(&form, objects);
            table["metadata"] = metadata;
            encode(&table)
        }
    };
    let mut response = match media_type.encoding {
        Encoding::Json => json_response(status, body),
        Encoding::Yaml => yaml(status, &body)?,
    };
    add_warnings(&mut response, &request.take_warnings());
    Ok(response)
}

fn yaml(status: StatusCode, json: &[u8]) -> Result<Response<Body>, StatusError> {
    let value: Value =
        serde_json::from_slice(json).map_err(|error| StatusError::internal(error.to_string()))?;
    let text =
        serde_yaml::to_string(&value).map_err(|error| StatusError::internal(error.to_string()))?;
    Ok(typed_response(status, "application/yaml", text.into()))
}

/// One `Warning` header a sentence.
pub(super) fn add_warnings(response: &mut Response<Body>, warnings: &[String]) {
    for warning in warnings {
        let quoted = crate::api::field::go_quote(warning);
        if let Ok(value) = HeaderValue::from_str(&format!("299 - {quoted}")) {
            let name = HeaderName::from_static("warning");
            response.headers_mut().append(name, value);
        }
    }
}

fn list_metadata(list: &ListReply) -> Value {
    let mut metadata = json!({"resourceVersion": list.revision.to_string()});
    if !list.continue_token.is_empty() {
        metadata["continue"] = json!(list.continue_token);
    }
    if let Some(remaining) = list.remaining {
        metadata["remainingItemCount"] = json!(remaining);
    }
    metadata
}

/// A list written from the bytes that its objects already have.
fn encode_list(resource: &ResourceDef, list: &ListReply) -> Bytes {
    let head = json!({
        "kind": resource.list_kind(),
        "apiVersion": resource.group_version().to_string(),
        "metadata": list_metadata(list),
    })
    .to_string();
    let size: usize = list.items.iter().map(|item| item.encoded().len() + 1).sum();
    let mut body = Vec::with_capacity(head.len() + size + 12);
    body.extend_from_slice(&head.as_bytes()[..head.len() - 1]);
    body.extend_from_slice(b",\"items\":[");
    for (index, item) in list.items.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(item.encoded());
    }
    body.extend_from_slice(b"]}");
    body.into()
}

fn partial_list(list: &ListReply) -> Value {
    let items: Vec<Value> = list
        .items
        .iter()
        .map(|item| partial_metadata(item.value()))
        .collect();
    json!({
        "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
        "metadata": list_metadata(list), "items": items,
    })
}
