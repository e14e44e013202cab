//! Bodies into objects, judged by their schema.

use serde_json::Value;

use super::body::Decoded;
use crate::api::{GroupVersionKind, StatusError, meta};

/// Decodes an object of the kind that the route wants.
pub(super) fn object(
    bytes: &[u8],
    content_type: &str,
    kind: &GroupVersionKind,
    _field_validation: &str,
) -> Result<Decoded, StatusError> {
    let value = parse(bytes, content_type)?;
    check_kind(&value, kind)?;
    Ok(Decoded {
        value,
        warnings: Vec::new(),
    })
}

/// Decodes the body of a DELETE.
pub(super) fn delete_options(bytes: &[u8], content_type: &str) -> Result<Value, StatusError> {
    parse(bytes, content_type)
}

fn parse(bytes: &[u8], content_type: &str) -> Result<Value, StatusError> {
    let value: Value = match content_type {
        "application/yaml" => serde_yaml::from_slice(bytes)
            .map_err(|error| StatusError::bad_request(error.to_string()))?,
        _ => serde_json::from_slice(bytes)
            .map_err(|error| StatusError::bad_request(error.to_string()))?,
    };
    Ok(value)
}

fn check_kind(value: &Value, kind: &GroupVersionKind) -> Result<(), StatusError> {
    if !meta::kind(value).is_empty() && meta::kind(value) != kind.kind {
        return Err(StatusError::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: converting (unregistered) to ({})",
            meta::kind(value),
            meta::api_version(value),
            kind.kind,
            kind.kind
        )));
    }
    Ok(())
}
