//! Lists whose elements must differ: sets, and maps by their keys.
//!
//! Mirrors `apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go` (v1.35).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{ListKind, Node};
use crate::api::field::{Error, ErrorList, Path};

/// Repeated elements, unless some were repeated before.
pub(super) fn validate_change(object: &Value, old: Option<&Value>, root: &Node) -> ErrorList {
    let mut errors = ErrorList::new();
    if !root.has_unique_lists {
        return errors;
    }
    if let Some(old) = old {
        visit(old, root, &Path::default(), &mut errors);
        if !errors.is_empty() {
            return ErrorList::new();
        }
    }
    visit(object, root, &Path::default(), &mut errors);
    errors
}

fn visit(value: &Value, node: &Node, path: &Path, errors: &mut ErrorList) {
    if !node.has_unique_lists {
        return;
    }
    match value {
        Value::Object(map) => {
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
            repeated(list, &node.list, path, errors);
            if let Some(items) = &node.items {
                for (index, item) in list.iter().enumerate() {
                    visit(item, items, &path.index(index), errors);
                }
            }
        }
        _ => {}
    }
}

fn repeated(list: &[Value], kind: &ListKind, path: &Path, errors: &mut ErrorList) {
    let mut seen = HashSet::new();
    for (index, item) in list.iter().enumerate() {
        let identity = match kind {
            ListKind::Atomic => return,
            ListKind::Set => item.clone(),
            ListKind::Map(keys) => match item {
                Value::Object(item) => Value::Object(keys_of(item, keys)),
                _ => continue,
            },
        };
        if !seen.insert(identity.to_string()) {
            errors.push(Error::duplicate(path.index(index), identity));
        }
    }
}

/// The fields that tell an element from its neighbours.
pub(super) fn keys_of(item: &Map<String, Value>, keys: &[String]) -> Map<String, Value> {
    keys.iter()
        .filter_map(|key| Some((key.clone(), item.get(key)?.clone())))
        .collect()
}

impl Node {
    /// The element of a list as it was before, found by the keys of a list that is a map.
    pub(super) fn before<'v>(&self, item: &Value, old: Option<&'v Value>) -> Option<&'v Value> {
        let ListKind::Map(keys) = &self.list else {
            return None;
        };
        let wanted = keys_of(item.as_object()?, keys);
        old?.as_array()?.iter().find(|candidate| {
            candidate
                .as_object()
                .is_some_and(|candidate| keys_of(candidate, keys) == wanted)
        })
    }
}
