//! The paths that a value sets.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::managed_fields::element;
use crate::api::managed_fields::set::Set;
use crate::api::managed_fields::types::{Atom, List, ListKind, MapType, TypeRef};

/// All paths of a value: its leaves, the elements of its lists and the entries of its maps.
pub(in crate::api::managed_fields) fn paths_of(value: &Value, of: TypeRef<'_>) -> Set {
    collect(value, of).0
}

/// The paths below a value, and whether the value itself is one.
fn collect(value: &Value, of: TypeRef<'_>) -> (Set, bool) {
    let mut set = Set::default();
    match (of.resolve(value), value) {
        (Atom::Scalar(_), _) => return (set, true),
        (Atom::List(list), _) if matches!(list.kind, ListKind::Atomic) => return (set, true),
        (Atom::Map(map), _) if map.atomic => return (set, true),
        (Atom::List(list), Value::Array(items)) => items_of(&mut set, items, &list),
        (Atom::Map(map), Value::Object(entries)) => {
            for (key, value) in entries {
                let declared = map.field(key);
                let Some(of) = declared.or(map.element) else {
                    continue;
                };
                let (below, member) = collect(value, of);
                let is_empty = value.is_null() || value.as_object().is_some_and(|m| m.is_empty());
                let member = member || is_empty || declared.is_none();
                set.insert_below(&element::of_field(key), below, member);
            }
        }
        _ => {}
    }
    (set, false)
}

/// An element that stands twice in the list is owned as a whole.
fn items_of(set: &mut Set, items: &[Value], list: &List<'_>) {
    let mut elements: BTreeMap<String, Option<&Value>> = BTreeMap::new();
    for item in items {
        let Ok(element) = element::of_item(list, item) else {
            continue;
        };
        elements
            .entry(element)
            .and_modify(|item| *item = None)
            .or_insert(Some(item));
    }
    for (element, item) in elements {
        let below = item.map(|item| collect(item, list.element).0);
        set.insert_below(&element, below.unwrap_or_default(), true);
    }
}

/// The set with every declared field that has paths below it as a path of its own, so that
/// removing the paths removes the structs around them.
pub(in crate::api::managed_fields) fn with_named_fields(set: &Set, of: Option<TypeRef<'_>>) -> Set {
    let atom = of.map(|of| of.resolve(&Value::Null));
    let map: Option<&MapType<'_>> = match &atom {
        Some(Atom::Map(map)) => Some(map),
        _ => None,
    };
    let mut result = Set::default();
    for (element, member, below) in set.nodes() {
        let name = element.strip_prefix("f:");
        let declared = name.and_then(|name| map?.field(name));
        let of = match &atom {
            Some(Atom::Map(map)) => name.and_then(|name| map.entry(name)),
            Some(Atom::List(list)) if element.starts_with("k:") => Some(list.element),
            _ => None,
        };
        let member = member || declared.is_some();
        result.insert_below(element, with_named_fields(&below, of), member);
    }
    result
}
