//! Lists that are maps or sets: which fields are the keys, and what may not be null.
//!
//! Mirrors `validateMapListKeysMapSet` and its surroundings in
//! `apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{strings, text};

const KEYS: &str = "x-kubernetes-list-map-keys";

pub(super) fn validate(schema: &Value, path: &Path) -> ErrorList {
    let list_type = text(schema, "x-kubernetes-list-type");
    let keys: Vec<&str> = strings(&schema[KEYS]).collect();
    let mut errors = ErrorList::new();
    if !keys.is_empty() && list_type != "map" {
        let why = "must be map if x-kubernetes-list-map-keys is non-empty";
        let path = path.child("x-kubernetes-list-type");
        errors.push(match list_type {
            "" => Error::required(path, why),
            other => Error::invalid(path, other, why),
        });
    }
    if list_type == "map" {
        errors.extend(fields(&keys, schema, path));
    }
    if schema["items"].is_object() && matches!(list_type, "set" | "map") {
        errors.extend(never_null(&keys, list_type, &schema["items"], path));
    }
    errors
}

/// There are keys, and they name scalar fields of the items.
fn fields(keys: &[&str], schema: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let (items, items_path, keys_path) = (&schema["items"], path.child("items"), path.child(KEYS));
    if keys.is_empty() {
        let why = "must not be empty if x-kubernetes-list-type is map";
        errors.push(Error::required(keys_path.clone(), why));
    }
    if items.is_null() {
        let why = "must have a schema if x-kubernetes-list-type is map";
        errors.push(Error::required(items_path, why));
        return errors;
    }
    if !items.is_object() {
        let why = "must only have a single schema if x-kubernetes-list-type is map";
        errors.push(Error::invalid(items_path, items.clone(), why));
        return errors;
    }
    let kind = text(items, "type");
    if kind != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(Error::invalid(items_path.child("type"), kind, why));
        return errors;
    }
    let of_keys = |why| Error::invalid(keys_path.clone(), keys.to_vec(), why);
    for (index, key) in keys.iter().enumerate() {
        let property = &items["properties"][*key];
        if property.is_null() {
            errors.push(of_keys("entries must all be names of item properties"));
        } else if matches!(text(property, "type"), "array" | "object") {
            let path = items_path.child("properties").key(key).child("type");
            let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
            // As upstream, the type that is shown is the items'.
            errors.push(Error::invalid(path, kind, why));
        }
        if keys[..index].contains(key) {
            errors.push(of_keys("must not contain duplicate entries"));
        }
    }
    errors
}

/// Items are something, and so are their keys.
fn never_null(keys: &[&str], list_type: &str, items: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = path.child("items");
    if items["nullable"] == true {
        let why = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        errors.push(Error::forbidden(path.child("nullable"), &why));
    }
    if list_type != "map" {
        return errors;
    }
    for key in keys {
        let property = &items["properties"][*key];
        if property.is_null() {
            continue;
        }
        let path = path.child("properties").key(key);
        let is_required = strings(&items["required"]).any(|required| required == *key);
        if !is_required && property["default"].is_null() {
            let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            errors.push(Error::required(path.child("default"), why));
        }
        if property["nullable"] == true {
            let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(Error::forbidden(path.child("nullable"), why));
        }
    }
    errors
}
