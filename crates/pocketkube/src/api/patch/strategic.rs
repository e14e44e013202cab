//! Strategic merge patch: a merge patch that knows which lists merge, and by which key.
//!
//! Lists with a `merge` strategy are merged element by element, others are replaced. Directives in
//! the patch ask for more: `$patch` (replace, delete), `$retainKeys`, `$setElementOrder/<list>` and
//! `$deleteFromPrimitiveList/<list>`. Mirrors `StrategicMergeMapPatch` of
//! `apimachinery/pkg/util/strategicpatch/patch.go` (v1.35).

use serde_json::{Map, Value};

use super::not_applicable;
use crate::api::schema::{Field, Message, Shape};
use crate::api::status::StatusError;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const SET_ELEMENT_ORDER: &str = "$setElementOrder";

/// Merges the patch into the object of a built-in kind.
///
/// Fails with 400 for malformed directives, 422 for what cannot be merged, and 500, as upstream,
/// for elements without their merge key.
pub fn apply(object: &Value, patch: &Value, kind: &'static Message) -> Result<Value, StatusError> {
    let Value::Object(patch) = patch else {
        return Err(Fault::BadRequest("invalid JSON document").into());
    };
    let original = object.as_object().cloned().unwrap_or_default();
    let merged = merge_map(original, patch.clone(), Schema::Message(kind))?;
    Ok(Value::Object(merged))
}

type Object = Map<String, Value>;

/// Why a patch cannot be merged, in the classes that upstream answers with.
#[derive(Debug)]
enum Fault {
    BadRequest(&'static str),
    NotApplicable,
    Internal(String),
}

impl From<Fault> for StatusError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::BadRequest(message) => StatusError::bad_request(message),
            Fault::NotApplicable => not_applicable(),
            Fault::Internal(message) => StatusError::new(500, "", message),
        }
    }
}

const BAD_ELEMENT_ORDER: Fault = Fault::BadRequest("invalid patch format of setElementOrder list");
const BAD_RETAIN_KEYS: Fault = Fault::BadRequest("invalid patch format of retainKeys");
const BAD_PRIMITIVE_LIST: Fault = Fault::BadRequest("invalid patch format of primitive list");

/// What is known about the value at hand.
#[derive(Clone, Copy)]
enum Schema {
    Message(&'static Message),
    /// A map, or something that has no fields.
    Other,
}

impl Schema {
    fn field(self, name: &str) -> Result<&'static Field, Fault> {
        match self {
            Self::Message(message) => message.field(name).ok_or_else(|| {
                Fault::Internal(format!(
                    "unable to find api field in struct {} for the json field {name:?}",
                    message.go_name()
                ))
            }),
            Self::Other => Err(Fault::Internal(
                "merging an object in json but data type is not struct, instead is: map".to_owned(),
            )),
        }
    }

    /// The schema of a field's value, or of the elements of its list.
    fn inside(field: &'static Field) -> Self {
        match field.message() {
            Some(message) if field.shape != Shape::Map => Self::Message(message),
            _ => Self::Other,
        }
    }
}

// === Maps ===

fn merge_map(mut original: Object, mut patch: Object, schema: Schema) -> Result<Object, Fault> {
    if let Some(directive) = patch.remove(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Object::new()),
            _ => Err(unknown_directive(&directive, &patch)),
        };
    }
    retain_keys(&mut original, &mut patch)?;
    set_element_orders(&mut original, &mut patch, schema)?;
    for (key, patch) in patch {
        let (key, deletes_from_list) = match key.split_once('/') {
            Some((DELETE_FROM_LIST, key)) => (key.to_owned(), true),
            None if key == DELETE_FROM_LIST => return Err(BAD_PRIMITIVE_LIST),
            _ => (key, false),
        };
        if patch.is_null() {
            original.remove(&key);
            continue;
        }
        match (original.remove(&key), patch) {
            (Some(Value::Object(found)), Value::Object(patch)) if !deletes_from_list => {
                let field = match schema {
                    Schema::Message(_) => Schema::inside(schema.field(&key)?),
                    Schema::Other => {
                        return Err(schema.field(&key).err().unwrap_or(Fault::NotApplicable));
                    }
                };
                original.insert(key, Value::Object(merge_map(found, patch, field)?));
            }
            (Some(Value::Array(found)), Value::Array(patch)) => {
                let field = schema.field(&key)?;
                let merged = if deletes_from_list {
                    delete_from_list(found, &patch)
                } else if field.patch_strategy.merge {
                    merge_list(found, patch, field)?
                } else {
                    patch
                };
                original.insert(key, Value::Array(merged));
            }
            (found, _) if deletes_from_list => {
                original.extend(found.map(|found| (key, found)));
            }
            (_, patch) => {
                original.extend(added(patch).map(|added| (key, added)));
            }
        }
    }
    Ok(original)
}

