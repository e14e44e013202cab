//! Bodies into objects, judged by the schema of the kind that the route wants.

use http::HeaderMap;
use serde_json::Value;

use super::body::{Decoded, content_type};
use crate::api::decode::{self, FieldValidation, MediaType, Shape};
use crate::api::{GroupVersionKind, StatusError, schema};
use crate::registry::ResourceDef;

const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// How much is known about the bodies of a resource and its subresources, by their kind.
pub(super) fn shape_of<'r>(resource: &'r ResourceDef, kind: &GroupVersionKind) -> Shape<'r> {
    match &resource.custom {
        Some(custom) if *kind == resource.group_version_kind() => {
            Shape::Custom(Some(&custom.schema))
        }
        _ => built_in_shape(kind),
    }
}

fn built_in_shape(kind: &GroupVersionKind) -> Shape<'static> {
    match schema::message_for(&kind.group, &kind.version, &kind.kind) {
        Some(message) => Shape::BuiltIn(message),
        None => Shape::Custom(None),
    }
}

/// Decodes an object of the kind that the route wants.
pub(super) fn object(
    bytes: &[u8],
    headers: &HeaderMap,
    resource: &ResourceDef,
    kind: &GroupVersionKind,
    field_validation: &str,
) -> Result<Decoded, StatusError> {
    let validation = FieldValidation::parse(field_validation).unwrap_or_default();
    let decoded = decode::object(
        media_type(headers)?,
        bytes,
        kind,
        shape_of(resource, kind),
        validation,
    )?;
    Ok(Decoded {
        value: decoded.value,
        warnings: decoded.warnings,
    })
}

/// Decodes the body of a DELETE. Clients name DeleteOptions by `v1`, by `meta.k8s.io/v1` or by the
/// version of what they delete, so JSON is read whatever it says it is.
pub(super) fn delete_options(bytes: &[u8], headers: &HeaderMap) -> Result<Value, StatusError> {
    let media_type = media_type(headers)?;
    if media_type == MediaType::Protobuf {
        let kind = GroupVersionKind::new("", "v1", "DeleteOptions");
        let validation = FieldValidation::Ignore;
        return decode::object(media_type, bytes, &kind, built_in_shape(&kind), validation)
            .map(|decoded| decoded.value);
    }
    decode::untyped(media_type, bytes)
        .map(|(options, _)| options)
        .map_err(StatusError::bad_request)
}

fn media_type(headers: &HeaderMap) -> Result<MediaType, StatusError> {
    MediaType::of_content_type(content_type(headers)).ok_or_else(|| {
        StatusError::unsupported_media_type(format!(
            "the body of the request was in an unknown format - accepted media types include: {ACCEPTED}"
        ))
    })
}
