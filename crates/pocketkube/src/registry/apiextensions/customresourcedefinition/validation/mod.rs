//! What a definition must be like.
//!
//! The paths in the messages are those of upstream's internal type: what all versions share (and a
//! single version shares everything with itself) is told of `spec.validation`,
//! `spec.subresources` and their like. Mirrors
//! `apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go` (v1.35).

pub mod approval;
mod columns;
mod conversion;
mod defaults;
mod keys;
mod names;
mod patterns;
mod rules;
mod schema;
mod selectable;
mod structural;
mod subresources;
mod versions;

use serde_json::Value;

use self::conversion::Authorities;
use super::{ESTABLISHED, is_condition_true};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names::{dns1035_label, dns1123_subdomain};
use crate::api::tree::{elements, strings, text};
use crate::api::validate::{immutable_field, required_choice};

/// Every mistake in a new definition.
pub(super) fn new(definition: &Value) -> ErrorList {
    let spec = &definition["spec"];
    let mut errors = ErrorList::new();
    let wanted = format!("{}.{}", text(&spec["names"], "plural"), text(spec, "group"));
    if meta::name(definition) != wanted {
        let why = "must be spec.names.plural+\".\"+spec.group";
        let path = Path::new("metadata.name");
        errors.push(Error::invalid(path, meta::name(definition), why));
    }
    let path = Path::new("spec");
    errors.extend(validate_spec(spec, Authorities::MayBeWrong, &path));
    errors.extend(stored_versions(definition));
    errors.extend(approval::validate(definition, None));
    errors.extend(preserve_unknown_fields(spec));
    errors
}

/// Every mistake in a changed definition.
pub(super) fn changed(new: &Value, old: &Value) -> ErrorList {
    let (spec, old_spec, path) = (&new["spec"], &old["spec"], Path::new("spec"));
    let is_established = is_condition_true(old, ESTABLISHED);
    let authorities = Authorities::of_change(old, is_established);
    let mut errors = validate_spec(spec, authorities, &path);
    let names = path.child("names");
    let same = |field: &str, path: &Path| {
        immutable_field(&spec["names"][field], &old_spec["names"][field], path)
    };
    if is_established {
        let scope = &path.child("scope");
        errors.extend(immutable_field(&spec["scope"], &old_spec["scope"], scope));
        errors.extend(same("kind", &names.child("kind")));
    }
    let group = &path.child("group");
    errors.extend(immutable_field(&spec["group"], &old_spec["group"], group));
    errors.extend(same("plural", &names.child("plural")));
    errors.extend(status(new));
    errors.extend(stored_versions(new));
    errors.extend(approval::validate(new, Some(old)));
    if old_spec["preserveUnknownFields"] != true {
        errors.extend(preserve_unknown_fields(spec));
    }
    errors
}

/// Every mistake in the status of a definition.
pub(super) fn status(definition: &Value) -> ErrorList {
    let accepted = &definition["status"]["acceptedNames"];
    names::validate(accepted, &Path::new("status.acceptedNames"))
}

fn validate_spec(spec: &Value, authorities: Authorities, path: &Path) -> ErrorList {
    let mut errors = group(text(spec, "group"), &path.child("group"));
    errors.extend(required_choice(
        text(spec, "scope"),
        &["Cluster", "Namespaced"],
        &path.child("scope"),
    ));
    errors.extend(versions::validate(spec, path));
    for field in ["plural", "singular", "kind", "listKind"] {
        if text(&spec["names"], field).is_empty() {
            errors.push(Error::required(path.child("names").child(field), ""));
        }
    }
    errors.extend(names::validate(&spec["names"], &path.child("names")));
    errors.extend(versions::validate_shared(spec, path));
    errors.extend(conversion::validate(
        &spec["conversion"],
        spec["preserveUnknownFields"] == true,
        authorities,
        &path.child("conversion"),
    ));
    errors
}

fn group(group: &str, path: &Path) -> ErrorList {
    let faults = dns1123_subdomain(group);
    let error = if group.is_empty() {
        Error::required(path.clone(), "")
    } else if !faults.is_empty() {
        Error::invalid(path.clone(), group, &faults.join(","))
    } else if !group.contains('.') {
        let why = "should be a domain with at least one dot";
        Error::invalid(path.clone(), group, why)
    } else {
        return ErrorList::new();
    };
    vec![error]
}

fn preserve_unknown_fields(spec: &Value) -> ErrorList {
    if spec["preserveUnknownFields"] != true {
        return ErrorList::new();
    }
    let path = Path::new("spec.preserveUnknownFields");
    let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    vec![Error::invalid(path, true, why)]
}

/// Versions in which objects may still be stored must stay.
fn stored_versions(definition: &Value) -> ErrorList {
    let path = Path::new("status.storedVersions");
    let stored = &definition["status"]["storedVersions"];
    if elements(stored).is_empty() {
        let why = "must have at least one stored version";
        return vec![Error::invalid(path, stored.clone(), why)];
    }
    let versions = elements(&definition["spec"]["versions"]);
    let mut errors = ErrorList::new();
    for version in versions {
        let name = text(version, "name");
        if version["storage"] == true && !strings(stored).any(|own| own == name) {
            let why = format!("must have the storage version {name}");
            errors.push(Error::invalid(path.clone(), stored.clone(), &why));
        }
    }
    for (index, name) in strings(stored).enumerate() {
        if !versions.iter().any(|version| text(version, "name") == name) {
            let why = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
            );
            errors.push(Error::invalid(path.index(index), name, &why));
        }
    }
    errors
}

/// One error for a name that is no label, with all faults in one sentence.
fn label(name: &str, before: &str, path: Path) -> Option<Error> {
    let faults = dns1035_label(&name.to_lowercase());
    let why = format!("{before}{}", faults.join(","));
    (!faults.is_empty()).then(|| Error::invalid(path, name, &why))
}

#[cfg(test)]
mod tests;