/// What a patch adds where there was nothing to merge with: without nulls and directives.
/// `None` when a directive says to leave it out.
fn added(patch: Value) -> Option<Value> {
    match patch {
        Value::Object(map) if map.contains_key(DIRECTIVE) => None,
        Value::Object(map) => {
            let entries = map.into_iter().filter(|(_, value)| !value.is_null());
            let entries = entries.filter_map(|(key, value)| Some((key, added(value)?)));
            Some(Value::Object(entries.collect()))
        }
        Value::Array(items) => Some(items.into_iter().filter_map(added).collect()),
        leaf => Some(leaf),
    }
}

/// `$retainKeys` names all the keys that may stay.
fn retain_keys(original: &mut Object, patch: &mut Object) -> Result<(), Fault> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let Value::Array(retained) = retained else {
        return Err(BAD_RETAIN_KEYS);
    };
    let is_retained = |key: &str| retained.iter().any(|retained| retained == key);
    for (key, value) in patch.iter() {
        let is_directive = key.starts_with(DELETE_FROM_LIST) || key.starts_with(SET_ELEMENT_ORDER);
        if !value.is_null() && !is_directive && !is_retained(key) {
            return Err(BAD_RETAIN_KEYS);
        }
    }
    original.retain(|key, _| is_retained(key));
    Ok(())
}

fn unknown_directive(directive: &Value, map: &Object) -> Fault {
    let directive = directive.as_str().unwrap_or_default();
    let map = go_value(&Value::Object(map.clone()));
    Fault::Internal(format!("unknown patch type: {directive} in map: {map}"))
}

/// A value as Go prints it with `%v`.
fn go_value(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_value).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}:{}", go_value(value)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
        other => other.to_string(),
    }
}

// === The order of lists ===

/// Merges each list for which the patch also gives the order of its elements.
fn set_element_orders(
    original: &mut Object,
    patch: &mut Object,
    schema: Schema,
) -> Result<(), Fault> {
    let directives = patch
        .keys()
        .filter(|key| key.starts_with(SET_ELEMENT_ORDER));
    for directive in directives.cloned().collect::<Vec<_>>() {
        let Some(Value::Array(order)) = patch.remove(&directive) else {
            return Err(Fault::Internal("expected a []interface {}".to_owned()));
        };
        let Some((SET_ELEMENT_ORDER, key)) = directive.split_once('/') else {
            return Err(BAD_ELEMENT_ORDER);
        };
        let field = schema.field(key)?;
        let found = take_list(original, key)?;
        let changes = take_list(patch, key)?;
        let merge_key = field.patch_merge_key;
        check_order(changes.as_deref().unwrap_or_default(), &order, merge_key)?;
        let merged = match (found.clone(), changes) {
            (None, None) => continue,
            (Some(found), None) => found,
            (None, Some(changes)) => changes.into_iter().filter_map(added).collect(),
            (Some(found), Some(changes)) if field.patch_strategy.merge => {
                merge_list(found, changes, field)?
            }
            (Some(_), Some(changes)) => changes,
        };
        let server_order = found.unwrap_or_default();
        let ordered = order_elements(merged, &order, &server_order, merge_key)?;
        original.insert(key.to_owned(), Value::Array(ordered));
    }
    Ok(())
}

fn take_list(map: &mut Object, key: &str) -> Result<Option<Vec<Value>>, Fault> {
    match map.remove(key) {
        None => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list)),
        Some(_) => Err(Fault::Internal("expected a []interface {}".to_owned())),
    }
}

