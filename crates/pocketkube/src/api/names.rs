//! The shapes of names, labels, keys, ports and addresses, with the words that explain a wrong one.
//!
//! Every rule returns what is wrong with a value, one message a fault; an empty list means that
//! the value is fine. The rules know nothing of fields: `validate` and the kinds put the path in
//! front. Mirrors `apimachinery/pkg/util/validation/validation.go`, `pkg/api/validate/content` and
//! `pkg/api/validation/generic.go` (v1.35).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

const LABEL_FORMAT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_FORMAT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

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

// === DNS ===

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

fn subdomain_shape(value: &str) -> Option<String> {
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
fn edges_and_middle(value: &str, edge: impl Fn(u8) -> bool, middle: impl Fn(u8) -> bool) -> bool {
    match value.as_bytes() {
        [] => false,
        [only] => edge(*only),
        [first, between @ .., last] => {
            edge(*first) && edge(*last) && between.iter().all(|byte| middle(*byte))
        }
    }
}

// === Labels and qualified names ===

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

// === Ports, keys, variables ===

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

// === Addresses ===

pub const IP_WORDS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
pub const CIDR_WORDS: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// Reads an address as Kubernetes does: leading zeros in IPv4 numbers are let through.
pub fn parse_ip(value: &str) -> Option<IpAddr> {
    if value.contains(':') {
        let address: Ipv6Addr = value.parse().ok()?;
        return Some(IpAddr::V6(address));
    }
    let mut octets = [0; 4];
    let mut parts = value.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let significant = part.trim_start_matches('0');
        *octet = if significant.is_empty() {
            0
        } else {
            significant.parse().ok()?
        };
    }
    parts
        .next()
        .is_none()
        .then(|| Ipv4Addr::from(octets).into())
}

pub fn ip(value: &str) -> Faults {
    fault_unless(parse_ip(value).is_some(), IP_WORDS)
}

/// Reads `10.0.0.0/8` into its address and prefix length.
pub fn parse_cidr(value: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = value.split_once('/')?;
    let address = parse_ip(address)?;
    if length.is_empty() || !length.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let length: u8 = length.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (length <= most).then_some((address, length))
}

pub fn cidr(value: &str) -> Faults {
    fault_unless(parse_cidr(value).is_some(), CIDR_WORDS)
}

fn fault_unless(fine: bool, words: &str) -> Faults {
    if fine {
        Faults::new()
    } else {
        vec![words.to_owned()]
    }
}

// === Words ===

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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&str) -> Faults, good: &[&str], bad: &[&str]) {
        for value in good {
            assert_eq!(rule(value), Faults::new(), "{value:?} is good");
        }
        for value in bad {
            assert_ne!(rule(value), Faults::new(), "{value:?} is bad");
        }
    }

    #[test]
    fn dns_names_follow_their_rfcs() {
        let long = "a".repeat(64);
        check(
            dns1123_label,
            &["a", "ab", "abc-1", "a--1--2--b", "0", "0-a"],
            &["", "A", "-", "a-", "-a", "_", "a_b", "a.b", "a b", &long],
        );
        check(
            dns1123_subdomain,
            &["a", "a.b", "0.1.a-b", &long],
            &["", ".", "a..b", ".a", "a.", "a.B", "a/b", &"a".repeat(254)],
        );
        check(dns1035_label, &["a", "a1-b"], &["1a", "", "a.b", "A", "a-"]);
        check(
            wildcard_dns1123_subdomain,
            &["*.example.com"],
            &["*", "*.*.com", "a.*.com", "*bar.com"],
        );
    }

    #[test]
    fn a_label_with_dots_is_told_so() {
        assert_eq!(dns1123_label("a.b"), ["must not contain dots"]);
    }

    #[test]
    fn faults_show_the_rule_and_examples() {
        assert_eq!(
            dns1035_label("1s"),
            [
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
            ]
        );
    }

    #[test]
    fn qualified_names_have_at_most_one_prefix() {
        check(
            qualified_name,
            &[
                "simple",
                "now-with-dashes",
                "1-num.2-num/3-num",
                "a/b",
                "A_b.c",
            ],
            &[
                "",
                "nospecial$",
                "a b",
                "a/b/c",
                "/b",
                "a/",
                "A.b/c",
                "-a",
                "a-",
            ],
        );
        assert_eq!(
            qualified_name("example.com/")[0],
            "name part must be non-empty"
        );
    }

    #[test]
    fn label_values_may_be_empty() {
        check(
            label_value,
            &["", "a", "A.b_c-d", "1"],
            &["-a", "a-", "a b", "ä", &"a".repeat(64)],
        );
    }

    #[test]
    fn prefixes_of_names_may_end_with_a_dash() {
        assert!(name_is_dns_label("web-", NameUse::Prefix).is_empty());
        assert!(!name_is_dns_label("web-", NameUse::Whole).is_empty());
        assert!(!name_is_dns_subdomain("Bad_", NameUse::Prefix).is_empty());
        assert!(!name_is_dns_label("-", NameUse::Prefix).is_empty());
    }

    #[test]
    fn ports_keys_and_variables_follow_their_rules() {
        check(
            port_name,
            &["http", "a", "8080-tcp"],
            &["", "80", "-a", "a-", "a--b", "A", "abcdefghijklmnop"],
        );
        check(
            config_map_key,
            &["a.b", "A_B", ".a", "a-b"],
            &["", "a b", ".", "..", "..a", "ä"],
        );
        check(
            environment_variable_name,
            &["A", "_a", "a.b-c"],
            &["", "1a", "a=b", ".."],
        );
        check(
            relaxed_environment_variable_name,
            &["1", "a b", "-"],
            &["", "a=b", "ä"],
        );
        check(percent, &["1%", "100%"], &["", "%", "1", "-1%"]);
        assert!(port_number(80).is_empty());
        assert_eq!(port_number(0), ["must be between 1 and 65535, inclusive"]);
    }

    #[test]
    fn addresses_are_read_sloppily_as_upstream_does() {
        assert_eq!(
            parse_ip("010.0.0.1"),
            Some(Ipv4Addr::new(10, 0, 0, 1).into())
        );
        check(
            ip,
            &["10.9.8.7", "::1", "2001:db8::ffff"],
            &["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "a.b.c.d", "::g"],
        );
        check(
            cidr,
            &["10.0.0.0/8", "::/0"],
            &["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "/8"],
        );
    }
}
