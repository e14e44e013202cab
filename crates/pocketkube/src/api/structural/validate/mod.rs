//! What a schema says values must be, with all mistakes in the words of the API.
//!
//! Mirrors `kube-openapi/pkg/validation/validate/schema.go` and `kubeOpenAPIResultToFieldErrors`
//! in `apiextensions-apiserver/pkg/apiserver/validation/validation.go` (v1.35).

mod junctors;
mod maps;
mod scalars;

use serde_json::Value;

use super::{Kind, Node};
use crate::api::field::{Error, ErrorList, Path};

/// Every mistake in `object`; in a changed one, those in what changed.
pub(super) fn validate(object: &Value, old: Option<&Value>, root: &Node) -> ErrorList {
    let mut findings = Findings::default();
    check(object, old, root, &Path::default(), &mut findings);
    findings.errors
}

/// What a walk found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) errors: ErrorList,
    /// How many schemas were held against values: of several alternatives that all fail, the one
    /// that went furthest is explained.
    pub(super) visited: usize,
}

impl Findings {
    pub(super) fn push(&mut self, error: Error) {
        self.errors.push(error);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.visited += other.visited;
    }
}

/// The value and everything below it.
pub(super) fn check(
    value: &Value,
    old: Option<&Value>,
    node: &Node,
    path: &Path,
    found: &mut Findings,
) {
    found.visited += 1;
    // What was there before and is untouched stays allowed.
    if old.is_some_and(|old| old == value) {
        return;
    }
    if let Some(error) = type_error(value, node, path) {
        found.push(error);
        if value.is_null() {
            enumeration(value, node, path, found);
            return;
        }
    }
    if value.is_null() {
        if !node.nullable {
            enumeration(value, node, path, found);
        }
        return;
    }
    junctors::check_junctors(value, old, node, path, found);
    match value {
        Value::String(text) => scalars::text(text, node, path, found),
        Value::Number(number) => scalars::number(number, node, path, found),
        Value::Array(list) => maps::list(list, old, node, path, found),
        _ => {}
    }
    enumeration(value, node, path, found);
    if let Value::Object(map) = value {
        maps::map(map, old, node, path, found);
    }
}

fn type_error(value: &Value, node: &Node, path: &Path) -> Option<Error> {
    let wanted = match node.kind {
        Kind::Any => return None,
        Kind::Object => "object",
        Kind::Array => "array",
        Kind::String => "string",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::IntOrString => "integer,string",
    };
    let found = type_of(value);
    let fits = match (node.kind, value) {
        (_, Value::Null) => node.nullable,
        (Kind::Integer | Kind::IntOrString, Value::Number(number)) => is_whole(number),
        (Kind::Number, Value::Number(_)) => true,
        (Kind::IntOrString, Value::String(_)) => true,
        _ => found == wanted,
    };
    if fits {
        return None;
    }
    let detail = format!("{} in body must be of type {wanted}: {found:?}", name(path));
    Some(Error::type_invalid(path.clone(), found, &detail))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if is_whole(number) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.fract() == 0.0)
}

fn enumeration(value: &Value, node: &Node, path: &Path, found: &mut Findings) {
    let Some(checks) = &node.checks else {
        return;
    };
    let allowed = &checks.one_of_values;
    if allowed.is_empty() || allowed.iter().any(|candidate| same(candidate, value)) {
        return;
    }
    let texts: Vec<String> = allowed
        .iter()
        .map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    found.push(Error::not_supported(path.clone(), value.clone(), &texts));
}

/// Equality that takes 1 and 1.0 for the same.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

/// The path as the sentences name it; the root has no name.
pub(super) fn name(path: &Path) -> &str {
    path.as_str()
}
