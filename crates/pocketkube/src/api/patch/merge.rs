//! JSON merge patch (RFC 7386): maps merge, null removes, everything else replaces.

use serde_json::{Map, Value};

use crate::api::status::StatusError;

/// Merges the patch into the object. Fails with 400 for a patch that is no map.
pub fn apply(object: &Value, patch: &Value) -> Result<Value, StatusError> {
    if !patch.is_object() {
        return Err(StatusError::bad_request("Invalid JSON Patch"));
    }
    let mut patched = object.clone();
    json_patch::merge(&mut patched, patch);
    Ok(patched)
}

/// The smallest patch that turns `from` into `to`. A null inside a list of `to` stays; a null in a
/// map cannot be expressed and is left out.
pub fn diff(from: &Value, to: &Value) -> Value {
    let empty = Map::new();
    let (Value::Object(to), from) = (to, from.as_object().unwrap_or(&empty)) else {
        return to.clone();
    };
    let removed = from.keys().filter(|key| !to.contains_key(*key));
    let mut patch: Map<String, Value> = removed.map(|key| (key.clone(), Value::Null)).collect();
    for (key, wanted) in to {
        match from.get(key) {
            Some(found) if found == wanted => {}
            Some(found @ Value::Object(_)) if wanted.is_object() => {
                patch.insert(key.clone(), diff(found, wanted));
            }
            _ => {
                patch.insert(key.clone(), wanted.clone());
            }
        }
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_merge_and_null_removes() {
        let object = json!({"a": 1, "b": {"c": 2, "d": 3}, "l": [1, 2]});
        let patch = json!({"b": {"c": null, "e": 4}, "l": [3], "n": {"x": null, "y": 1}});
        assert_eq!(
            apply(&object, &patch),
            Ok(json!({"a": 1, "b": {"d": 3, "e": 4}, "l": [3], "n": {"y": 1}}))
        );
        assert_eq!(apply(&object, &json!([])).expect_err("no map").code, 400);
    }

    fn any_object() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            prop::collection::vec(0..3, 0..3).prop_map(Value::from)
        ];
        let tree = leaf.prop_recursive(4, 24, 4, |inner| {
            prop::collection::btree_map("[a-c]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        });
        prop::collection::btree_map("[a-c]", tree, 0..4)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn a_computed_patch_gives_the_wanted_object(from in any_object(), to in any_object()) {
            let patch = diff(&from, &to);
            prop_assert_eq!(apply(&from, &patch), Ok(to.clone()));
            prop_assert_eq!(apply(&to, &diff(&to, &to)), Ok(to));
        }
    }
}
