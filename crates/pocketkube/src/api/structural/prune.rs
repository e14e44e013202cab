//! Dropping the fields that a schema does not know.
//!
//! Mirrors `apiextensions-apiserver/pkg/apiserver/schema/pruning` (v1.35).

use serde_json::Value;

use super::{Additional, Node};

/// Fields of every object, whatever the schema says.
const OF_EVERY_OBJECT: [&str; 3] = ["apiVersion", "kind", "metadata"];

pub(super) fn prune(object: &mut Value, root: &Node) -> Vec<String> {
    let mut pruning = Pruning {
        path: String::new(),
        dropped: Vec::new(),
    };
    pruning.visit(object, root, true);
    pruning.dropped.sort();
    pruning.dropped
}

struct Pruning {
    path: String,
    dropped: Vec<String>,
}

impl Pruning {
    fn visit(&mut self, value: &mut Value, node: &Node, is_object_root: bool) {
        match value {
            Value::Object(map) => {
                map.retain(|key, value| {
                    let length = self.path.len();
                    if length > 0 {
                        self.path.push('.');
                    }
                    self.path.push_str(key);
                    let stays = self.entry(key, value, node, is_object_root);
                    if !stays {
                        self.dropped.push(self.path.clone());
                    }
                    self.path.truncate(length);
                    stays
                });
            }
            Value::Array(list) => {
                let Some(items) = &node.items else {
                    return;
                };
                for (index, item) in list.iter_mut().enumerate() {
                    let length = self.path.len();
                    self.path.push_str(&format!("[{index}]"));
                    self.visit(item, items, items.embedded);
                    self.path.truncate(length);
                }
            }
            _ => {}
        }
    }

    fn entry(&mut self, key: &str, value: &mut Value, node: &Node, is_object_root: bool) -> bool {
        if is_object_root && OF_EVERY_OBJECT.contains(&key) {
            return true;
        }
        match node.entry(key) {
            Some(child) => {
                self.visit(value, child, child.embedded);
                true
            }
            None => keeps_unknown(node),
        }
    }
}

fn keeps_unknown(node: &Node) -> bool {
    node.preserves_unknown || matches!(node.additional, Additional::Allowed)
}

/// Whether there is nothing to drop.
pub(super) fn is_pruned(object: &Value, root: &Node) -> bool {
    is_pruned_below(object, root, true)
}

/// The same for a part of an object.
pub(super) fn is_pruned_value(value: &Value, node: &Node) -> bool {
    is_pruned_below(value, node, node.embedded)
}

fn is_pruned_below(value: &Value, node: &Node, is_object_root: bool) -> bool {
    match value {
        Value::Object(map) => map.iter().all(|(key, value)| {
            if is_object_root && OF_EVERY_OBJECT.contains(&key.as_str()) {
                return true;
            }
            match node.entry(key) {
                Some(child) => is_pruned_below(value, child, child.embedded),
                None => keeps_unknown(node),
            }
        }),
        Value::Array(list) => match &node.items {
            Some(items) => list
                .iter()
                .all(|item| is_pruned_below(item, items, items.embedded)),
            None => true,
        },
        _ => true,
    }
}
