//! ConfigMap: text and bytes by key.
//!
//! Mirrors `pkg/registry/core/configmap/strategy.go` and `ValidateConfigMap` in
//! `pkg/apis/core/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::tree::{entries, length};
use crate::api::validate::{invalid_each, semantically_equal};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::{HookContext, ResourceDef, Strategy};

/// What all values of a ConfigMap or Secret may take up together.
pub(super) const MAX_SIZE: usize = 1024 * 1024;
pub(super) const IMMUTABLE: &str = "field is immutable when `immutable` is set";

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced("", "v1", "ConfigMap", "configmaps", ConfigMapStrategy)
        .short_names(&["cm"])
        .table(table())
}

struct ConfigMapStrategy;

impl Strategy for ConfigMapStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate(object)
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = unchanged_if_immutable(new, old, &["data", "binaryData"]);
        errors.extend(validate(new));
        errors
    }
}

fn validate(object: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut size = 0;
    for bag in ["data", "binaryData"] {
        for (key, value) in entries(&object[bag]) {
            let path = Path::new(bag).key(key);
            let faults = names::config_map_key(key);
            invalid_each(&mut errors, path.clone(), key.as_str(), faults);
            if bag == "data" && !object["binaryData"][key].is_null() {
                let why = "duplicate of key present in binaryData";
                errors.push(Error::invalid(path, key.as_str(), why));
            }
            let text = value.as_str().unwrap_or_default();
            size += if bag == "data" {
                text.len()
            } else {
                decoded_length(text)
            };
        }
    }
    if size > MAX_SIZE {
        // The path of the whole object, as upstream prints it.
        errors.push(Error::too_long(Path::nameless(), MAX_SIZE));
    }
    errors
}

/// The mistakes of changing an object whose `immutable` is set.
pub(super) fn unchanged_if_immutable(new: &Value, old: &Value, fields: &[&str]) -> ErrorList {
    let mut errors = ErrorList::new();
    if old["immutable"] != json!(true) {
        return errors;
    }
    if new["immutable"] != json!(true) {
        errors.push(Error::forbidden(Path::new("immutable"), IMMUTABLE));
    }
    for field in fields {
        if !semantically_equal(&new[*field], &old[*field]) {
            errors.push(Error::forbidden(Path::new(field), IMMUTABLE));
        }
    }
    errors
}

/// How many bytes a base64 text stands for.
pub(super) fn decoded_length(base64: &str) -> usize {
    let digits = base64.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let padding = base64
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'=')
        .count();
    (digits.count() / 4 * 3).saturating_sub(padding)
}

fn table() -> TableDef {
    TableDef::new(
        vec![Column::name(), Column::text("Data"), Column::age()],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                json!(length(&object["data"]) + length(&object["binaryData"])),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update, row};

    #[test]
    fn keys_can_be_file_names_only() {
        assert_eq!(
            errors_on_create(
                &ConfigMapStrategy,
                json!({"data": {"a/b": "1", "..": "2", "ok.conf": "3"}})
            ),
            [
                "data[..]: Invalid value: \"..\": must not be '..'",
                "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
            ]
        );
    }

    #[test]
    fn a_key_is_text_or_bytes_but_not_both() {
        assert_eq!(
            errors_on_create(
                &ConfigMapStrategy,
                json!({"data": {"a": "1"}, "binaryData": {"a": "AA=="}})
            ),
            ["data[a]: Invalid value: \"a\": duplicate of key present in binaryData",]
        );
    }

    #[test]
    fn all_values_together_have_a_size_limit() {
        let bytes = "A".repeat(MAX_SIZE / 3 * 4 + 8);
        assert_eq!(
            errors_on_create(&ConfigMapStrategy, json!({"binaryData": {"a": bytes}})),
            ["[]: Too long: may not be more than 1048576 bytes"]
        );
        let text = "x".repeat(MAX_SIZE);
        assert!(errors_on_create(&ConfigMapStrategy, json!({"data": {"a": text}})).is_empty());
    }

    #[test]
    fn what_is_immutable_stays() {
        let old = json!({"immutable": true, "data": {"a": "1"}});
        assert_eq!(
            errors_on_update(&ConfigMapStrategy, json!({"data": {"a": "2"}}), old.clone()),
            [
                "immutable: Forbidden: field is immutable when `immutable` is set",
                "data: Forbidden: field is immutable when `immutable` is set",
            ]
        );
        assert!(errors_on_update(&ConfigMapStrategy, old.clone(), old).is_empty());
    }

    #[test]
    fn the_row_counts_text_and_bytes() {
        let object = json!({
            "metadata": {"name": "c", "creationTimestamp": "2025-01-01T00:00:00Z"},
            "data": {"a": "1"}, "binaryData": {"b": "AA=="},
        });
        assert_eq!(row(&resource(), &object), ["c", "2", "5m"]);
    }
}
