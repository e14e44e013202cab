//! Who may have which name: within a group every name leads to one definition.
//!
//! Mirrors `apiextensions-apiserver/pkg/controller/status/naming_controller.go` (v1.35).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::api::field::go_quote;
use crate::api::tree::{strings, text};
use crate::api::{ObjectRef, meta};

/// Names that other definitions of the group have.
#[derive(Debug, Default)]
pub(super) struct Taken {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

pub(super) fn taken_by_others(all: &BTreeMap<String, ObjectRef>, definition: &Value) -> Taken {
    let group = text(&definition["spec"], "group");
    let mut taken = Taken::default();
    for other in all.values().map(|other| other.value()) {
        if text(&other["spec"], "group") != group || meta::name(other) == meta::name(definition) {
            continue;
        }
        let accepted = &other["status"]["acceptedNames"];
        let resources = [text(accepted, "plural"), text(accepted, "singular")];
        let resources = resources
            .into_iter()
            .chain(strings(&accepted["shortNames"]));
        taken.resources.extend(resources.map(str::to_owned));
        let kinds = [text(accepted, "kind"), text(accepted, "listKind")];
        taken.kinds.extend(kinds.map(str::to_owned));
    }
    taken
}

/// The names that a definition gets, and the first conflict as reason and message.
pub(super) fn accept(definition: &Value, taken: &Taken) -> (Value, Option<(String, String)>) {
    let wanted = &definition["spec"]["names"];
    let current = &definition["status"]["acceptedNames"];
    let mut accepted = current.clone();
    let mut conflict = None;
    let in_use = |name: &str| format!("{} is already in use", go_quote(name));
    for (field, reason, used) in [
        ("plural", "PluralConflict", &taken.resources),
        ("singular", "SingularConflict", &taken.resources),
        ("shortNames", "ShortNamesConflict", &taken.resources),
        ("kind", "KindConflict", &taken.kinds),
        ("listKind", "ListKindConflict", &taken.kinds),
    ] {
        let value = &wanted[field];
        let own: BTreeSet<&str> = strings(&current[field])
            .chain(current[field].as_str())
            .collect();
        let clashes: Vec<String> = strings(value)
            .chain(value.as_str())
            .filter(|name| !name.is_empty() && !own.contains(name) && used.contains(*name))
            .map(in_use)
            .collect();
        match clashes.as_slice() {
            [] => set(&mut accepted, field, value),
            [one] => conflict = Some((reason.to_owned(), one.clone())),
            many => conflict = Some((reason.to_owned(), format!("[{}]", many.join(", ")))),
        }
    }
    set(&mut accepted, "categories", &wanted["categories"]);
    (accepted, conflict)
}

fn set(names: &mut Value, field: &str, value: &Value) {
    if !names.is_object() {
        *names = json!({});
    }
    match (value, names.as_object_mut()) {
        (Value::Null, Some(names)) => drop(names.remove(field)),
        (value, Some(names)) => drop(names.insert(field.to_owned(), value.clone())),
        (_, None) => {}
    }
}
