//! JSON values as matchers compare and show them.

use pocketkube::api::quantity::Quantity;
use serde_json::Value;

pub(super) fn list(seen: Option<&Value>) -> &[Value] {
    seen.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        Value::String(text) => text.chars().count(),
        _ => 0,
    }
}

/// Numbers are the same where their values are: 2 and 2.0.
pub(super) fn same(seen: &Value, wanted: &Value) -> bool {
    match (seen, wanted) {
        (Value::Number(seen), Value::Number(wanted)) => {
            let (exact, wished) = (quantity(&seen.to_string()), quantity(&wanted.to_string()));
            seen == wanted || (exact.is_some() && exact == wished)
        }
        _ => seen == wanted,
    }
}

/// `3` and `true` in text that is compared mean the number and the truth value.
pub(super) fn scalar(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => text.into(),
    }
}

/// A number, also one written as a Kubernetes quantity (`128Mi`, `500m`), exactly.
pub(super) fn quantity(text: &str) -> Option<Quantity> {
    Quantity::parse(text).ok()
}

pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value as a learner reads it: text as it is, structures as YAML.
pub(in crate::check) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "\"\"".to_owned(),
        Some(value @ (Value::Object(_) | Value::Array(_))) => serde_yaml::to_string(value)
            .map(|text| text.trim_end().to_owned())
            .unwrap_or_else(|_| value.to_string()),
        Some(other) => plain(other),
    }
}

pub(super) fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
