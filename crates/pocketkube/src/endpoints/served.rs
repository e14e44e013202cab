//! Stored objects in the form in which a version serves them.
//!
//! Everything between the body and the answer works on the stored form. Versions that are stored
//! as they are served (nearly all) pass through untouched, with their encoded bytes.

use std::borrow::Cow;

use serde_json::Value;

use super::call::{Reply, WatchEvent};
use crate::api::{Object, ObjectRef};
use crate::registry::ResourceDef;

/// The tree as it is served.
pub(super) fn value<'a>(resource: &ResourceDef, object: &'a Value) -> Cow<'a, Value> {
    let conversion = resource.conversion.as_ref();
    match conversion.and_then(|conversion| conversion.from_storage(object)) {
        Some(converted) => Cow::Owned(converted),
        None => Cow::Borrowed(object),
    }
}

/// The object as it is served.
pub(super) fn object(resource: &ResourceDef, object: ObjectRef) -> ObjectRef {
    let conversion = resource.conversion.as_ref();
    match conversion.and_then(|conversion| conversion.from_storage(object.value())) {
        Some(converted) => Object::new(converted),
        None => object,
    }
}

/// The reply with its objects as they are served.
pub(super) fn reply(resource: &ResourceDef, reply: Reply) -> Reply {
    match reply {
        Reply::Object(found) => Reply::Object(object(resource, found)),
        Reply::List(mut list) => {
            list.items = list
                .items
                .into_iter()
                .map(|item| object(resource, item))
                .collect();
            Reply::List(list)
        }
        Reply::Value(value) => Reply::Value(value),
    }
}

/// The event with its object as it is served.
pub(super) fn event(resource: &ResourceDef, event: WatchEvent) -> WatchEvent {
    match event {
        WatchEvent::Added(found) => WatchEvent::Added(object(resource, found)),
        WatchEvent::Modified(found) => WatchEvent::Modified(object(resource, found)),
        WatchEvent::Deleted(found) => WatchEvent::Deleted(object(resource, found)),
        other => other,
    }
}

/// The tree as it is stored: the body of a request, completed with its version and kind.
pub(super) fn to_storage(resource: &ResourceDef, object: &mut Value) {
    object["apiVersion"] = resource.group_version().to_string().into();
    object["kind"] = resource.kind.as_ref().into();
    if let Some(conversion) = &resource.conversion {
        *object = conversion.to_storage(object.take());
    }
}
