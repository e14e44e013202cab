//! Filling in what is missing.
//!
//! Mirrors `apiextensions-apiserver/pkg/apiserver/schema/defaulting/algorithm.go` (v1.35).

use serde_json::Value;

use super::Node;

/// Removes nulls that the schema neither allows nor has a default for.
pub(super) fn drop_nulls(value: &mut Value, node: &Node) {
    match value {
        Value::Object(map) => map.retain(|key, value| {
            let Some(child) = node.entry(key) else {
                return true;
            };
            if value.is_null() {
                return child.nullable || child.default.is_some() || child.takes_anything();
            }
            drop_nulls(value, child);
            true
        }),
        Value::Array(list) => {
            if let Some(items) = &node.items {
                list.iter_mut().for_each(|item| drop_nulls(item, items));
            }
        }
        _ => {}
    }
}

impl Node {
    /// Whether the schema says nothing of the value, so that null is as good as anything.
    fn takes_anything(&self) -> bool {
        self.preserves_unknown && self.kind == super::Kind::Any
    }

    /// The default that stands in for a null which is not allowed.
    fn default_for_null(&self, value: &Value) -> Option<&Value> {
        match value.is_null() && !self.nullable {
            true => self.default.as_ref(),
            false => None,
        }
    }
}

pub(super) fn fill(value: &mut Value, node: &Node) {
    if !node.has_defaults {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, child) in &node.properties {
                let Some(default) = &child.default else {
                    continue;
                };
                let is_missing = match map.get(name) {
                    None => true,
                    Some(value) => child.default_for_null(value).is_some(),
                };
                if is_missing {
                    map.insert(name.clone(), default.clone());
                }
            }
            for (key, value) in map.iter_mut() {
                if let Some(child) = node.entry(key) {
                    fill_one(value, child);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = &node.items {
                list.iter_mut().for_each(|item| fill_one(item, items));
            }
        }
        _ => {}
    }
}

fn fill_one(value: &mut Value, node: &Node) {
    if let Some(default) = node.default_for_null(value) {
        *value = default.clone();
    }
    fill(value, node);
}

/// Whether nothing is missing.
pub(super) fn is_filled(value: &Value, node: &Node) -> bool {
    if !node.has_defaults {
        return true;
    }
    let one_is_filled = |value: &Value, node: &Node| {
        node.default_for_null(value).is_none() && is_filled(value, node)
    };
    match value {
        Value::Object(map) => {
            let is_there =
                |(name, child): (&String, &Node)| child.default.is_none() || map.contains_key(name);
            node.properties.iter().all(is_there)
                && map.iter().all(|(key, value)| {
                    node.entry(key)
                        .is_none_or(|child| one_is_filled(value, child))
                })
        }
        Value::Array(list) => node
            .items
            .as_ref()
            .is_none_or(|items| list.iter().all(|item| one_is_filled(item, items))),
        _ => true,
    }
}
