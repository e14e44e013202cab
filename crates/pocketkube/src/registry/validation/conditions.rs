//! Conditions of the common form: a type, a status, and why since when.
//!
//! Mirrors `ValidateConditions` in `apimachinery/pkg/apis/meta/v1/validation/validation.go`
//! (v1.35).

use std::collections::BTreeSet;

use super::Field;
use crate::api::field::{Error, ErrorList};
use crate::api::validate::label_name;

const MAX_REASON: usize = 1024;
const MAX_MESSAGE: usize = 32 * 1024;
const BAD_REASON: &str = "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";

/// Each condition is whole, and of a type of its own.
pub fn validate(conditions: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for condition in conditions.items() {
        let kind = condition.child("type");
        if !seen.insert(kind.text()) {
            errors.push(Error::duplicate(kind.path.clone(), kind.text()));
        }
        errors.extend(one(&condition));
    }
    errors
}

fn one(condition: &Field<'_>) -> ErrorList {
    let kind = condition.child("type");
    let mut errors = label_name(kind.text(), &kind.path);
    errors.extend(
        condition
            .child("status")
            .must_be_one_of(&["False", "True", "Unknown"]),
    );
    let observed = condition.child("observedGeneration");
    if observed.integer() < 0 {
        errors.push(observed.invalid("must be greater than or equal to zero"));
    }
    let since = condition.child("lastTransitionTime");
    if since.is_empty() {
        errors.push(since.required("must be set"));
    }
    let reason = condition.child("reason");
    if reason.is_empty() {
        errors.push(reason.required("must be set"));
    } else if !is_reason(reason.text()) {
        errors.push(reason.invalid(BAD_REASON));
    }
    for (field, limit) in [
        (reason, MAX_REASON),
        (condition.child("message"), MAX_MESSAGE),
    ] {
        if field.text().len() > limit {
            errors.push(Error::too_long(field.path.clone(), limit));
        }
    }
    errors
}

fn is_reason(reason: &str) -> bool {
    let is_word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let bytes = reason.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    first.is_ascii_alphabetic()
        && is_word(*last)
        && bytes
            .iter()
            .all(|byte| is_word(*byte) || b",:".contains(byte))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn texts(conditions: Value) -> Vec<String> {
        let errors = validate(&Field::new(&conditions, "status.conditions"));
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_condition_says_what_and_why_and_since_when() {
        let fine = json!({
            "type": "Ready", "status": "True", "reason": "AllIs:Well",
            "lastTransitionTime": "2025-01-01T00:00:00Z", "message": "",
        });
        assert_eq!(texts(json!([fine])), [""; 0]);
        assert_eq!(
            texts(json!([fine, fine])),
            ["status.conditions[1].type: Duplicate value: \"Ready\""]
        );
        assert_eq!(
            texts(json!([{"type": "Ready", "status": "Maybe", "observedGeneration": -1}])),
            [
                "status.conditions[0].status: Unsupported value: \"Maybe\": supported values: \"False\", \"True\", \"Unknown\"",
                "status.conditions[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero",
                "status.conditions[0].lastTransitionTime: Required value: must be set",
                "status.conditions[0].reason: Required value: must be set",
            ]
        );
    }

    #[test]
    fn reasons_are_one_word() {
        assert!(is_reason("A") && is_reason("A,b:c_"));
        assert!(!is_reason("1A") && !is_reason("A ") && !is_reason("A:") && !is_reason(""));
    }
}
