//! Texts and numbers: lengths, patterns, formats and bounds.

use serde_json::Number;

use super::super::compile::go_number;
use super::super::{Checks, Node, formats};
use super::{Findings, name};
use crate::api::field::{Error, Path};

pub(super) fn text(text: &str, node: &Node, path: &Path, found: &mut Findings) {
    let Some(checks) = &node.checks else {
        return;
    };
    let length = text.chars().count() as u64;
    if let Some(most) = checks.max_length
        && length > most
    {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        found.push(Error::too_long(path.clone(), most));
    }
    if let Some(least) = checks.min_length
        && length < least
    {
        let detail = format!(
            "{} in body should be at least {least} chars long",
            name(path)
        );
        found.push(Error::invalid(path.clone(), text, &detail));
    }
    if let Some(pattern) = &checks.pattern
        && !pattern.matches(text)
    {
        let detail = format!("{} in body should match '{}'", name(path), pattern.text);
        found.push(Error::invalid(path.clone(), text, &detail));
    }
    if !formats::fits(&checks.format, text) {
        let detail = format!(
            "{} in body must be of type {}: {}",
            name(path),
            checks.format,
            crate::api::field::go_quote(text)
        );
        found.push(Error::type_invalid(path.clone(), text, &detail));
    }
}

pub(super) fn number(number: &Number, node: &Node, path: &Path, found: &mut Findings) {
    let (Some(checks), Some(value)) = (&node.checks, number.as_f64()) else {
        return;
    };
    let mut complain = |sentence: String| {
        let detail = format!("{} in body should be {sentence}", name(path));
        found.push(Error::invalid(path.clone(), number.clone(), &detail));
    };
    if let Some(unit) = checks.multiple_of
        && unit > 0.0
        && (value / unit).fract() != 0.0
    {
        complain(format!("a multiple of {}", go_number(unit)));
    }
    bounds(checks, value, &mut complain);
}

fn bounds(checks: &Checks, value: f64, complain: &mut impl FnMut(String)) {
    if let Some(most) = &checks.maximum {
        match most.exclusive {
            true if value >= most.value => complain(format!("less than {}", most.text)),
            false if value > most.value => {
                complain(format!("less than or equal to {}", most.text));
            }
            _ => {}
        }
    }
    if let Some(least) = &checks.minimum {
        match least.exclusive {
            true if value <= least.value => complain(format!("greater than {}", least.text)),
            false if value < least.value => {
                complain(format!("greater than or equal to {}", least.text));
            }
            _ => {}
        }
    }
}
