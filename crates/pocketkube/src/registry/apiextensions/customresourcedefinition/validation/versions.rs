//! The versions of a definition, and what they share.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{columns, schema, selectable, structural, subresources};
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
    if spec["preserveUnknownFields"] == true && versions.iter().any(has_defaults) {
        let why = "must be false in order to use defaults in the schema";
        errors.push(Error::invalid(
            path.child("preserveUnknownFields"),
            true,
            why,
        ));
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
    // Upstream's internal type names the first version once more.
    if let Some(first) = versions.first().map(|first| text(first, "name"))
        && !first.is_empty()
    {
        let faults = dns1035_label(first).join(",");
        let error = || Error::invalid(path.child("version"), first, &faults);
        errors.extend((!faults.is_empty()).then(error));
    }
    errors
}

/// Whether any field of a version has a default.
fn has_defaults(version: &Value) -> bool {
    fn is_in(schema: &Value) -> bool {
        !schema["default"].is_null() || structural::below(schema).any(is_in)
    }
    is_in(&version["schema"]["openAPIV3Schema"])
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
    if let Some((fields, path)) = own("selectableFields")
        && !is_empty(fields)
    {
        errors.extend(match own("schema") {
            Some((schema, _)) if !is_empty(schema) => selectable::validate(fields, schema, &path),
            // As upstream, which has moved a schema that all versions share away from them.
            _ => vec![Error::invalid(path, "", "selectableFields may only be set when version.schema.openAPIV3Schema is not included")],
        });
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
        errors.extend(match shared("schema") {
            Some((schema, _)) => selectable::validate(fields, schema, &path),
            None => vec![Error::invalid(
                path,
                "",
                "selectableFields may only be set when validations.schema is included",
            )],
        });
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
    if let Some((index, _)) = warning.char_indices().find(|(_, c)| !is_printable(*c)) {
        let why = format!(
            "must only contain printable UTF-8 characters; non-printable character found at index {index}"
        );
        errors.push(error(&why));
    }
    errors
}

/// Of blanks only the usual one can be seen.
fn is_printable(character: char) -> bool {
    character == ' ' || !(character.is_control() || character.is_whitespace())
}
