//! The patch of a mutating webhook, applied to the object in the form that the webhook saw.
//!
//! Errors name the operation that does not fit, as the library does that upstream uses. Mirrors
//! `callAttrMutatingHook` and `gopkg.in/evanphx/json-patch.v4`.

use serde_json::{Value, json};

use super::super::Attributes;
use super::super::attributes::kind_of;
use super::Failure;
use super::call::failed;
use super::invocation::Invocation;
use super::review::Response;
use super::source::Webhook;
use crate::api::decode::{self, MediaType, Shape};
use crate::api::field::go_quote;
use crate::api::tree::{elements, text};
use crate::api::{StatusError, patch, schema};
use crate::registry::ResourceDef;

/// The object as it shall be stored; `None` where nothing is to be changed.
pub(super) fn patched(
    webhook: &Webhook,
    response: &Response,
    invocation: &Invocation,
    attributes: &Attributes<'_>,
) -> Result<Option<Value>, Failure> {
    if response.patch.is_empty() {
        return Ok(None);
    }
    let not_read = |why: &str| {
        let why = format!("received undecodable patch in webhook response: {why}");
        Failure::Call(failed(&webhook.name, &why))
    };
    let (operations, _) =
        decode::untyped(MediaType::Json, &response.patch).map_err(|why| not_read(&why))?;
    if !operations.is_array() && !operations.is_null() {
        return Err(not_read(
            "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
        ));
    }
    if elements(&operations).is_empty() {
        return Ok(None);
    }
    if invocation.object.is_null() {
        return Err(Failure::Final(StatusError::internal(format!(
            "admission webhook {} attempted to modify the object, which is not supported for this operation",
            go_quote(&webhook.name)
        ))));
    }
    if response.patch_type != "JSONPatch" {
        let why = format!("unsupported patch type {}", go_quote(&response.patch_type));
        return Err(Failure::Call(failed(&webhook.name, &why)));
    }
    let row = invocation.row(attributes);
    let patched = apply(&invocation.object, &operations)
        .and_then(|patched| normalized(&patched, row, attributes.subresource))
        .map_err(|why| Failure::Final(StatusError::internal(why)))?;
    Ok(Some(to_storage(patched, row, attributes)))
}

/// Back in the form that is stored.
fn to_storage(patched: Value, row: &ResourceDef, attributes: &Attributes<'_>) -> Value {
    match &row.conversion {
        Some(conversion) if is_own_kind(row, attributes.subresource) => {
            conversion.to_storage(patched)
        }
        _ => patched,
    }
}

/// Defaults for what the patch brought.
pub(super) fn default(object: &mut Value, attributes: &Attributes<'_>) {
    if is_own_kind(attributes.resource, attributes.subresource) {
        attributes.resource.strategy.default(object);
    }
}

/// Whether a subresource is written with the object's own kind.
fn is_own_kind(row: &ResourceDef, subresource: &str) -> bool {
    kind_of(row, subresource) == row.group_version_kind()
}

fn normalized(patched: &Value, row: &ResourceDef, subresource: &str) -> Result<Value, String> {
    let kind = kind_of(row, subresource);
    let shape = match &row.custom {
        Some(custom) if is_own_kind(row, subresource) => Shape::Custom(Some(&custom.schema)),
        _ => match schema::message_for(&kind.group, &kind.version, &kind.kind) {
            Some(message) => Shape::BuiltIn(message),
            None => Shape::Custom(None),
        },
    };
    decode::normalize(patched, shape).map(|normalized| normalized.value)
}

fn apply(object: &Value, operations: &Value) -> Result<Value, String> {
    patch::json::apply(object, operations).map_err(|_| diagnosis(object, operations))
}

/// The first operation that does not apply, and why.
fn diagnosis(object: &Value, operations: &Value) -> String {
    let mut object = object.clone();
    for operation in elements(operations) {
        match patch::json::apply(&object, &json!([operation])) {
            Ok(patched) => object = patched,
            Err(_) => return misfit(&object, operation),
        }
    }
    "the patch does not apply".to_owned()
}

fn misfit(object: &Value, operation: &Value) -> String {
    let (kind, path) = (text(operation, "op"), text(operation, "path"));
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let has_parent = object
        .pointer(parent)
        .is_some_and(|parent| parent.is_object() || parent.is_array());
    let key = path.rsplit_once('/').map_or(path, |(_, key)| key);
    match kind {
        "add" if !has_parent => format!(
            "add operation does not apply: doc is missing path: {}: missing value",
            go_quote(path)
        ),
        "add" => format!("error in add for path: '{path}': invalid index referenced"),
        "remove" if has_parent => format!(
            "error in remove for path: '{path}': Unable to remove nonexistent key: {key}: missing value"
        ),
        "remove" => format!(
            "remove operation does not apply: doc is missing path: {}: missing value",
            go_quote(path)
        ),
        "replace" => {
            format!("replace operation does not apply: doc is missing path: {path}: missing value")
        }
        "move" | "copy" => format!(
            "{kind} operation does not apply: doc is missing from path: {}: missing value",
            text(operation, "from")
        ),
        "test" => format!("testing value {path} failed: test failed"),
        other => format!("Unexpected kind: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operation_that_does_not_fit_is_named() {
        let object = json!({"metadata": {"name": "a"}, "spec": {"containers": []}});
        for (operations, expected) in [
            (
                json!([{"op": "add", "path": "/metadata/labels/team", "value": "x"}]),
                "add operation does not apply: doc is missing path: \"/metadata/labels/team\": missing value",
            ),
            (
                json!([
                    {"op": "add", "path": "/metadata/labels", "value": {}},
                    {"op": "remove", "path": "/metadata/labels/team"},
                ]),
                "error in remove for path: '/metadata/labels/team': Unable to remove nonexistent key: team: missing value",
            ),
            (
                json!([{"op": "replace", "path": "/spec/containers/0/image", "value": "x"}]),
                "replace operation does not apply: doc is missing path: /spec/containers/0/image: missing value",
            ),
            (
                json!([{"op": "test", "path": "/metadata/name", "value": "b"}]),
                "testing value /metadata/name failed: test failed",
            ),
            (json!([{"op": "put", "path": "/a"}]), "Unexpected kind: put"),
        ] {
            assert_eq!(apply(&object, &operations).unwrap_err(), expected);
        }
    }
}
