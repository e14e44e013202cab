//! Label keys, also called qualified names, and label values.

use super::dns::{edges_and_middle, subdomain_shape};
use super::{
    DNS1123_SUBDOMAIN_MAX_LENGTH, Faults, LABEL_VALUE_MAX_LENGTH, at_most_bytes, regex_fault,
};

const QUALIFIED_FORMAT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const QUALIFIED_WORDS: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const QUALIFIED_EXAMPLES: [&str; 3] = ["MyName", "my.name", "123-abc"];

/// A label key, also called qualified name: an optional DNS prefix with a slash, and a name.
pub fn qualified_name(value: &str) -> Faults {
    let mut faults = Faults::new();
    let name = match value.split_once('/') {
        None => value,
        Some((_, name)) if name.contains('/') => {
            let rule = regex_fault(QUALIFIED_WORDS, QUALIFIED_FORMAT, &QUALIFIED_EXAMPLES);
            return vec![format!(
                "a valid label key {rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
        Some(("", name)) => {
            faults.push("prefix part must be non-empty".to_owned());
            name
        }
        Some((prefix, name)) => {
            let prefix_faults =
                at_most_bytes(prefix, DNS1123_SUBDOMAIN_MAX_LENGTH).chain(subdomain_shape(prefix));
            faults.extend(prefix_faults.map(|fault| format!("prefix part {fault}")));
            name
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    }
    faults.extend(at_most_bytes(name, 63).map(|fault| format!("name part {fault}")));
    if !matches_qualified(name) {
        let rule = regex_fault(QUALIFIED_WORDS, QUALIFIED_FORMAT, &QUALIFIED_EXAMPLES);
        faults.push(format!("name part {rule}"));
    }
    faults
}

pub fn label_value(value: &str) -> Faults {
    let mut faults: Faults = at_most_bytes(value, LABEL_VALUE_MAX_LENGTH).collect();
    if !value.is_empty() && !matches_qualified(value) {
        faults.push(regex_fault(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            &format!("({QUALIFIED_FORMAT})?"),
            &["MyValue", "my_value", "12345"],
        ));
    }
    faults
}

fn matches_qualified(value: &str) -> bool {
    edges_and_middle(
        value,
        |b| b.is_ascii_alphanumeric(),
        |b| b.is_ascii_alphanumeric() || b"-_.".contains(&b),
    )
}
