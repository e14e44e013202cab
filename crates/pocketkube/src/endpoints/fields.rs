//! Who owns which field: keeps `metadata.managedFields` in step with every write.

use std::borrow::Cow;

use serde_json::Value;

use super::decoding::shape_of;
use super::request::Request;
use crate::api::decode::Shape;
use crate::api::managed_fields::{self, Force, Manager, ObjectSchema};
use crate::api::structural::Structural;
use crate::api::{GroupVersionKind, StatusError};
use crate::registry::ScalePaths;

/// Whether the owners of a changed object's fields are still to be worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ownership {
    Track,
    /// Server-side apply and the `scale` subresource have done it.
    Settled,
}

/// Records the writer of a new or changed object as the owner of what it set.
pub(super) fn own(request: &Request<'_>, object: &mut Value, old: Option<&Value>) {
    let kind = request.resource.group_version_kind();
    with_manager(request, &kind, |manager| {
        managed_fields::update(schema_of(request, &kind), old, object, manager);
    });
}

/// Server-side apply of the call's body to what there is.
pub(super) fn apply(request: &Request<'_>, live: Option<&Value>) -> Result<Value, StatusError> {
    let kind = request.resource.group_version_kind();
    apply_as(request, &kind, live)
}

fn apply_as(
    request: &Request<'_>,
    kind: &GroupVersionKind,
    live: Option<&Value>,
) -> Result<Value, StatusError> {
    let force = if request.call.options.force {
        Force::Yes
    } else {
        Force::No
    };
    with_manager(request, kind, |manager| {
        managed_fields::apply(
            schema_of(request, kind),
            live,
            &request.call.body,
            manager,
            force,
        )
    })
}

/// A Scale as its writer sees it: with the owners of the parent's replicas.
pub(super) fn scale_owners(parent: &Value, paths: &ScalePaths) -> Option<Value> {
    managed_fields::to_scale(
        &parent["metadata"]["managedFields"],
        &segments(&paths.spec_replicas),
    )
}

/// Server-side apply of the call's body to a Scale.
pub(super) fn apply_scale(request: &Request<'_>, scale: &Value) -> Result<Value, StatusError> {
    apply_as(request, &scale_kind(), Some(scale))
}

/// Records the writer of a Scale.
pub(super) fn own_scale(request: &Request<'_>, scale: &mut Value, old: &Value) {
    let kind = scale_kind();
    with_manager(request, &kind, |manager| {
        managed_fields::update(schema_of(request, &kind), Some(old), scale, manager);
    });
}

/// Takes the owners of a written Scale over to its parent.
pub(super) fn own_through_scale(
    request: &Request<'_>,
    parent: &mut Value,
    scale: &Value,
    paths: &ScalePaths,
) {
    let version = request.resource.group_version().to_string();
    let owners = managed_fields::to_parent(
        &parent["metadata"]["managedFields"],
        &scale["metadata"]["managedFields"],
        &version,
        &segments(&paths.spec_replicas),
    );
    if let Some(owners) = owners {
        parent["metadata"]["managedFields"] = owners;
    }
}

fn scale_kind() -> GroupVersionKind {
    GroupVersionKind::new("autoscaling", "v1", "Scale")
}

fn segments(path: &str) -> Vec<&str> {
    path.split('.')
        .filter(|segment| !segment.is_empty())
        .collect()
}

fn schema_of<'r>(request: &'r Request<'_>, kind: &GroupVersionKind) -> ObjectSchema<'r> {
    static UNKNOWN: Value = Value::Null;
    match shape_of(&request.resource, kind) {
        Shape::BuiltIn(message) => ObjectSchema::BuiltIn(message),
        Shape::Custom(schema) => ObjectSchema::Custom(schema.map_or(&UNKNOWN, Structural::raw)),
    }
}

fn with_manager<T>(
    request: &Request<'_>,
    kind: &GroupVersionKind,
    work: impl FnOnce(&Manager<'_>) -> T,
) -> T {
    let call = &request.call;
    let reset_fields: &[&[&str]] = match call.subresource.as_str() {
        "status" => &[&["spec"]],
        "" if request.resource.subresource("status").is_some() => &[&["status"]],
        _ => &[],
    };
    let name: Cow<'_, str> = match call.options.field_manager.as_str() {
        "" => "unknown".into(),
        name => name.into(),
    };
    work(&Manager {
        name: &name,
        kind,
        subresource: &call.subresource,
        reset_fields,
        now: request.server.registry().clock().now(),
    })
}
