//! Fields that `--field-selector` may name.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::structural::field_path;
use crate::api::tree::{elements, text};

const MOST_FIELDS: usize = 8;

pub(super) fn validate(fields: &Value, schema: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut unique = BTreeSet::new();
    for (index, field) in elements(fields).iter().enumerate() {
        let path = path.index(index).child("jsonPath");
        let json_path = text(field, "jsonPath");
        if json_path.is_empty() {
            errors.push(Error::required(path, ""));
            continue;
        }
        let invalid = |why: &str| Error::invalid(path.clone(), json_path, why);
        let found = match schema_at(&schema["openAPIV3Schema"], json_path, false) {
            Ok(found) => found,
            Err(why) => {
                errors.push(invalid(&format!("is an invalid path: {why}")));
                continue;
            }
        };
        let segments = field_path(json_path);
        if segments.first().is_some_and(|first| first == "metadata") {
            errors.push(invalid("must not point to fields in metadata"));
        }
        if !matches!(text(found, "type"), "string" | "boolean" | "integer") {
            errors.push(invalid("must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."));
        }
        if !unique.insert(segments) {
            errors.push(Error::duplicate(path.clone(), json_path));
        }
    }
    if unique.len() > MOST_FIELDS {
        errors.push(Error::too_many(path.clone(), unique.len(), MOST_FIELDS));
    }
    errors
}

/// The schema that a path of field names leads to; the error says why it leads nowhere.
///
/// Mirrors `ValidFieldPath` in `apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go`.
pub(super) fn schema_at<'s>(
    schema: &'s Value,
    path: &str,
    allows_brackets: bool,
) -> Result<&'s Value, String> {
    if !path.starts_with(['.', '[']) {
        let token = path.split(['.', '[']).next().unwrap_or_default();
        return Err(format!("expected [ or . but got: {token}"));
    }
    if path.contains('[') && !allows_brackets {
        return Err("array notation is not allowed".to_owned());
    }
    let mut schema = schema;
    for segment in field_path(path) {
        if segment.is_empty() {
            return Err("unexpected end of JSON path".to_owned());
        }
        let nowhere = || Err("does not refer to a valid field".to_owned());
        schema = match (&schema["properties"], &schema["additionalProperties"]) {
            (Value::Object(properties), _) => match properties.get(&segment) {
                Some(property) => property,
                None => return nowhere(),
            },
            (_, each @ Value::Object(_)) => each,
            _ => return nowhere(),
        };
    }
    Ok(schema)
}
