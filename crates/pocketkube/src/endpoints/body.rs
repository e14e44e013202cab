//! Reading request bodies.

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};

use super::call::{CallOptions, PatchType};
use super::query::Query;
use crate::api::StatusError;
use crate::api::decode::{self, FieldValidation, MediaType};
use crate::api::patch::bad_result;
use crate::registry::{ResourceDef, Subresource, Verb};

/// Upstream's limit for request bodies.
pub const MAX_BODY_BYTES: usize = 3 * 1024 * 1024;

/// A decoded body.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub value: Value,
    pub warnings: Vec<String>,
}

/// The media type of a body, without its parameters; JSON where none is named.
pub(super) fn content_type(headers: &HeaderMap) -> &str {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/json");
    value.split(';').next().unwrap_or_default().trim()
}

/// Reads what a verb wants of its body.
pub(super) async fn read_body(
    resource: &ResourceDef,
    subresource: Option<&Subresource>,
    verb: Verb,
    options: &CallOptions,
    query: &Query,
    headers: &HeaderMap,
    body: Body,
) -> Result<Decoded, StatusError> {
    match verb {
        Verb::Get | Verb::List | Verb::Watch => Ok(Decoded::default()),
        Verb::Delete | Verb::DeleteCollection => {
            let bytes = read(body).await?;
            let value = delete_options(&bytes, query, headers)?;
            Ok(Decoded {
                value,
                warnings: vec![],
            })
        }
        Verb::Patch => {
            let bytes = read(body).await?;
            patch(&bytes, options)
        }
        Verb::Create | Verb::Update => {
            let kind = match subresource {
                Some(subresource) => subresource.kind.clone(),
                None => resource.group_version_kind(),
            };
            let bytes = read(body).await?;
            super::decoding::object(&bytes, headers, resource, &kind, &options.field_validation)
        }
    }
}

/// The whole body, up to the limit.
pub(super) async fn read(body: Body) -> Result<Bytes, StatusError> {
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(StatusError::request_entity_too_large(
            format!("Request entity too large: limit is {MAX_BODY_BYTES}"),
        )),
        Err(error) => Err(StatusError::bad_request(error.to_string())),
    }
}

/// Fails with 400 for what is no patch, and where validation is strict for fields given twice.
fn patch(bytes: &[u8], options: &CallOptions) -> Result<Decoded, StatusError> {
    let validation = FieldValidation::parse(&options.field_validation).unwrap_or_default();
    let (media_type, decoding) = match options.patch_type {
        PatchType::Apply => (MediaType::Yaml, "error decoding YAML: "),
        PatchType::StrategicMerge => (MediaType::Json, ""),
        PatchType::Merge | PatchType::Json => (MediaType::Json, "error decoding patch: "),
    };
    let refuse = |why: &str| Err(StatusError::bad_request(format!("{decoding}{why}")));
    let (value, duplicates) = match decode::untyped(media_type, bytes) {
        Ok(decoded) => decoded,
        Err(why) => return refuse(&why),
    };
    let is_read_as_map = options.patch_type == PatchType::StrategicMerge
        || (options.patch_type == PatchType::Merge && validation != FieldValidation::Ignore);
    if is_read_as_map && !value.is_object() && !value.is_null() {
        let found = json_type(&value);
        return refuse(&format!(
            "json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
        ));
    }
    if duplicates.is_empty() || validation == FieldValidation::Ignore {
        return Ok(Decoded {
            value,
            warnings: Vec::new(),
        });
    }
    if validation == FieldValidation::Strict {
        if options.patch_type == PatchType::Apply {
            let why = duplicates.join(", ");
            return Err(StatusError::bad_request(format!(
                "error strict decoding YAML: {why}"
            )));
        }
        let why = decode::strict_decoding_error(&duplicates);
        return Err(bad_result(&value.to_string(), &why));
    }
    Ok(Decoded {
        value,
        warnings: duplicates,
    })
}

/// The type of a value as Go's decoder names it.
fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// DeleteOptions from the body, or from the query where there is no body.
fn delete_options(bytes: &[u8], query: &Query, headers: &HeaderMap) -> Result<Value, StatusError> {
    if !bytes.is_empty() {
        return super::decoding::delete_options(bytes, headers);
    }
    let mut options = json!({});
    if let Some(seconds) = query.number("gracePeriodSeconds")? {
        options["gracePeriodSeconds"] = json!(seconds);
    }
    if query.has("propagationPolicy") {
        options["propagationPolicy"] = json!(query.text("propagationPolicy"));
    }
    if query.has("orphanDependents") {
        options["orphanDependents"] = json!(query.flag("orphanDependents"));
    }
    Ok(options)
}
