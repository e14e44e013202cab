//! Numbers that may also be percentages: `1`, `25%`.
//!
//! Mirrors `ValidatePositiveIntOrPercent`, `getIntOrPercentValue` and `IsNotMoreThan100Percent` in
//! `pkg/apis/apps/validation/validation.go` (v1.35).

use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::registry::validation::Field;

/// A number that is not negative, or a percentage.
pub fn not_negative(field: &Field<'_>) -> ErrorList {
    match field.value.as_str() {
        Some(text) => field.faults(names::percent(text)),
        None => field.must_not_be_negative(),
    }
}

/// The number, be it one of things or of per cents.
pub fn value(field: &Field<'_>) -> i64 {
    match field.value.as_str() {
        Some(text) => percent(text).or_else(|| text.parse().ok()).unwrap_or(0),
        None => field.integer(),
    }
}

pub fn at_most_100_percent(field: &Field<'_>) -> Option<Error> {
    let is_more = field
        .value
        .as_str()
        .and_then(percent)
        .is_some_and(|value| value > 100);
    is_more.then(|| field.invalid("must not be greater than 100%"))
}

fn percent(text: &str) -> Option<i64> {
    text.strip_suffix('%')?.parse().ok()
}