/// The elements that a patch changes must come in the order that it sets.
fn check_order(changes: &[Value], order: &[Value], merge_key: Option<&str>) -> Result<(), Fault> {
    if order.is_empty() {
        return Ok(());
    }
    let mut places = order.iter();
    let changed = changes.iter().filter(|item| item.get(DIRECTIVE).is_none());
    for item in changed {
        let identity = identity(item, merge_key)?;
        loop {
            let Some(place) = places.next() else {
                let changes = go_value(&Value::from(changes.to_vec()));
                let order = go_value(&Value::from(order.to_vec()));
                return Err(Fault::Internal(format!(
                    "The order in patch list:\n{changes}\n doesn't match {SET_ELEMENT_ORDER} list:\n{order}\n"
                )));
            };
            if self::identity(place, merge_key)? == identity {
                break;
            }
        }
    }
    Ok(())
}

/// Puts the elements that `order` names into that order; the others, which only the server knows,
/// are woven in where they stood before.
fn order_elements(
    elements: Vec<Value>,
    order: &[Value],
    server_order: &[Value],
    merge_key: Option<&str>,
) -> Result<Vec<Value>, Fault> {
    let place_in = |list: &[Value], item: &Value| -> Result<Option<usize>, Fault> {
        let wanted = identity(item, merge_key)?;
        Ok(list
            .iter()
            .position(|other| identity(other, merge_key).is_ok_and(|found| found == wanted)))
    };
    let (mut named, mut others) = (Vec::new(), Vec::new());
    for element in elements {
        let server_place = place_in(server_order, &element)?;
        match place_in(order, &element)? {
            Some(place) => named.push((place, server_place, element)),
            None => others.push((server_place, element)),
        }
    }
    named.sort_by_key(|(place, ..)| *place);
    others.sort_by_key(|(server_place, _)| server_place.unwrap_or(usize::MAX));
    let mut others = others.into_iter().peekable();
    let mut ordered = Vec::new();
    for (_, server_place, element) in named {
        let stood_before = |(other, _): &(Option<usize>, Value)| match (other, server_place) {
            (Some(other), Some(named)) => *other < named,
            _ => false,
        };
        while let Some((_, other)) = others.next_if(stood_before) {
            ordered.push(other);
        }
        ordered.push(element);
    }
    ordered.extend(others.map(|(_, other)| other));
    Ok(ordered)
}

/// What tells an element of a merged list from the others.
fn identity<'a>(item: &'a Value, merge_key: Option<&str>) -> Result<&'a Value, Fault> {
    let Some(merge_key) = merge_key else {
        return Ok(item);
    };
    match item {
        Value::Object(map) => map
            .get(merge_key)
            .ok_or_else(|| no_merge_key(item, merge_key)),
        _ => Err(Fault::Internal(
            "expected a map[string]interface {}".to_owned(),
        )),
    }
}

fn no_merge_key(item: &Value, merge_key: &str) -> Fault {
    let item = go_value(item);
    Fault::Internal(format!(
        "map: {item} does not contain declared merge key: {merge_key}"
    ))
}

// === Lists ===

fn delete_from_list(found: Vec<Value>, deleted: &[Value]) -> Vec<Value> {
    found
        .into_iter()
        .filter(|item| !deleted.contains(item))
        .collect()
}

