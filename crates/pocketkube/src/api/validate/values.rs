//! Rules for single values that many kinds share: names in fields, choices, addresses.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::Value;

use super::super::field::{Error, ErrorList, Path};
use super::super::names::{self, Faults};
use super::invalid_each;

/// The value obeys a rule of [`names`].
pub fn by_rule(rule: impl Fn(&str) -> Faults, value: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    invalid_each(&mut errors, path.clone(), value, rule(value));
    errors
}

/// The number obeys a rule of [`names`].
pub fn number_by_rule(rule: impl Fn(i64) -> Faults, value: i64, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    invalid_each(&mut errors, path.clone(), value, rule(value));
    errors
}

/// The text is one of `supported`.
pub fn choice(value: &str, supported: &[&str], path: &Path) -> ErrorList {
    if supported.contains(&value) {
        return ErrorList::new();
    }
    vec![Error::not_supported(path.clone(), value, supported)]
}

/// The text is there, and one of `supported`.
pub fn required_choice(value: &str, supported: &[&str], path: &Path) -> ErrorList {
    if value.is_empty() {
        return vec![Error::required(path.clone(), "")];
    }
    choice(value, supported, path)
}

/// The text is there, whatever it is.
pub fn required_text(value: &str, path: &Path) -> ErrorList {
    if value.is_empty() {
        return vec![Error::required(path.clone(), "")];
    }
    ErrorList::new()
}

/// The number, where there is one, is above zero.
pub fn positive(value: &Value, path: &Path) -> ErrorList {
    match value.as_i64() {
        Some(number) if number <= 0 => {
            vec![Error::invalid(
                path.clone(),
                number,
                "must be greater than 0",
            )]
        }
        _ => ErrorList::new(),
    }
}

/// A path below a domain: `example.com/ingress`.
pub fn domain_prefixed_path(value: &str, path: &Path) -> ErrorList {
    const FORMAT: &str = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+";
    if value.is_empty() {
        return vec![Error::required(path.clone(), "")];
    }
    let (domain, rest) = value.split_once('/').unwrap_or_default();
    if domain.is_empty() || rest.is_empty() {
        return vec![Error::invalid(
            path.clone(),
            value,
            "must be a domain-prefixed path (such as \"acme.io/foo\")",
        )];
    }
    let mut errors = by_rule(names::dns1123_subdomain, domain, path);
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    if !rest.bytes().all(is_allowed) {
        let why = names::regex_fault("Invalid path", FORMAT, &[]);
        errors.push(Error::invalid(path.clone(), rest, &why));
    }
    errors
}

/// An IP address of either family.
pub fn ip(value: &str, path: &Path) -> ErrorList {
    by_rule(names::ip, value, path)
}

/// A range of addresses of either family.
pub fn cidr(value: &str, path: &Path) -> ErrorList {
    by_rule(names::cidr, value, path)
}

/// An address that traffic can go to: not unspecified, loopback or link-local.
pub fn non_special_ip(value: &str, path: &Path) -> ErrorList {
    let Some(address) = names::parse_ip(value) else {
        return vec![Error::invalid(
            path.clone(),
            value,
            "must be a valid IP address",
        )];
    };
    let unspecified = format!("may not be unspecified ({value})");
    [
        (address.is_unspecified(), unspecified.as_str()),
        (
            address.is_loopback(),
            "may not be in the loopback range (127.0.0.0/8, ::1/128)",
        ),
        (
            is_link_local(address),
            "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
        ),
        (
            is_link_local_multicast(address),
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        ),
    ]
    .into_iter()
    .filter(|(is_special, _)| *is_special)
    .map(|(_, why)| Error::invalid(path.clone(), value, why))
    .collect()
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn is_link_local_multicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets()[..3] == [224, 0, 0],
        IpAddr::V6(address) => has_link_local_multicast_scope(address),
    }
}

fn has_link_local_multicast_scope(address: Ipv6Addr) -> bool {
    address.octets()[0] == 0xff && address.octets()[1] & 0x0f == 0x02
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_cannot_go_to_special_addresses() {
        let fault = |address| -> Vec<String> {
            non_special_ip(address, &"ip".into())
                .iter()
                .map(|error| error.detail.clone())
                .collect()
        };
        assert!(fault("203.0.113.5").is_empty());
        assert_eq!(fault("0.0.0.0"), ["may not be unspecified (0.0.0.0)"]);
        assert!(fault("127.0.0.1")[0].contains("loopback"));
        assert!(fault("169.254.1.1")[0].contains("link-local range"));
        assert!(fault("ff02::1")[0].contains("link-local multicast"));
        assert_eq!(fault("x"), ["must be a valid IP address"]);
    }

    #[test]
    fn a_path_begins_with_a_domain() {
        let words = |value| -> Vec<String> {
            domain_prefixed_path(value, &"controller".into())
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert!(words("example.com/ingress").is_empty());
        assert_eq!(words(""), ["controller: Required value"]);
        assert_eq!(
            words("ingress"),
            [
                "controller: Invalid value: \"ingress\": must be a domain-prefixed path (such as \"acme.io/foo\")"
            ]
        );
        assert!(
            words("A/x")[0].starts_with("controller: Invalid value: \"A\": a lowercase RFC 1123")
        );
        assert!(
            words("a/x y")[0]
                .starts_with("controller: Invalid value: \"x y\": Invalid path (regex")
        );
    }

    #[test]
    fn a_choice_is_required_before_it_is_supported() {
        let path = Path::new("protocol");
        let words = |value| -> Vec<String> {
            required_choice(value, &["TCP", "UDP"], &path)
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(words(""), ["protocol: Required value"]);
        assert_eq!(
            words("X"),
            ["protocol: Unsupported value: \"X\": supported values: \"TCP\", \"UDP\""]
        );
        assert!(words("UDP").is_empty());
    }
}
