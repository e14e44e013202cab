//! The parts of metadata, each with its rule.

use serde_json::Value;

use super::super::field::{Error, ErrorList, Path};
use super::super::gvk::GroupVersion;
use super::super::names;
use super::super::tree::{elements, entries, strings, text};
use super::meta::Scope;
use super::{field_manager, invalid_each};

/// All annotations of an object together, keys and values, in bytes.
pub const ANNOTATIONS_SIZE_LIMIT: usize = 256 * 1024;

const SUBRESOURCE_MAX_LENGTH: usize = 256;
const FINALIZER_ORPHAN: &str = "orphan";
const FINALIZER_FOREGROUND: &str = "foregroundDeletion";
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", FINALIZER_ORPHAN, FINALIZER_FOREGROUND];

pub(super) fn namespace(namespace: &str, scope: Scope, path: &Path) -> ErrorList {
    let path = path.child("namespace");
    let mut errors = ErrorList::new();
    match (scope, namespace) {
        (Scope::Namespaced, "") => errors.push(Error::required(path, "")),
        (Scope::Namespaced, namespace) => {
            invalid_each(
                &mut errors,
                path,
                namespace,
                names::dns1123_label(namespace),
            );
        }
        (Scope::Cluster, "") => {}
        (Scope::Cluster, _) => errors.push(Error::forbidden(path, "not allowed on this type")),
    }
    errors
}

pub fn labels(labels: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (key, value) in entries(labels) {
        errors.extend(label_name(key, path));
        let value = value.as_str().unwrap_or_default();
        invalid_each(&mut errors, path.clone(), value, names::label_value(value));
    }
    errors
}

pub fn label_name(name: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    invalid_each(&mut errors, path.clone(), name, names::qualified_name(name));
    errors
}

/// Annotation keys are qualified names in which case does not matter.
pub fn annotations(annotations: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut size = 0;
    for (key, value) in entries(annotations) {
        let faults = names::qualified_name(&key.to_lowercase());
        invalid_each(&mut errors, path.clone(), key.as_str(), faults);
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATIONS_SIZE_LIMIT {
        errors.push(Error::too_long(path.clone(), ANNOTATIONS_SIZE_LIMIT));
    }
    errors
}

pub fn owner_references(references: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut controller: Option<String> = None;
    for reference in elements(references) {
        errors.extend(owner_reference(reference, path));
        if reference["controller"].as_bool() != Some(true) {
            continue;
        }
        let this = format!("{}/{}", text(reference, "kind"), text(reference, "name"));
        match &controller {
            None => controller = Some(this),
            Some(first) => errors.push(Error::invalid(
                path.clone(),
                references.clone(),
                &format!("Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"),
            )),
        }
    }
    errors
}

fn owner_reference(reference: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let api_version = text(reference, "apiVersion");
    // More than a group and a version is neither.
    let is_readable = api_version.matches('/').count() < 2;
    if !is_readable || GroupVersion::parse(api_version).version.is_empty() {
        errors.push(Error::invalid(
            path.child("apiVersion"),
            api_version,
            "version must not be empty",
        ));
    }
    for field in ["kind", "name", "uid"] {
        if text(reference, field).is_empty() {
            errors.push(Error::invalid(path.child(field), "", "must not be empty"));
        }
    }
    if api_version == "v1" && text(reference, "kind") == "Event" {
        errors.push(Error::invalid(
            path.clone(),
            reference.clone(),
            "/v1, Kind=Event is disallowed from being an owner",
        ));
    }
    errors
}

pub fn finalizers(finalizers: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for name in strings(finalizers) {
        invalid_each(&mut errors, path.clone(), name, names::qualified_name(name));
    }
    let has = |wanted: &str| strings(finalizers).any(|name| name == wanted);
    if has(FINALIZER_ORPHAN) && has(FINALIZER_FOREGROUND) {
        errors.push(Error::invalid(
            path.clone(),
            finalizers.clone(),
            &format!("finalizer {FINALIZER_FOREGROUND} and {FINALIZER_ORPHAN} cannot be both set"),
        ));
    }
    errors
}

/// A finalizer without a domain must be one of the standard ones.
pub fn built_in_finalizers(finalizers: &Value, path: &Path) -> ErrorList {
    strings(finalizers)
        .enumerate()
        .filter(|(_, name)| !name.contains('/') && !STANDARD_FINALIZERS.contains(name))
        .map(|(index, name)| {
            Error::invalid(
                path.index(index),
                name,
                "name is neither a standard finalizer name nor is it fully qualified",
            )
        })
        .collect()
}

pub(super) fn no_new_finalizers(new: &Value, old: &Value, path: &Path) -> ErrorList {
    let mut extra: Vec<&str> = strings(new)
        .filter(|name| !strings(old).any(|known| known == *name))
        .collect();
    if extra.is_empty() {
        return ErrorList::new();
    }
    extra.sort_unstable();
    extra.dedup();
    let listed: Vec<String> = extra.iter().map(|name| format!("{name:?}")).collect();
    vec![Error::forbidden(
        path.clone(),
        &format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            listed.join(", ")
        ),
    )]
}

pub fn managed_fields(entries: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (index, entry) in elements(entries).iter().enumerate() {
        let path = path.index(index);
        let operation = text(entry, "operation");
        if !["Apply", "Update"].contains(&operation) {
            errors.push(Error::invalid(
                path.child("operation"),
                operation,
                "must be `Apply` or `Update`",
            ));
        }
        let fields_type = text(entry, "fieldsType");
        if !["", "FieldsV1"].contains(&fields_type) {
            errors.push(Error::invalid(
                path.child("fieldsType"),
                fields_type,
                "must be `FieldsV1`",
            ));
        }
        errors.extend(field_manager(
            text(entry, "manager"),
            &path.child("manager"),
        ));
        if text(entry, "subresource").len() > SUBRESOURCE_MAX_LENGTH {
            errors.push(Error::too_long(
                path.child("subresource"),
                SUBRESOURCE_MAX_LENGTH,
            ));
        }
    }
    errors
}
