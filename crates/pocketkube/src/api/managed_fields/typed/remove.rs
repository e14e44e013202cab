//! A value without some of its paths.

use serde_json::{Map, Value};

use crate::api::managed_fields::element;
use crate::api::managed_fields::set::Set;
use crate::api::managed_fields::types::{Atom, ListKind, TypeRef};

/// Removes what `removed` names. What becomes empty becomes null; atomic values stay whole.
pub(in crate::api::managed_fields) fn remove(
    value: &Value,
    removed: &Set,
    of: TypeRef<'_>,
) -> Value {
    match (of.resolve(value), value) {
        (Atom::Scalar(_), _) => value.clone(),
        (Atom::List(list), Value::Array(items)) if !matches!(list.kind, ListKind::Atomic) => {
            let kept: Vec<Value> = items
                .iter()
                .filter_map(|item| {
                    let Ok(element) = element::of_item(&list, item) else {
                        return Some(item.clone());
                    };
                    keep(item, &element, removed, list.element)
                })
                .collect();
            if kept.is_empty() {
                Value::Null
            } else {
                kept.into()
            }
        }
        (Atom::Map(map), Value::Object(entries)) if !map.atomic => {
            let kept: Map<String, Value> = entries
                .iter()
                .filter_map(|(key, value)| {
                    let of = map.entry(key).unwrap_or(TypeRef::Deduced);
                    let kept = keep(value, &element::of_field(key), removed, of)?;
                    Some((key.clone(), kept))
                })
                .collect();
            if kept.is_empty() {
                Value::Null
            } else {
                Value::Object(kept)
            }
        }
        _ => Value::Null,
    }
}

fn keep(value: &Value, element: &str, removed: &Set, of: TypeRef<'_>) -> Option<Value> {
    if removed.has_element(element) {
        return None;
    }
    let below = removed.with_prefix(element);
    match below.is_empty() {
        true => Some(value.clone()),
        false => Some(remove(value, &below, of)),
    }
}
