//! Reading and writing `metadata` of objects kept as JSON trees.
//!
//! Readers never fail: what is absent or of another type reads as empty, because the decoder has
//! already refused wrongly typed metadata.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// `metadata.<field>` as a string, or empty.
fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

pub fn api_version(object: &Value) -> &str {
    object["apiVersion"].as_str().unwrap_or_default()
}

pub fn kind(object: &Value) -> &str {
    object["kind"].as_str().unwrap_or_default()
}

pub fn name(object: &Value) -> &str {
    text(object, "name")
}

pub fn generate_name(object: &Value) -> &str {
    text(object, "generateName")
}

pub fn namespace(object: &Value) -> &str {
    text(object, "namespace")
}

pub fn uid(object: &Value) -> &str {
    text(object, "uid")
}

/// The revision in `metadata.resourceVersion`; 0 where there is none.
pub fn resource_version(object: &Value) -> u64 {
    text(object, "resourceVersion").parse().unwrap_or(0)
}

pub fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or(0)
}

/// Whether the object waits for its finalizers or its grace period to end.
pub fn is_terminating(object: &Value) -> bool {
    !text(object, "deletionTimestamp").is_empty()
}

/// A moment in `metadata`, such as `creationTimestamp`.
pub fn timestamp(object: &Value, field: &str) -> Option<Timestamp> {
    text(object, field).parse().ok()
}

pub fn labels(object: &Value) -> Option<&Map<String, Value>> {
    object["metadata"]["labels"].as_object()
}

pub fn annotations(object: &Value) -> Option<&Map<String, Value>> {
    object["metadata"]["annotations"].as_object()
}

pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    labels(object)?.get(key)?.as_str()
}

pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    annotations(object)?.get(key)?.as_str()
}

pub fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    list(object, "finalizers").iter().filter_map(Value::as_str)
}

pub fn owner_references(object: &Value) -> &[Value] {
    list(object, "ownerReferences")
}

/// The one owner with `controller: true`.
pub fn controller_of(object: &Value) -> Option<&Value> {
    owner_references(object)
        .iter()
        .find(|owner| owner["controller"].as_bool() == Some(true))
}

fn list<'a>(object: &'a Value, field: &str) -> &'a [Value] {
    object["metadata"][field]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// `metadata` for writing; made where it is absent.
pub fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    map_at(object, "metadata")
}

/// The map under `field` of `parent` for writing; whatever else stood there is replaced.
pub fn map_at<'a>(parent: &'a mut Value, field: &str) -> &'a mut Map<String, Value> {
    let slot = &mut parent[field];
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut().expect("just made a map")
}

pub fn set_text(object: &mut Value, field: &str, value: &str) {
    metadata_mut(object).insert(field.to_owned(), Value::from(value));
}

pub fn remove(object: &mut Value, field: &str) {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove(field);
    }
}

/// A moment as the API writes it: whole seconds, UTC.
pub fn format_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A moment as the API writes `MicroTime` (Leases, Events).
pub fn format_micro_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
