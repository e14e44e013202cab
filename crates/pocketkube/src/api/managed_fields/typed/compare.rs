//! What differs between two values of one type.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::api::managed_fields::element;
use crate::api::managed_fields::set::Set;
use crate::api::managed_fields::types::{Atom, List, ListKind, MapType, TypeRef};

/// The paths by which a new value differs from an old one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::api::managed_fields) struct Comparison {
    pub(in crate::api::managed_fields) removed: Set,
    pub(in crate::api::managed_fields) modified: Set,
    pub(in crate::api::managed_fields) added: Set,
}

impl Comparison {
    pub(in crate::api::managed_fields) fn is_same(&self) -> bool {
        self.removed.is_empty() && self.modified.is_empty() && self.added.is_empty()
    }

    /// Without fields that the writer's endpoint resets, and whatever is below them.
    pub(in crate::api::managed_fields) fn without(self, ignored: &Set) -> Self {
        Self {
            removed: self.removed.recursive_difference(ignored),
            modified: self.modified.recursive_difference(ignored),
            added: self.added.recursive_difference(ignored),
        }
    }
}

pub(in crate::api::managed_fields) fn compare(
    old: &Value,
    new: &Value,
    of: TypeRef<'_>,
) -> Comparison {
    values(Some(old), Some(new), of).below
}

/// What differs at a place, and below it.
#[derive(Default)]
struct Difference {
    itself: Option<Kind>,
    below: Comparison,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Removed,
    Modified,
    Added,
}

impl Comparison {
    fn put(&mut self, element: String, found: Difference) {
        let Difference { itself, below } = found;
        let sets = [
            (&mut self.removed, below.removed, Kind::Removed),
            (&mut self.modified, below.modified, Kind::Modified),
            (&mut self.added, below.added, Kind::Added),
        ];
        for (set, below, kind) in sets {
            let is_member = itself == Some(kind);
            if is_member || !below.is_empty() {
                set.insert_below(&element, below, is_member);
            }
        }
    }
}

fn values(old: Option<&Value>, new: Option<&Value>, of: TypeRef<'_>) -> Difference {
    // Most of an object stays as it was, so equal parts are passed over at once.
    if old == new {
        return Difference::default();
    }
    let Some(shown) = new.or(old) else {
        return Difference::default();
    };
    let mut below = Comparison::default();
    let in_leaf = match of.resolve(shown) {
        Atom::Scalar(_) => true,
        Atom::List(list) => {
            let (old, new) = (as_list(old), as_list(new));
            let is_leaf =
                matches!(list.kind, ListKind::Atomic) || (old.is_empty() && new.is_empty());
            if !is_leaf {
                below = items(old, new, &list);
            }
            is_leaf
        }
        Atom::Map(map) => {
            let empty = Map::new();
            let is_empty = |value: Option<&Value>| as_map(value).is_none_or(Map::is_empty);
            let is_leaf = map.atomic || (is_empty(old) && is_empty(new));
            if !is_leaf {
                let old = as_map(old).unwrap_or(&empty);
                below = entries(old, as_map(new).unwrap_or(&empty), &map);
            }
            is_leaf
        }
    };
    let itself = match (old, new) {
        (None, _) => Some(Kind::Added),
        (_, None) => Some(Kind::Removed),
        _ => in_leaf.then_some(Kind::Modified),
    };
    Difference { itself, below }
}

fn entries(old: &Map<String, Value>, new: &Map<String, Value>, map: &MapType<'_>) -> Comparison {
    let mut found = Comparison::default();
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    for key in new.keys().chain(gone) {
        let (old, new) = (old.get(key), new.get(key));
        if old == new {
            continue;
        }
        if let Some(of) = map.entry(key) {
            found.put(element::of_field(key), values(old, new, of));
        }
    }
    found
}

fn items(old: &[Value], new: &[Value], list: &List<'_>) -> Comparison {
    let mut pairs: BTreeMap<String, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
    for item in old {
        if let Ok(element) = element::of_item(list, item) {
            pairs.entry(element).or_default().0.push(item);
        }
    }
    for item in new {
        if let Ok(element) = element::of_item(list, item) {
            pairs.entry(element).or_default().1.push(item);
        }
    }
    let mut found = Comparison::default();
    for (element, (old, new)) in pairs {
        // Elements that stand there more than once are compared as a whole.
        match (old.as_slice(), new.as_slice()) {
            ([] | [_], [] | [_]) => {
                let difference = values(old.first().copied(), new.first().copied(), list.element);
                found.put(element, difference);
            }
            ([_, _, ..], [_, _, ..]) => {
                if old != new {
                    found.modified.insert(&[element]);
                }
            }
            ([_, _, ..], rest) => {
                if let [item] = rest {
                    found.put(element.clone(), values(None, Some(item), list.element));
                }
                found.removed.insert(&[element]);
            }
            (rest, _) => {
                if let [item] = rest {
                    found.put(element.clone(), values(Some(item), None, list.element));
                }
                found.added.insert(&[element]);
            }
        }
    }
    found
}

fn as_list(value: Option<&Value>) -> &[Value] {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn as_map(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}
