//! The rules, each with good and bad values.

use std::net::Ipv4Addr;

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
