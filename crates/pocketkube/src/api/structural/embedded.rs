//! Objects inside objects: what `x-kubernetes-embedded-resource` asks for.
//!
//! Mirrors `apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation.go` (v1.35).

use serde_json::Value;

use super::Node;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{NameUse, name_is_path_segment};
use crate::api::tree::text;
use crate::api::validate::{annotations, finalizers, invalid_each, labels, owner_references};

pub(super) fn validate(object: &Value, root: &Node) -> ErrorList {
    let mut errors = ErrorList::new();
    visit(object, root, &Path::default(), &mut errors);
    errors
}

fn visit(value: &Value, node: &Node, path: &Path, errors: &mut ErrorList) {
    match value {
        Value::Object(map) => {
            if node.embedded {
                errors.extend(identity(value, path));
            }
            for (key, value) in map {
                if let Some(child) = node.entry(key) {
                    let path = match node.properties.contains_key(key) {
                        true => path.child(key),
                        false => path.key(key),
                    };
                    visit(value, child, &path, errors);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = &node.items {
                for (index, item) in list.iter().enumerate() {
                    visit(item, items, &path.index(index), errors);
                }
            }
        }
        _ => {}
    }
}

fn identity(object: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for field in ["apiVersion", "kind"] {
        if text(object, field).is_empty() {
            errors.push(Error::required(path.child(field), "must not be empty"));
        }
    }
    let (metadata, path) = (&object["metadata"], path.child("metadata"));
    let name = text(metadata, "name");
    if !name.is_empty() {
        let faults = name_is_path_segment(name, NameUse::Whole);
        invalid_each(&mut errors, path.child("name"), name, faults);
    }
    errors.extend(labels(&metadata["labels"], &path.child("labels")));
    errors.extend(annotations(
        &metadata["annotations"],
        &path.child("annotations"),
    ));
    errors.extend(owner_references(
        &metadata["ownerReferences"],
        &path.child("ownerReferences"),
    ));
    errors.extend(finalizers(
        &metadata["finalizers"],
        &path.child("finalizers"),
    ));
    errors
}
