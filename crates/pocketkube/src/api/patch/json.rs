//! JSON patch (RFC 6902), as upstream's library understands it.
//!
//! It differs from the letter of the RFC: `replace` of an absent map entry adds it, an absent
//! `value` is null, and negative list indices count from the end. Mirrors
//! `gopkg.in/evanphx/json-patch.v4`.

use serde_json::{Map, Value};

use super::not_applicable;
use crate::api::status::StatusError;

/// A patch may not have more operations than this.
pub const MAX_OPERATIONS: usize = 10_000;
/// All `copy` operations of a patch together may not add more bytes than this.
const MAX_COPIED_BYTES: usize = 3 * 1024 * 1024;

/// Applies the operations in order; the object changes only if all of them succeed.
///
/// Fails with 400 for what is no list of operations, 413 for too many of them, and 422 when one
/// cannot be applied or a `test` fails.
pub fn apply(object: &Value, patch: &Value) -> Result<Value, StatusError> {
    let operations = read(patch).map_err(StatusError::bad_request)?;
    if operations.len() > MAX_OPERATIONS {
        return Err(StatusError::request_entity_too_large(format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let mut patched = object.clone();
    let mut copied = 0;
    for operation in operations {
        run(&mut patched, operation, &mut copied).ok_or_else(not_applicable)?;
    }
    Ok(patched)
}

/// The unknown fields of the operations, for field validation.
pub fn unknown_fields(patch: &Value) -> Vec<String> {
    let operations = patch.as_array().into_iter().flatten();
    operations
        .enumerate()
        .flat_map(|(index, operation)| {
            let fields = operation.as_object().into_iter().flatten();
            fields
                .filter(|(name, _)| !["op", "path", "from", "value"].contains(&name.as_str()))
                .map(move |(name, _)| format!("json patch unknown field \"[{index}].{name}\""))
        })
        .collect()
}

fn read(patch: &Value) -> Result<Vec<&Map<String, Value>>, String> {
    let cannot = |found: &Value, wanted: &str| {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        format!("json: cannot unmarshal {found} into Go value of type {wanted}")
    };
    let Value::Array(operations) = patch else {
        return Err(cannot(patch, "jsonpatch.Patch"));
    };
    operations
        .iter()
        .map(|operation| {
            operation
                .as_object()
                .ok_or_else(|| cannot(operation, "jsonpatch.Operation"))
        })
        .collect()
}

/// Carries out one operation; `None` when it does not apply.
fn run(document: &mut Value, operation: &Map<String, Value>, copied: &mut usize) -> Option<()> {
    let text = |field: &str| operation.get(field)?.as_str();
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    match text("op")? {
        "add" => add(document, text("path")?, value()),
        "remove" => remove(document, text("path")?).map(drop),
        "replace" if text("path")?.is_empty() => {
            let value = value();
            (value.is_object() || value.is_array()).then(|| *document = value)
        }
        "replace" => replace(document, text("path")?, value()),
        "move" => {
            let moved = remove(document, text("from")?)?;
            add(document, text("path")?, moved)
        }
        "copy" => {
            let value = get(document, text("from")?)?;
            *copied += value.to_string().len();
            if *copied > MAX_COPIED_BYTES {
                return None;
            }
            add(document, text("path")?, value)
        }
        "test" => {
            let path = text("path")?;
            let found = match path {
                "" => document.clone(),
                _ => get(document, path)?,
            };
            (found == value()).then_some(())
        }
        _ => None,
    }
}

/// The container that holds the last part of a path, and that part.
fn container<'a>(document: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (_, path) = path.split_once('/')?;
    let mut parts = path.split('/').map(unescape).peekable();
    let mut place = document;
    loop {
        let part = parts.next()?;
        if parts.peek().is_none() {
            return (place.is_object() || place.is_array()).then_some((place, part));
        }
        place = match place {
            Value::Object(map) => map.get_mut(&part)?,
            Value::Array(list) => {
                let index = index(&part, list.len())?;
                list.get_mut(index)?
            }
            _ => return None,
        };
    }
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Reads a list index; negative ones count back from `end`.
fn index(part: &str, end: usize) -> Option<usize> {
    let index: i64 = part.parse().ok()?;
    match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => end.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

fn add(document: &mut Value, path: &str, value: Value) -> Option<()> {
    match container(document, path)? {
        (Value::Array(list), part) => {
            let at = match part.as_str() {
                "-" => list.len(),
                _ => index(&part, list.len() + 1)?,
            };
            (at <= list.len()).then(|| list.insert(at, value))
        }
        (Value::Object(map), part) => {
            map.insert(part, value);
            Some(())
        }
        _ => None,
    }
}

fn replace(document: &mut Value, path: &str, value: Value) -> Option<()> {
    match container(document, path)? {
        (Value::Array(list), part) => {
            let at = index(&part, list.len())?;
            *list.get_mut(at)? = value;
        }
        (Value::Object(map), part) => {
            map.insert(part, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &str) -> Option<Value> {
    match container(document, path)? {
        (Value::Array(list), part) => {
            let at = index(&part, list.len())?;
            (at < list.len()).then(|| list.remove(at))
        }
        (Value::Object(map), part) => map.remove(&part),
        _ => None,
    }
}

/// The value at a path. An absent map entry is null, an absent list element nothing.
fn get(document: &mut Value, path: &str) -> Option<Value> {
    match container(document, path)? {
        (Value::Array(list), part) => list.get(index(&part, list.len())?).cloned(),
        (Value::Object(map), part) => Some(map.get(&part).cloned().unwrap_or(Value::Null)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(object: Value, patch: Value, wanted: Value) {
        assert_eq!(apply(&object, &patch), Ok(wanted), "{patch}");
    }

    fn check_error(object: Value, patch: Value, code: u16) {
        let error = apply(&object, &patch).expect_err("refused");
        assert_eq!(error.code, code, "{patch}");
    }

    #[test]
    fn operations_change_maps_and_lists() {
        let object = json!({"a": "1", "l": [1, 2], "m": {"x/y": "z"}});
        check(
            object.clone(),
            json!([{"op": "add", "path": "/b", "value": 2}]),
            json!({"a": "1", "b": 2, "l": [1, 2], "m": {"x/y": "z"}}),
        );
        check(
            object.clone(),
            json!([{"op": "replace", "path": "/m/x~1y", "value": "w"}]),
            json!({"a": "1", "l": [1, 2], "m": {"x/y": "w"}}),
        );
        check(
            object.clone(),
            json!([{"op": "add", "path": "/l/-", "value": 3}, {"op": "add", "path": "/l/0", "value": 0}]),
            json!({"a": "1", "l": [0, 1, 2, 3], "m": {"x/y": "z"}}),
        );
        check(
            object.clone(),
            json!([{"op": "remove", "path": "/l/-1"}, {"op": "remove", "path": "/m"}]),
            json!({"a": "1", "l": [1]}),
        );
        check(
            object.clone(),
            json!([{"op": "copy", "from": "/a", "path": "/b"}, {"op": "move", "from": "/a", "path": "/c"}]),
            json!({"b": "1", "c": "1", "l": [1, 2], "m": {"x/y": "z"}}),
        );
        check(
            object.clone(),
            json!([{"op": "test", "path": "/a", "value": "1"}, {"op": "test", "path": "/none", "value": null}]),
            object,
        );
    }

    #[test]
    fn replacing_an_absent_entry_adds_it() {
        check(
            json!({}),
            json!([{"op": "replace", "path": "/a", "value": 1}]),
            json!({"a": 1}),
        );
    }

    #[test]
    fn operations_that_do_not_apply_are_refused_as_a_whole() {
        for patch in [
            json!([{"op": "remove", "path": "/none"}]),
            json!([{"op": "add", "path": "/none/a", "value": 1}]),
            json!([{"op": "add", "path": "/l/5", "value": 1}]),
            json!([{"op": "replace", "path": "/l/9", "value": 1}]),
            json!([{"op": "test", "path": "/a", "value": 2}]),
            json!([{"op": "what", "path": "/a"}]),
            json!([{"path": "/a"}]),
            json!([{"op": "add", "path": "a", "value": 1}]),
            json!([{"op": "add", "path": "/a/b", "value": 1}]),
        ] {
            check_error(json!({"a": 1, "l": []}), patch, 422);
        }
        let message = apply(&json!({}), &json!([{"op": "remove", "path": "/a"}]))
            .expect_err("refused")
            .message;
        assert_eq!(
            message,
            "the server rejected our request due to an error in our request"
        );
    }

    #[test]
    fn patches_of_a_wrong_shape_or_size_are_refused() {
        check_error(json!({}), json!({"op": "add"}), 400);
        check_error(json!({}), json!(["add"]), 400);
        let many = vec![json!({"op": "test", "path": "/a", "value": null}); MAX_OPERATIONS + 1];
        check_error(json!({}), many.into(), 413);
    }

    #[test]
    fn copies_are_bounded_in_size() {
        let mut patch = vec![json!({"op": "add", "path": "/a", "value": "x".repeat(1000)})];
        patch.extend((0..40).map(|_| json!({"op": "copy", "from": "", "path": "/b"})));
        patch
            .extend((0..40).map(|n| json!({"op": "copy", "from": "/a", "path": format!("/c{n}")})));
        check_error(json!({}), patch.into(), 422);
        let doubling: Vec<Value> = (0..60)
            .map(|n| json!({"op": "copy", "from": "/m", "path": format!("/m/{n}")}))
            .collect();
        check_error(json!({"m": {"a": 1}}), doubling.into(), 422);
    }

    proptest! {
        #[test]
        fn any_operations_apply_or_are_refused_without_panic(
            operations in prop::collection::vec(("add|remove|replace|move|copy|test", "(/(a|b|-|0|1|-1|~1|99999999999999999999)){0,3}", "(/(a|b|0))?"), 0..6)
        ) {
            let patch: Value = operations.into_iter().map(|(op, path, from)| json!({"op": op, "path": path, "from": from, "value": [1]})).collect();
            let _ = apply(&json!({"a": {"b": [1, {"a": 1}]}, "b": [0]}), &patch);
        }

        #[test]
        fn adding_and_removing_again_changes_nothing(key in "[a-z/~]{1,4}") {
            let object = json!({"A": 1});
            let path = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            let patch = json!([{"op": "add", "path": path, "value": 1}, {"op": "test", "path": path, "value": 1}, {"op": "remove", "path": path}]);
            prop_assert_eq!(apply(&object, &patch), Ok(object));
        }
    }
}
