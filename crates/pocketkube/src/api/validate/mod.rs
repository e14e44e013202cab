//! Rules that objects of every kind obey: metadata, selectors, values and request options.
//!
//! Pure functions over JSON trees; they collect every mistake and change nothing. What a kind asks
//! for beyond this is the kind's own business. Mirrors `apimachinery/pkg/api/validation` (v1.35).

mod address_warnings;
mod meta;
mod options;
mod parts;
mod values;

use serde_json::{Map, Value};

use super::field::{Error, ErrorList, Path};
use super::names;
use super::tree::{elements, strings, text};

pub use address_warnings::*;
pub use meta::*;
pub use options::*;
pub use parts::*;
pub use values::*;

pub const FIELD_IMMUTABLE: &str = "field is immutable";
pub const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

/// A `metav1.LabelSelector` inside an object.
pub fn label_selector(selector: &Value, path: &Path) -> ErrorList {
    let mut errors = labels(&selector["matchLabels"], &path.child("matchLabels"));
    let expressions = path.child("matchExpressions");
    for (index, expression) in elements(&selector["matchExpressions"]).iter().enumerate() {
        errors.extend(selector_requirement(expression, &expressions.index(index)));
    }
    errors
}

fn selector_requirement(requirement: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let has_values = !elements(&requirement["values"]).is_empty();
    match text(requirement, "operator") {
        "In" | "NotIn" if !has_values => errors.push(Error::required(
            path.child("values"),
            "must be specified when `operator` is 'In' or 'NotIn'",
        )),
        "In" | "NotIn" => {}
        "Exists" | "DoesNotExist" if has_values => errors.push(Error::forbidden(
            path.child("values"),
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        )),
        "Exists" | "DoesNotExist" => {}
        operator => errors.push(Error::invalid(
            path.child("operator"),
            operator,
            "not a valid selector operator",
        )),
    }
    errors.extend(label_name(text(requirement, "key"), &path.child("key")));
    for (index, value) in strings(&requirement["values"]).enumerate() {
        let path = path.child("values").index(index);
        invalid_each(&mut errors, path, value, names::label_value(value));
    }
    errors
}

pub fn not_negative(value: i64, path: &Path) -> ErrorList {
    if value >= 0 {
        return ErrorList::new();
    }
    vec![Error::invalid(path.clone(), value, NOT_NEGATIVE)]
}

/// The field may not differ from what it was.
pub fn immutable_field(new: &Value, old: &Value, path: &Path) -> ErrorList {
    if semantically_equal(new, old) {
        return ErrorList::new();
    }
    vec![Error::invalid(path.clone(), new.clone(), FIELD_IMMUTABLE)]
}

/// Equality as the API means it: what is absent, null or empty counts as the same.
pub fn semantically_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let covered = |a: &Map<String, Value>, b: &Map<String, Value>| {
                a.iter().all(|(key, value)| {
                    semantically_equal(value, b.get(key).unwrap_or(&Value::Null))
                })
            };
            covered(one, other) && covered(other, one)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| semantically_equal(a, b))
        }
        (Value::Null, value) | (value, Value::Null) => match value {
            Value::Null => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.values().all(|v| semantically_equal(v, &Value::Null)),
            _ => false,
        },
        _ => one == other,
    }
}

/// One mistake for each fault that a rule found in a value.
pub fn invalid_each(
    errors: &mut ErrorList,
    path: Path,
    value: impl Into<Value>,
    faults: names::Faults,
) {
    let value = value.into();
    errors.extend(
        faults
            .iter()
            .map(|fault| Error::invalid(path.clone(), value.clone(), fault)),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_in_objects_are_checked() {
        let errors = label_selector(
            &json!({"matchExpressions": [{"key": "a", "operator": "In"}, {"key": "a", "operator": "Exists", "values": ["x"]}, {"key": "a", "operator": "Is"}]}),
            &"spec.selector".into(),
        );
        let found: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
                "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                "spec.selector.matchExpressions[2].operator: Invalid value: \"Is\": not a valid selector operator",
            ]
        );
    }

    #[test]
    fn empty_and_absent_are_the_same_but_zero_is_not() {
        assert!(semantically_equal(&json!({"a": []}), &json!({})));
        assert!(semantically_equal(&json!({"a": {"b": null}}), &Value::Null));
        assert!(!semantically_equal(&json!({"a": 0}), &json!({})));
        assert!(!semantically_equal(&json!([1]), &json!([2])));
    }
}
