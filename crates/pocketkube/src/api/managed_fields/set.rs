//! Sets of field paths in the form of `fieldsV1`.
//!
//! A set is kept as the very tree that `managedFields` holds: `f:name` is a field, `k:{…}` a list
//! element by its keys, `v:…` a list element by its value. A node belongs to the set when it is
//! empty or has a `.`; so decoding and encoding cost nothing. Mirrors `fieldpath/set.go` and
//! `serialize.go` of `sigs.k8s.io/structured-merge-diff`.

use serde_json::{Map, Value};

/// A tree of path elements.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Set(Map<String, Value>);

const SELF: &str = ".";

/// Whether the path that leads to this node belongs to the set.
fn is_member(node: &Map<String, Value>) -> bool {
    node.is_empty() || node.contains_key(SELF)
}

/// The nodes below this one.
fn children(node: &Map<String, Value>) -> impl Iterator<Item = (&String, &Map<String, Value>)> {
    node.iter()
        .filter(|(element, _)| *element != SELF)
        .filter_map(|(element, node)| Some((element, node.as_object()?)))
}

/// A node with this membership and these children; `None` when there is nothing to keep.
fn node(member: bool, mut children: Map<String, Value>) -> Option<Map<String, Value>> {
    children.remove(SELF);
    if children.is_empty() {
        return member.then_some(children);
    }
    if member {
        children.insert(SELF.to_owned(), Value::Object(Map::new()));
    }
    Some(children)
}

impl Set {
    pub(crate) fn of_value(fields: Value) -> Self {
        match fields {
            Value::Object(map) => Self(map),
            _ => Self::default(),
        }
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a path.
    pub(crate) fn insert(&mut self, path: &[String]) {
        let Some((last, way)) = path.split_last() else {
            return;
        };
        let mut place = &mut self.0;
        for element in way {
            place = descend(place, element);
        }
        match place.get_mut(last) {
            Some(Value::Object(node)) if !node.is_empty() => {
                node.insert(SELF.to_owned(), Value::Object(Map::new()));
            }
            Some(_) => {}
            None => {
                place.insert(last.clone(), Value::Object(Map::new()));
            }
        }
    }

    /// Adds what is below an element, and the element itself if it is a `member`.
    pub(crate) fn insert_below(&mut self, element: &str, below: Self, member: bool) {
        if let Some(node) = node(member, below.0) {
            self.0.insert(element.to_owned(), Value::Object(node));
        }
    }

    pub(crate) fn has(&self, path: &[String]) -> bool {
        let mut node = &self.0;
        for element in path {
            match node.get(element).and_then(Value::as_object) {
                Some(below) => node = below,
                None => return false,
            }
        }
        !path.is_empty() && is_member(node)
    }

    /// Whether the one-element path belongs to the set.
    pub(crate) fn has_element(&self, element: &str) -> bool {
        self.below(element).is_some_and(is_member)
    }

    /// The set of what is below an element.
    pub(crate) fn with_prefix(&self, element: &str) -> Self {
        let below = self.below(element).cloned().unwrap_or_default();
        Self(node(false, below).unwrap_or_default())
    }

    fn below(&self, element: &str) -> Option<&Map<String, Value>> {
        self.0.get(element).and_then(Value::as_object)
    }

    /// The elements at the top, with whether they belong to the set and what is below.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (&String, bool, Self)> {
        children(&self.0).map(|(element, below)| {
            let below_set = Self(node(false, below.clone()).unwrap_or_default());
            (element, is_member(below), below_set)
        })
    }

    pub(crate) fn union(mut self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        add(&mut self.0, &other.0);
        self
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        Self(common(&self.0, &other.0))
    }

    /// Without the paths of `other`; what is below them stays.
    pub(crate) fn difference(mut self, other: &Self) -> Self {
        subtract(&mut self.0, &other.0);
        self
    }

    /// Without the paths of `other` and everything below them.
    pub(crate) fn recursive_difference(mut self, other: &Self) -> Self {
        subtract_recursively(&mut self.0, &other.0);
        self
    }

    /// All paths, a node's own elements before what is below them.
    pub(crate) fn paths(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        collect(&self.0, &mut Vec::new(), &mut found);
        found
    }
}

fn descend<'a>(place: &'a mut Map<String, Value>, element: &str) -> &'a mut Map<String, Value> {
    let is_new = !place.contains_key(element);
    let slot = place
        .entry(element)
        .or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    let node = slot.as_object_mut().expect("made a map above");
    if !is_new && node.is_empty() {
        // A leaf of the set gets something below it and must say that it is still a member.
        node.insert(SELF.to_owned(), Value::Object(Map::new()));
    }
    node
}

