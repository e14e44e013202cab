//! What classes of volumes have in common: a driver and parameters for it.
//!
//! Mirrors `validateProvisioner` and `validateParameters` in
//! `pkg/apis/storage/validation/validation.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names;
use crate::api::tree::{entries, length};
use crate::api::validate::{by_rule, semantically_equal};

const MAX_SIZE: usize = 256 * 1024;
const MAX_COUNT: usize = 512;

/// The name of a provisioner or driver.
pub(super) fn validate_driver(driver: &str, path: &Path) -> ErrorList {
    if driver.is_empty() {
        return vec![Error::required(path.clone(), "")];
    }
    by_rule(names::qualified_name, &driver.to_lowercase(), path)
}

pub(super) fn validate(parameters: &Value, path: &Path) -> ErrorList {
    if length(parameters) > MAX_COUNT {
        return vec![Error::too_long(path.clone(), MAX_COUNT)];
    }
    let mut errors = ErrorList::new();
    let mut size = 0;
    for (key, value) in entries(parameters) {
        if key.is_empty() {
            errors.push(Error::invalid(path.clone(), "", "field can not be empty."));
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > MAX_SIZE {
        errors.push(Error::too_long(path.clone(), MAX_SIZE));
    }
    errors
}

/// Fields of a class that volumes were made with already.
pub(super) fn validate_unchanged(new: &Value, old: &Value, fields: &[&str]) -> ErrorList {
    fields
        .iter()
        .filter(|field| !semantically_equal(&new[**field], &old[**field]))
        .map(|field| {
            let why = format!("updates to {field} are forbidden.");
            Error::forbidden(Path::new(field), &why)
        })
        .collect()
}
