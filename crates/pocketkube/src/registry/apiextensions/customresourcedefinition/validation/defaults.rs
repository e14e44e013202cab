//! Defaults must obey the schema that they stand in.
//!
//! Mirrors `apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::structural::Structural;
use crate::api::tree::entries;

pub(super) fn validate(schema: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    visit(schema, path, &mut errors);
    errors
}

fn visit(schema: &Value, path: &Path, errors: &mut ErrorList) {
    if !schema["default"].is_null() {
        errors.extend(own_default(schema, &path.child("default")));
    }
    if schema["items"].is_object() {
        visit(&schema["items"], &path.child("items"), errors);
    }
    for (name, property) in entries(&schema["properties"]) {
        visit(property, &path.child("properties").key(name), errors);
    }
    if schema["additionalProperties"].is_object() {
        let path = path.child("additionalProperties");
        visit(&schema["additionalProperties"], &path, errors);
    }
}

fn own_default(schema: &Value, path: &Path) -> ErrorList {
    let default = &schema["default"];
    let structural = Structural::new(schema.clone());
    if default.is_object() && !structural.is_pruned_value(default) {
        return vec![Error::invalid(
            path.clone(),
            default.clone(),
            "must be pruned",
        )];
    }
    let mut errors = structural.validate(default, None);
    for error in &mut errors {
        let below = error.path.as_str();
        error.path = match (below.is_empty(), below.starts_with('[')) {
            (true, _) => path.clone(),
            (false, true) => Path::new(&format!("{path}{below}")),
            (false, false) => path.child(below),
        };
    }
    errors
}