fn add(to: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (element, added) in children(from) {
        match to.get_mut(element) {
            Some(Value::Object(found)) => {
                let member = is_member(found) || is_member(added);
                let mut below = std::mem::take(found);
                add(&mut below, added);
                *found = node(member, below).unwrap_or_default();
            }
            _ => {
                to.insert(element.clone(), Value::Object(added.clone()));
            }
        }
    }
}

fn common(one: &Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    let mut result = Map::new();
    for (element, here) in children(one) {
        let Some(there) = other.get(element).and_then(Value::as_object) else {
            continue;
        };
        let member = is_member(here) && is_member(there);
        if let Some(node) = node(member, common(here, there)) {
            result.insert(element.clone(), Value::Object(node));
        }
    }
    result
}

fn subtract(from: &mut Map<String, Value>, what: &Map<String, Value>) {
    for (element, removed) in children(what) {
        let Some(Value::Object(found)) = from.get_mut(element) else {
            continue;
        };
        let member = is_member(found) && !is_member(removed);
        let mut below = std::mem::take(found);
        subtract(&mut below, removed);
        match node(member, below) {
            Some(node) => *found = node,
            None => {
                from.remove(element);
            }
        }
    }
}

fn subtract_recursively(from: &mut Map<String, Value>, what: &Map<String, Value>) {
    for (element, removed) in children(what) {
        if is_member(removed) {
            from.remove(element);
            continue;
        }
        let Some(Value::Object(found)) = from.get_mut(element) else {
            continue;
        };
        let member = is_member(found);
        let mut below = std::mem::take(found);
        subtract_recursively(&mut below, removed);
        match node(member, below) {
            Some(node) => *found = node,
            None => {
                from.remove(element);
            }
        }
    }
}

fn collect(node: &Map<String, Value>, way: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for (element, below) in children(node) {
        if is_member(below) {
            let mut path = way.clone();
            path.push(element.clone());
            found.push(path);
        }
    }
    for (element, below) in children(node) {
        way.push(element.clone());
        collect(below, way, found);
        way.pop();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.chars().map(|c| format!("f:{c}")).collect()
    }

    fn set(paths: &[&str]) -> Set {
        let mut set = Set::default();
        for text in paths {
            set.insert(&path(text));
        }
        set
    }

    #[test]
    fn nodes_that_have_something_below_say_whether_they_belong() {
        assert_eq!(
            set(&["ab", "a"]).into_value(),
            json!({"f:a": {".": {}, "f:b": {}}})
        );
        assert_eq!(
            set(&["a", "ab"]).into_value(),
            json!({"f:a": {".": {}, "f:b": {}}})
        );
        assert_eq!(set(&["ab"]).into_value(), json!({"f:a": {"f:b": {}}}));
        assert!(!set(&["ab"]).has(&path("a")));
    }

    #[test]
    fn difference_keeps_what_is_below_and_recursive_difference_does_not() {
        let all = || set(&["a", "ab", "c"]);
        assert_eq!(all().difference(&set(&["a"])), set(&["ab", "c"]));
        assert_eq!(all().recursive_difference(&set(&["a"])), set(&["c"]));
    }

    fn any_paths() -> impl Strategy<Value = BTreeSet<String>> {
        prop::collection::btree_set("[abc]{1,3}", 0..8)
    }

    fn of(paths: &BTreeSet<String>) -> Set {
        set(&paths.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn paths_of(set: &Set) -> BTreeSet<String> {
        set.paths()
            .iter()
            .map(|path| path.iter().map(|e| &e[2..]).collect())
            .collect()
    }

    proptest! {
        #[test]
        fn set_algebra_holds(a in any_paths(), b in any_paths()) {
            let (x, y) = (of(&a), of(&b));
            prop_assert_eq!(paths_of(&x), a.clone());
            prop_assert_eq!(paths_of(&x.clone().union(&y)), a.union(&b).cloned().collect());
            prop_assert_eq!(paths_of(&x.intersection(&y)), a.intersection(&b).cloned().collect());
            prop_assert_eq!(paths_of(&x.clone().difference(&y)), a.difference(&b).cloned().collect());
            let recursive = a.iter().filter(|path| !b.iter().any(|other| path.starts_with(other.as_str())));
            prop_assert_eq!(paths_of(&x.clone().recursive_difference(&y)), recursive.cloned().collect());
            for text in &b {
                prop_assert_eq!(x.has(&path(text)), a.contains(text));
            }
            prop_assert_eq!(Set::of_value(x.clone().into_value()), x);
        }
    }
}
