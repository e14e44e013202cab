//! The shapes of names, labels, keys, ports and addresses, with the words that explain a wrong one.
//!
//! Every rule returns what is wrong with a value, one message a fault; an empty list means that
//! the value is fine. The rules know nothing of fields: `validate` and the kinds put the path in
//! front. Mirrors `apimachinery/pkg/util/validation/validation.go`, `pkg/api/validate/content` and
//! `pkg/api/validation/generic.go` (v1.35).

mod address;
mod dns;
mod formats;
mod labels;

#[cfg(test)]
mod tests;

pub use address::*;
pub use dns::*;
pub use formats::*;
pub use labels::*;

/// What is wrong with a value; empty when nothing is.
pub type Faults = Vec<String>;

/// Whether a name stands alone or gets a random suffix (`generateName`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameUse {
    Whole,
    Prefix,
}

/// The rule that the names of a kind obey.
pub type NameRule = fn(name: &str, name_use: NameUse) -> Faults;

pub const DNS1123_LABEL_MAX_LENGTH: usize = 63;
pub const DNS1123_SUBDOMAIN_MAX_LENGTH: usize = 253;
pub const LABEL_VALUE_MAX_LENGTH: usize = 63;

// === Names of objects ===

/// Most kinds: a DNS subdomain.
pub fn name_is_dns_subdomain(name: &str, name_use: NameUse) -> Faults {
    dns1123_subdomain(&without_trailing_dash(name, name_use))
}

/// Namespaces and others: a DNS label.
pub fn name_is_dns_label(name: &str, name_use: NameUse) -> Faults {
    dns1123_label(&without_trailing_dash(name, name_use))
}

/// Services: a DNS label that begins with a letter.
pub fn name_is_dns1035_label(name: &str, name_use: NameUse) -> Faults {
    dns1035_label(&without_trailing_dash(name, name_use))
}

/// RBAC kinds: anything that can stand between two slashes of a path.
pub fn name_is_path_segment(name: &str, name_use: NameUse) -> Faults {
    match name_use {
        NameUse::Whole => path_segment_name(name),
        NameUse::Prefix => path_segment_prefix(name),
    }
}

/// A prefix may end with a dash, since letters follow.
fn without_trailing_dash(name: &str, name_use: NameUse) -> std::borrow::Cow<'_, str> {
    match name.strip_suffix('-') {
        Some(rest) if name_use == NameUse::Prefix && !rest.is_empty() => {
            // Upstream replaces the last two characters by one letter.
            let cut = rest.char_indices().next_back().map_or(0, |(at, _)| at);
            format!("{}a", &rest[..cut]).into()
        }
        _ => name.into(),
    }
}

pub fn path_segment_name(name: &str) -> Faults {
    match name {
        "." | ".." => vec![format!("may not be '{name}'")],
        _ => path_segment_prefix(name),
    }
}

pub fn path_segment_prefix(name: &str) -> Faults {
    ["/", "%"]
        .iter()
        .filter(|illegal| name.contains(**illegal))
        .map(|illegal| format!("may not contain '{illegal}'"))
        .collect()
}

// === Words ===

fn fault_unless(fine: bool, words: &str) -> Faults {
    if fine {
        Faults::new()
    } else {
        vec![words.to_owned()]
    }
}

fn at_most_characters(value: &str, max: usize) -> Faults {
    fault_unless(
        value.len() <= max,
        &format!("must be no more than {max} characters"),
    )
}

/// The newer rules count in bytes, and say so.
fn at_most_bytes(value: &str, max: usize) -> impl Iterator<Item = String> {
    (value.len() > max)
        .then(|| format!("must be no more than {max} bytes"))
        .into_iter()
}

/// How a value that does not match a regular expression is explained.
pub fn regex_fault(words: &str, format: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    let examples = match examples.as_slice() {
        [] => String::new(),
        _ => format!("e.g. {}", examples.join(" or ")),
    };
    format!("{words} ({examples}regex used for validation is '{format}')")
}