fn merge_list(
    found: Vec<Value>,
    patch: Vec<Value>,
    field: &'static Field,
) -> Result<Vec<Value>, Fault> {
    if found.iter().chain(&patch).any(Value::is_array) {
        return Err(Fault::NotApplicable);
    }
    if !found.iter().chain(&patch).any(Value::is_object) {
        let mut merged: Vec<Value> = Vec::with_capacity(found.len() + patch.len());
        for item in found.iter().chain(&patch) {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        return order_elements(merged, &patch, &found, None);
    }
    let Some(merge_key) = field.patch_merge_key else {
        return Err(Fault::Internal(format!(
            "cannot merge lists without merge key for {}",
            field.go_element()
        )));
    };
    let (found, patch) = follow_directives(found, patch, merge_key)?;
    let server_order = found.clone();
    let order = patch.clone();
    let mut merged = found;
    for change in patch {
        let wanted = identity(&change, Some(merge_key))?.clone();
        let same = merged
            .iter_mut()
            .find(|item| item.get(merge_key) == Some(&wanted));
        match (same, change) {
            (Some(Value::Object(item)), Value::Object(change)) => {
                *item = merge_map(std::mem::take(item), change, Schema::inside(field))?;
            }
            (_, change) => merged.push(change),
        }
    }
    order_elements(merged, &order, &server_order, Some(merge_key))
}

/// Deletes what the patch says to delete, and takes the directives out of it.
fn follow_directives(
    mut found: Vec<Value>,
    patch: Vec<Value>,
    merge_key: &str,
) -> Result<(Vec<Value>, Vec<Value>), Fault> {
    let mut plain = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        let Some(directive) = item.get(DIRECTIVE) else {
            plain.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let deleted = identity(&item, Some(merge_key))?;
                found.retain(|item| item.get(merge_key) != Some(deleted));
            }
            Some("replace") => replace = true,
            Some("merge") => {
                let message = "merging lists cannot yet be specified in the patch";
                return Err(Fault::Internal(message.to_owned()));
            }
            _ => {
                let map = item.as_object().cloned().unwrap_or_default();
                return Err(unknown_directive(directive, &map));
            }
        }
    }
    Ok(match replace {
        true => (plain, Vec::new()),
        false => (found, plain),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::api::schema;

    fn kind(kind: &str) -> &'static Message {
        schema::message(&format!("api.core.v1.{kind}")).expect(kind)
    }

    fn check(spec: Value, patch: Value, wanted: Value) {
        assert_eq!(apply(&spec, &patch, kind("PodSpec")), Ok(wanted), "{patch}");
    }

    fn check_error(spec: Value, patch: Value, code: u16, wanted: &str) {
        let error = apply(&spec, &patch, kind("PodSpec")).expect_err(wanted);
        assert_eq!((error.code, error.message.as_str()), (code, wanted));
    }

    fn containers(list: Value) -> Value {
        json!({ "containers": list })
    }

    #[test]
    fn lists_of_structs_merge_by_their_key() {
        check(
            containers(json!([{"name": "a", "image": "1"}, {"name": "b", "image": "1"}])),
            containers(json!([{"name": "b", "image": "2"}, {"name": "c", "image": "3"}])),
            containers(json!([
                {"name": "a", "image": "1"}, {"name": "b", "image": "2"}, {"name": "c", "image": "3"}
            ])),
        );
    }

    #[test]
    fn other_lists_and_scalars_are_replaced_and_null_removes() {
        check(
            json!({"containers": [{"name": "a", "args": ["x"], "ports": [{"containerPort": 80}]}], "nodeName": "n"}),
            json!({"containers": [{"name": "a", "args": ["y"], "ports": null}], "nodeName": null, "subdomain": null}),
            containers(json!([{"name": "a", "args": ["y"]}])),
        );
    }

    #[test]
    fn maps_of_texts_merge() {
        check(
            json!({"nodeSelector": {"a": "1", "b": "2"}}),
            json!({"nodeSelector": {"b": null, "c": "3"}}),
            json!({"nodeSelector": {"a": "1", "c": "3"}}),
        );
    }

    #[test]
    fn patch_directives_delete_and_replace() {
        check(
            containers(json!([{"name": "a"}, {"name": "b"}])),
            containers(json!([{"name": "a", "$patch": "delete"}])),
            containers(json!([{"name": "b"}])),
        );
        check(
            containers(json!([{"name": "a"}, {"name": "b"}])),
            containers(json!([{"name": "c"}, {"$patch": "replace"}])),
            containers(json!([{"name": "c"}])),
        );
        check(
            json!({"securityContext": {"runAsUser": 1, "fsGroup": 2}}),
            json!({"securityContext": {"$patch": "replace", "runAsUser": 3}}),
            json!({"securityContext": {"runAsUser": 3}}),
        );
        check(
            json!({"securityContext": {"runAsUser": 1}}),
            json!({"securityContext": {"$patch": "delete"}}),
            json!({"securityContext": {}}),
        );
        check(
            json!({}),
            json!({"securityContext": {"$patch": "delete"}}),
            json!({}),
        );
    }

    #[test]
    fn retain_keys_drops_the_others() {
        let spec = kind("Volume");
        let volume = json!({"name": "v", "emptyDir": {}});
        let patch = json!({"$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}});
        assert_eq!(
            apply(&volume, &patch, spec),
            Ok(json!({"name": "v", "hostPath": {"path": "/x"}}))
        );
        let patch = json!({"$retainKeys": ["name"], "hostPath": {"path": "/x"}});
        let error = apply(&volume, &patch, spec).expect_err("not retained");
        assert_eq!(
            (error.code, error.message.as_str()),
            (400, "invalid patch format of retainKeys")
        );
    }

    #[test]
    fn lists_of_texts_merge_without_doubles_and_can_be_deleted_from() {
        let meta = schema::object_meta();
        let object = json!({"finalizers": ["a", "b"]});
        assert_eq!(
            apply(&object, &json!({"finalizers": ["c", "a"]}), meta),
            Ok(json!({"finalizers": ["c", "a", "b"]}))
        );
        assert_eq!(
            apply(
                &object,
                &json!({"$deleteFromPrimitiveList/finalizers": ["a"]}),
                meta
            ),
            Ok(json!({"finalizers": ["b"]}))
        );
    }

    #[test]
    fn element_order_is_set_and_what_the_server_added_keeps_its_place() {
        check(
            containers(json!([{"name": "a"}, {"name": "injected"}, {"name": "b"}])),
            json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "a", "image": "2"}]}),
            containers(json!([{"name": "injected"}, {"name": "b"}, {"name": "a", "image": "2"}])),
        );
        check(
            containers(json!([{"name": "a"}, {"name": "b"}])),
            json!({"$setElementOrder/containers": [{"name": "b"}], "containers": [{"name": "a", "$patch": "delete"}]}),
            containers(json!([{"name": "b"}])),
        );
    }

    #[test]
    fn malformed_patches_are_refused_in_upstreams_classes() {
        let spec = || containers(json!([{"name": "a"}]));
        check_error(spec(), json!([]), 400, "invalid JSON document");
        check_error(
            spec(),
            containers(json!([{"image": "x"}])),
            500,
            "map: map[image:x] does not contain declared merge key: name",
        );
        check_error(
            spec(),
            json!({"$setElementOrder/containers": [{"name": "b"}], "containers": [{"name": "a", "image": "x"}]}),
            500,
            "The order in patch list:\n[map[image:x name:a]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
        );
        check_error(
            spec(),
            json!({"$deleteFromPrimitiveList": []}),
            400,
            "invalid patch format of primitive list",
        );
        check_error(
            spec(),
            json!({"$patch": "what"}),
            500,
            "unknown patch type: what in map: map[]",
        );
    }

    /// The patch that kubectl would compute for two lists of containers.
    fn diff(from: &[Value], to: &[Value]) -> Value {
        let has = |list: &[Value], name: &Value| list.iter().any(|item| item["name"] == *name);
        let mut changes: Vec<Value> = to.to_vec();
        for item in &mut changes {
            let before = from.iter().find(|other| other["name"] == item["name"]);
            for (key, _) in before.and_then(Value::as_object).into_iter().flatten() {
                if item.get(key).is_none() {
                    item[key] = Value::Null;
                }
            }
        }
        let deleted = from.iter().filter(|item| !has(to, &item["name"]));
        changes.extend(deleted.map(|item| json!({"name": item["name"], "$patch": "delete"})));
        let order: Value = to
            .iter()
            .map(|item| json!({"name": item["name"]}))
            .collect();
        json!({"containers": changes, "$setElementOrder/containers": order})
    }

    fn any_containers() -> impl Strategy<Value = Vec<Value>> {
        let fields = (prop::option::of("[xy]"), prop::option::of("[xy]"));
        let shuffled = Just(vec!["a", "b", "c", "d"]).prop_shuffle();
        (shuffled, prop::collection::vec(fields, 0..5)).prop_map(|(names, fields)| {
            names
                .into_iter()
                .zip(fields)
                .map(|(name, (image, directory))| {
                    let mut container = json!({ "name": name });
                    for (key, value) in [("image", image), ("workingDir", directory)] {
                        if let Some(value) = value {
                            container[key] = value.into();
                        }
                    }
                    container
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn a_computed_patch_gives_the_wanted_object(from in any_containers(), to in any_containers()) {
            let patch = diff(&from, &to);
            let patched = apply(&containers(from.into()), &patch, kind("PodSpec")).expect("applies");
            prop_assert_eq!(patched, containers(to.into()));
        }
    }
}
