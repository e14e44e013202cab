//! Maps and lists: their size, what they must have, and everything in them.

use serde_json::{Map, Value};

use super::super::{Additional, Node};
use super::{Findings, check, name};
use crate::api::field::{Error, Path};

pub(super) fn map(
    map: &Map<String, Value>,
    old: Option<&Value>,
    node: &Node,
    path: &Path,
    found: &mut Findings,
) {
    if let Some(checks) = &node.checks {
        let length = map.len();
        if let Some(least) = checks.min_properties
            && (length as u64) < least
        {
            let detail = format!(
                "{} in body should have at least {least} properties",
                name(path)
            );
            found.push(Error::invalid(
                path.clone(),
                Value::Object(map.clone()),
                &detail,
            ));
        }
        too_many(length, checks.max_properties, path, found);
        for field in &checks.required {
            if !map.contains_key(field) {
                found.push(Error::required(path.child(field), ""));
            }
        }
    }
    for (key, value) in map {
        let old = old.and_then(|old| old.get(key));
        match (node.properties.get(key), &node.additional) {
            (Some(child), _) => check(value, old, child, &path.child(key), found),
            (None, Additional::Each(child)) => check(value, old, child, &path.child(key), found),
            (None, Additional::Forbidden) if !node.preserves_unknown => {
                let detail = format!("{}.{key} in body is a forbidden property", name(path));
                found.push(Error::invalid(path.child(key), "", &detail));
            }
            _ => {}
        }
    }
}

pub(super) fn list(
    list: &[Value],
    old: Option<&Value>,
    node: &Node,
    path: &Path,
    found: &mut Findings,
) {
    if let Some(items) = &node.items {
        for (index, item) in list.iter().enumerate() {
            let old = node.before(item, old);
            check(item, old, items, &path.index(index), found);
        }
    }
    let Some(checks) = &node.checks else {
        return;
    };
    if let Some(least) = checks.min_items
        && (list.len() as u64) < least
    {
        let detail = format!("{} in body should have at least {least} items", name(path));
        found.push(Error::invalid(path.clone(), list.len(), &detail));
    }
    too_many(list.len(), checks.max_items, path, found);
    if checks.unique_items {
        let repeats = list
            .iter()
            .enumerate()
            .any(|(index, item)| list[..index].contains(item));
        if repeats {
            let detail = format!("{} in body shouldn't contain duplicates", name(path));
            found.push(Error::invalid(path.clone(), "", &detail));
        }
    }
}

fn too_many(length: usize, most: Option<u64>, path: &Path, found: &mut Findings) {
    if let Some(most) = most
        && length as u64 > most
    {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        found.push(Error::too_many(path.clone(), length, most));
    }
}
