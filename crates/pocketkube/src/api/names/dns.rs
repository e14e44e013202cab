//! DNS labels and subdomains.

use super::{
    DNS1123_LABEL_MAX_LENGTH, DNS1123_SUBDOMAIN_MAX_LENGTH, Faults, at_most_characters, regex_fault,
};

const LABEL_FORMAT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_FORMAT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

pub fn dns1123_label(value: &str) -> Faults {
    let mut faults = at_most_characters(value, DNS1123_LABEL_MAX_LENGTH);
    if !matches_label(value) {
        if matches_subdomain(value) {
            faults.push("must not contain dots".to_owned());
        } else {
            faults.push(regex_fault(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
                LABEL_FORMAT,
                &["my-name", "123-abc"],
            ));
        }
    }
    faults
}

pub fn dns1123_subdomain(value: &str) -> Faults {
    let mut faults = at_most_characters(value, DNS1123_SUBDOMAIN_MAX_LENGTH);
    faults.extend(subdomain_shape(value));
    faults
}

pub(super) fn subdomain_shape(value: &str) -> Option<String> {
    let fault = || {
        regex_fault(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
            SUBDOMAIN_FORMAT,
            &["example.com"],
        )
    };
    (!matches_subdomain(value)).then(fault)
}

pub fn dns1035_label(value: &str) -> Faults {
    let mut faults = at_most_characters(value, DNS1123_LABEL_MAX_LENGTH);
    if !(value.starts_with(|c: char| c.is_ascii_lowercase()) && matches_label(value)) {
        faults.push(regex_fault(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
            "[a-z]([-a-z0-9]*[a-z0-9])?",
            &["my-name", "abc-123"],
        ));
    }
    faults
}

/// `*.example.com`, as hosts of an Ingress.
pub fn wildcard_dns1123_subdomain(value: &str) -> Faults {
    let mut faults = at_most_characters(value, DNS1123_SUBDOMAIN_MAX_LENGTH);
    if !value.strip_prefix("*.").is_some_and(matches_subdomain) {
        faults.push(regex_fault(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
            &format!(r"\*\.{SUBDOMAIN_FORMAT}"),
            &["*.example.com"],
        ));
    }
    faults
}

fn matches_label(value: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    edges_and_middle(value, inner, |b| inner(b) || b == b'-')
}

fn matches_subdomain(value: &str) -> bool {
    value.split('.').all(matches_label)
}

/// Whether `value` is not empty, begins and ends with an `edge` and has only `middle` between.
pub(super) fn edges_and_middle(
    value: &str,
    edge: impl Fn(u8) -> bool,
    middle: impl Fn(u8) -> bool,
) -> bool {
    match value.as_bytes() {
        [] => false,
        [only] => edge(*only),
        [first, between @ .., last] => {
            edge(*first) && edge(*last) && between.iter().all(|byte| middle(*byte))
        }
    }
}
