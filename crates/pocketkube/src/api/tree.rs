//! Reading JSON trees: what is absent or of another type reads as empty.
//!
//! The decoder has refused wrongly typed fields before any rule of a kind runs, so readers need
//! not tell "absent" from "of another type".

use serde_json::{Map, Value};

/// The text under `field`, or the empty string.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The whole number under `field`, or 0.
pub fn integer(value: &Value, field: &str) -> i64 {
    value[field].as_i64().unwrap_or_default()
}

/// The elements of a list; none where there is no list.
pub fn elements(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The elements of the list under `field` for writing; none where there is no list.
pub fn elements_mut<'a>(parent: &'a mut Value, field: &str) -> &'a mut [Value] {
    parent
        .get_mut(field)
        .and_then(Value::as_array_mut)
        .map(Vec::as_mut_slice)
        .unwrap_or_default()
}

/// The texts in a list.
pub fn strings(value: &Value) -> impl Iterator<Item = &str> {
    elements(value).iter().filter_map(Value::as_str)
}

/// The entries of a map; none where there is no map.
pub fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The number of elements of a list or entries of a map.
pub fn length(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    }
}

/// Whether there is nothing: no value, no text, no elements, no entries.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => length(value) == 0,
        _ => false,
    }
}

/// Sets `field` of `parent` where it is absent or an empty text.
pub fn fill(parent: &mut Value, field: &str, value: impl Into<Value>) {
    let slot = &parent[field];
    if slot.is_null() || slot.as_str() == Some("") {
        parent[field] = value.into();
    }
}

/// Sets `field` of `parent` where it is absent.
pub fn fill_absent(parent: &mut Value, field: &str, value: impl Into<Value>) {
    if parent[field].is_null() {
        parent[field] = value.into();
    }
}

/// Makes `field` of `object` what it is in `old`: removed where `old` has none.
pub fn restore(object: &mut Value, old: &Value, field: &str) {
    match &old[field] {
        Value::Null => remove(object, field),
        kept => object[field] = kept.clone(),
    }
}

/// Removes `field` from a map, if there is one.
pub fn remove(parent: &mut Value, field: &str) {
    if let Some(map) = parent.as_object_mut() {
        Map::remove(map, field);
    }
}
