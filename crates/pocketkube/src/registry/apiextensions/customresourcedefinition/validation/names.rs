//! The names of a kind: what is asked for, and what was accepted.

use serde_json::Value;

use super::label;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::dns1035_label;
use crate::api::tree::{strings, text};

pub(super) fn validate(names: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for field in ["plural", "singular"] {
        let name = text(names, field);
        let faults = dns1035_label(name);
        if !name.is_empty() && !faults.is_empty() {
            errors.push(Error::invalid(path.child(field), name, &faults.join(",")));
        }
    }
    for field in ["kind", "listKind"] {
        let name = text(names, field);
        let before = "may have mixed case, but should otherwise match: ";
        if !name.is_empty() {
            errors.extend(label(name, before, path.child(field)));
        }
    }
    let each_label = |field: &str| -> ErrorList {
        let each = strings(&names[field]).enumerate();
        each.filter_map(|(index, name)| {
            let faults = dns1035_label(name);
            let path = path.child(field).index(index);
            (!faults.is_empty()).then(|| Error::invalid(path, name, &faults.join(",")))
        })
        .collect()
    };
    errors.extend(each_label("shortNames"));
    let kind = text(names, "kind");
    if !kind.is_empty() && kind == text(names, "listKind") {
        let why = "kind and listKind may not be the same";
        errors.push(Error::invalid(path.child("listKind"), kind, why));
    }
    errors.extend(each_label("categories"));
    errors
}
