//! The versions of a definition, and what they share.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{columns, schema, selectable, subresources};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::dns1035_label;
use crate::api::tree::{elements, is_empty, text};

const MOST_WARNING_BYTES: usize = 256;

/// The versions one by one, without what all of them share.
pub(super) fn validate(spec: &Value, path: &Path) -> ErrorList {
    let versions = elements(&spec["versions"]);
    let versions_path = path.child("versions");
    let mut errors = ErrorList::new();
    for (index, version) in versions.iter().enumerate() {
        if version["schema"]["openAPIV3Schema"].is_null() {
            let path = versions_path.index(index).child("schema.openAPIV3Schema");
            errors.push(Error::required(path, "schemas are required"));
        }
    }
    let mut names = BTreeSet::new();
    let mut is_unique = true;
    for (index, version) in versions.iter().enumerate() {
        let path = versions_path.index(index);
        let name = text(version, "name");
        is_unique &= names.insert(name);
        let faults = dns1035_label(name);
        if !faults.is_empty() {
            errors.push(Error::invalid(path.child("name"), name, &faults.join(",")));
        }
        errors.extend(deprecation_warning(
            version,
            &path.child("deprecationWarning"),
        ));
        errors.extend(unshared(spec, version, &path));
    }
    if !is_unique {
        let why = "must contain unique version names";
        errors.push(Error::invalid(
            versions_path.clone(),
            spec["versions"].clone(),
            why,
        ));
    }
    let storage = versions.iter().filter(|version| version["storage"] == true);
    if storage.count() != 1 {
        let why = "must have exactly one version marked as storage version";
        errors.push(Error::invalid(versions_path, spec["versions"].clone(), why));
    }
    errors
}

/// Whether all versions have the same there.
fn is_shared(spec: &Value, field: &str) -> bool {
    let versions = elements(&spec["versions"]);
    let first = versions.first().map_or(&Value::Null, |first| &first[field]);
    !is_empty(first) && versions.iter().all(|version| version[field] == *first)
}

fn has_status(version: &Value) -> bool {
    version["subresources"]["status"].is_object()
}

fn unshared(spec: &Value, version: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let own = |field: &str| (!is_shared(spec, field)).then(|| (&version[field], path.child(field)));
    if let Some((schema, path)) = own("schema") {
        errors.extend(schema::validate(schema, has_status(version), &path));
    }
    if let Some((subresources, path)) = own("subresources") {
        errors.extend(subresources::validate(subresources, &path));
    }
    if let Some((columns, path)) = own("additionalPrinterColumns") {
        errors.extend(columns::validate(columns, &path));
    }
    if let Some((fields, path)) = own("selectableFields") {
        errors.extend(selectable::validate(fields, &version["schema"], &path));
    }
    errors
}

/// What all versions have in common.
pub(super) fn validate_shared(spec: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let versions = elements(&spec["versions"]);
    let Some(first) = versions.first() else {
        return errors;
    };
    let shared = |field: &str| is_shared(spec, field).then(|| (&first[field], path.child(field)));
    if let Some((schema, _)) = shared("schema") {
        let any_status = versions.iter().any(has_status);
        errors.extend(schema::validate(
            schema,
            any_status,
            &path.child("validation"),
        ));
    }
    if let Some((subresources, path)) = shared("subresources") {
        errors.extend(subresources::validate(subresources, &path));
    }
    if let Some((columns, path)) = shared("additionalPrinterColumns") {
        errors.extend(columns::validate(columns, &path));
    }
    if let Some((fields, path)) = shared("selectableFields") {
        errors.extend(selectable::validate(fields, &first["schema"], &path));
    }
    errors
}

fn deprecation_warning(version: &Value, path: &Path) -> ErrorList {
    let Some(warning) = version["deprecationWarning"].as_str() else {
        return ErrorList::new();
    };
    let error = |why: &str| Error::invalid(path.clone(), warning, why);
    if version["deprecated"] != true {
        return vec![error("can only be set for deprecated versions")];
    }
    let mut errors = ErrorList::new();
    if warning.len() > MOST_WARNING_BYTES {
        errors.push(error("must be <= 256 characters long"));
    }
    if warning.is_empty() {
        errors.push(error("must not be an empty string"));
    }
    if let Some((index, _)) = warning.char_indices().find(|(_, c)| c.is_control()) {
        let why = format!(
            "must only contain printable UTF-8 characters; non-printable character found at index {index}"
        );
        errors.push(error(&why));
    }
    errors
}
