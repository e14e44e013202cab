//! Ports, percentages, keys, variables and other small formats.

use super::{DNS1123_SUBDOMAIN_MAX_LENGTH, Faults, at_most_characters, regex_fault};

pub fn port_number(port: i64) -> Faults {
    in_range(port, 1, 65535)
}

pub fn in_range(value: i64, low: i64, high: i64) -> Faults {
    if (low..=high).contains(&value) {
        return Faults::new();
    }
    vec![format!("must be between {low} and {high}, inclusive")]
}

pub fn user_id(id: i64) -> Faults {
    in_range(id, 0, i64::from(i32::MAX))
}

pub fn group_id(id: i64) -> Faults {
    in_range(id, 0, i64::from(i32::MAX))
}

pub fn port_name(port: &str) -> Faults {
    let mut faults = at_most_characters(port, 15);
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if port.is_empty() || !port.bytes().all(allowed) {
        faults.push(
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned(),
        );
    }
    if !port.bytes().any(|b| b.is_ascii_lowercase()) {
        faults.push("must contain at least one letter (a-z)".to_owned());
    }
    if port.contains("--") {
        faults.push("must not contain consecutive hyphens".to_owned());
    }
    if port.starts_with('-') || port.ends_with('-') {
        faults.push("must not begin or end with a hyphen".to_owned());
    }
    faults
}

/// `25%`.
pub fn percent(value: &str) -> Faults {
    let digits = value.strip_suffix('%').unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Faults::new();
    }
    vec![regex_fault(
        "a valid percent string must be a numeric string followed by an ending '%'",
        "[0-9]+%",
        &["1%", "93%"],
    )]
}

pub fn http_header_name(value: &str) -> Faults {
    if !value.is_empty()
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    {
        return Faults::new();
    }
    vec![regex_fault(
        "a valid HTTP header must consist of alphanumeric characters or '-'",
        "[-A-Za-z0-9]+",
        &["X-Header-Name"],
    )]
}

pub fn c_identifier(value: &str) -> Faults {
    let starts = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_')
    {
        return Faults::new();
    }
    vec![regex_fault(
        "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
        "[A-Za-z_][A-Za-z0-9_]*",
        &["my_name", "MY_NAME", "MyName"],
    )]
}

/// The name of an environment variable, as ConfigMap keys are filtered by.
pub fn environment_variable_name(value: &str) -> Faults {
    let mut faults = Faults::new();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if value.is_empty()
        || value.starts_with(|c: char| c.is_ascii_digit())
        || !value.bytes().all(allowed)
    {
        faults.push(regex_fault(
            "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
            "[-._a-zA-Z][-._a-zA-Z0-9]*",
            &["my.env-name", "MY_ENV.NAME", "MyEnvName1"],
        ));
    }
    faults.extend(leaves_its_folder(value));
    faults
}

/// The name of an environment variable as containers may have it since v1.32.
pub fn relaxed_environment_variable_name(value: &str) -> Faults {
    let mut faults = Faults::new();
    if value.is_empty() {
        faults.push("environment variable name must be non-empty".to_owned());
    }
    if !value.chars().all(|c| (' '..='~').contains(&c) && c != '=') {
        faults.push("a valid environment variable name must consist only of printable ASCII characters other than '='".to_owned());
    }
    faults
}

/// A key of a ConfigMap or Secret.
pub fn config_map_key(value: &str) -> Faults {
    let mut faults = at_most_characters(value, DNS1123_SUBDOMAIN_MAX_LENGTH);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if value.is_empty() || !value.bytes().all(allowed) {
        faults.push(regex_fault(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            "[-._a-zA-Z0-9]+",
            &["key.name", "KEY_NAME", "key-name"],
        ));
    }
    faults.extend(leaves_its_folder(value));
    faults
}

fn leaves_its_folder(value: &str) -> Option<String> {
    match value {
        "." | ".." => Some(format!("must not be '{value}'")),
        _ if value.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}
