//! The applied value laid over the live one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::api::managed_fields::element;
use crate::api::managed_fields::types::{Atom, List, ListKind, MapType, TypeRef};

/// `over` wins where both set a leaf; maps and keyed lists are merged.
pub(in crate::api::managed_fields) fn merge(base: &Value, over: &Value, of: TypeRef<'_>) -> Value {
    values(Some(base), Some(over), of).unwrap_or(Value::Null)
}

fn values(base: Option<&Value>, over: Option<&Value>, of: TypeRef<'_>) -> Option<Value> {
    let winner = over.or(base)?;
    match of.resolve(winner) {
        Atom::Scalar(_) => Some(winner.clone()),
        Atom::List(list) => {
            let (base_items, over_items) = (as_list(base), as_list(over));
            let is_empty = base_items.is_empty() && over_items.is_empty();
            if matches!(list.kind, ListKind::Atomic) || is_empty {
                return Some(winner.clone());
            }
            let merged = items(base_items, over_items, &list);
            (!merged.is_empty()).then_some(Value::Array(merged))
        }
        Atom::Map(map) => {
            let empty = Map::new();
            let base_map = base.and_then(Value::as_object).unwrap_or(&empty);
            let over_map = over.and_then(Value::as_object).unwrap_or(&empty);
            if map.atomic || (base_map.is_empty() && over_map.is_empty()) {
                return Some(winner.clone());
            }
            let merged = entries(base_map, over_map, &map);
            (!merged.is_empty()).then_some(Value::Object(merged))
        }
    }
}

fn as_list(value: Option<&Value>) -> &[Value] {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn entries(
    base: &Map<String, Value>,
    over: &Map<String, Value>,
    map: &MapType<'_>,
) -> Map<String, Value> {
    let mut merged = base.clone();
    for (key, value) in over {
        let of = map.entry(key).unwrap_or(TypeRef::Deduced);
        match values(base.get(key), Some(value), of) {
            Some(value) => merged.insert(key.clone(), value),
            None => merged.remove(key),
        };
    }
    merged
}

/// The elements of both lists, each once. The applied order wins for elements that both have;
/// elements of only one list keep their place between their neighbours.
fn items(base: &[Value], over: &[Value], list: &List<'_>) -> Vec<Value> {
    let named = |items: &'_ [Value]| -> Vec<(String, usize)> {
        items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| Some((element::of_item(list, item).ok()?, at)))
            .collect()
    };
    let (base_named, over_named) = (named(base), named(over));
    // An element that stands twice in the live list merges with nothing.
    let mut base_values: BTreeMap<&str, Option<&Value>> = BTreeMap::new();
    for (element, at) in &base_named {
        base_values
            .entry(element)
            .and_modify(|value| *value = None)
            .or_insert(base.get(*at));
    }
    let over_elements: BTreeSet<&str> = over_named.iter().map(|(e, _)| e.as_str()).collect();
    let null = Value::Null;
    let merged_item = |element: &str, over_item: &Value| {
        let base_item = base_values.get(element).map(|value| value.unwrap_or(&null));
        values(base_item, Some(over_item), list.element)
    };
    let mut shared = over_named
        .iter()
        .map(|(element, _)| element.as_str())
        .filter(|element| base_values.contains_key(element));
    let mut next_shared = shared.next();
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut merged = Vec::with_capacity(base.len().max(over.len()));
    let (mut left, mut right) = (0, 0);
    while left < base_named.len() || right < over_named.len() {
        if let (Some((base_element, _)), Some((over_element, over_at))) =
            (base_named.get(left), over_named.get(right))
        {
            if base_element == over_element {
                placed.insert(over_element);
                merged.extend(merged_item(over_element, &over[*over_at]));
                left += 1;
                right += 1;
                next_shared = shared.next();
                continue;
            }
            let is_out_of_order = next_shared.is_some_and(|next| next != base_element);
            if over_elements.contains(base_element.as_str()) && is_out_of_order {
                left += 1;
                continue;
            }
        }
        if let Some((base_element, base_at)) = base_named.get(left) {
            if !over_elements.contains(base_element.as_str()) {
                merged.push(base[*base_at].clone());
                left += 1;
                continue;
            }
            if placed.contains(base_element.as_str()) {
                left += 1;
            }
        }
        if let Some((over_element, over_at)) = over_named.get(right) {
            placed.insert(over_element);
            merged.extend(merged_item(over_element, &over[*over_at]));
            right += 1;
            if next_shared == Some(over_element.as_str()) {
                next_shared = shared.next();
            }
        }
    }
    merged
}
