//! Printer columns, and the simple paths that columns and subresources hold.

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{elements, text};

const TYPES: &[&str] = &["boolean", "date", "integer", "number", "string"];
const FORMATS: &[&str] = &[
    "byte",
    "date",
    "date-time",
    "double",
    "float",
    "int32",
    "int64",
    "password",
];

pub(super) fn validate(columns: &Value, path: &Path) -> ErrorList {
    let each = elements(columns).iter().enumerate();
    each.flat_map(|(index, column)| validate_column(column, &path.index(index)))
        .collect()
}

fn validate_column(column: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if text(column, "name").is_empty() {
        errors.push(Error::required(path.child("name"), ""));
    }
    let one_of = |words: &[&str]| format!("must be one of {}", words.join(","));
    let kind = text(column, "type");
    if kind.is_empty() {
        errors.push(Error::required(path.child("type"), &one_of(TYPES)));
    } else if !TYPES.contains(&kind) {
        errors.push(Error::invalid(path.child("type"), kind, &one_of(TYPES)));
    }
    let format = text(column, "format");
    if !format.is_empty() && !FORMATS.contains(&format) {
        errors.push(Error::invalid(
            path.child("format"),
            format,
            &one_of(FORMATS),
        ));
    }
    let (json_path, place) = (text(column, "jsonPath"), path.child("JSONPath"));
    if json_path.is_empty() {
        errors.push(Error::required(place, ""));
        return errors;
    }
    // A path that cannot be read is no mistake: such columns are left out of tables.
    errors.extend(simple_path(json_path, &place));
    errors
}

pub(super) fn simple_path(json_path: &str, path: &Path) -> Option<Error> {
    let why = match json_path.chars().next() {
        None => "must not be empty",
        Some('.') => return None,
        Some(_) => "must be a simple json path starting with .",
    };
    Some(Error::invalid(path.clone(), json_path, why))
}
