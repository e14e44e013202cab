//! Addresses that are understood and should be written in another way.
//!
//! Mirrors `GetWarningsForIP` and `GetWarningsForCIDR` in
//! `apimachinery/pkg/util/validation/ip.go` (v1.35).

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::field::Path;
use super::super::names;

/// Leading zeros, IPv4 in IPv6, and IPv6 that is not in its canonical form. Nothing for what is no
/// address: that is a mistake, and told as one.
pub fn ip_warnings(value: &str, path: &Path) -> Option<String> {
    let address = names::parse_ip(value)?;
    if is_non_standard(value) {
        let standard = unmapped(address);
        return Some(format!(
            "{path}: non-standard IP address {value:?} will be considered invalid in a future Kubernetes release: use \"{standard}\""
        ));
    }
    (address.is_ipv6() && address.to_string() != value).then(|| {
        format!(
            "{path}: IPv6 address {value:?} should be in RFC 5952 canonical format (\"{address}\")"
        )
    })
}

/// The same for a range, and addresses in it that say more than its prefix.
pub fn cidr_warnings(value: &str, path: &Path) -> Vec<String> {
    let Some(range) =
        names::parse_cidr(value).and_then(|(address, length)| IpNet::new(address, length).ok())
    else {
        return Vec::new();
    };
    let network = range.trunc();
    let mut warnings = Vec::new();
    if range.addr() != network.addr() {
        let alone = format!("{}/{}", range.addr(), range.max_prefix_len());
        warnings.push(format!(
            "{path}: CIDR value {value:?} is ambiguous in this context (should be \"{network}\" or {alone:?}?)"
        ));
    }
    let address = value.split('/').next().unwrap_or_default();
    let length = value.rsplit('/').next().unwrap_or_default();
    if is_non_standard(address) || (length.len() > 1 && length.starts_with('0')) {
        warnings.push(format!(
            "{path}: non-standard CIDR value {value:?} will be considered invalid in a future Kubernetes release: use \"{network}\""
        ));
    }
    if warnings.is_empty() && range.addr().is_ipv6() && range.to_string() != value {
        warnings.push(format!(
            "{path}: IPv6 CIDR value {value:?} should be in RFC 5952 canonical format (\"{range}\")"
        ));
    }
    warnings
}

fn is_non_standard(value: &str) -> bool {
    value
        .parse::<IpAddr>()
        .map_or(true, |address| unmapped(address) != address)
}

fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address
            .to_ipv4_mapped()
            .map_or(IpAddr::V6(address), IpAddr::V4),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_their_usual_form() {
        let words = |value| ip_warnings(value, &"ip".into());
        for fine in ["10.0.0.1", "2001:db8::1", "nonsense"] {
            assert_eq!(words(fine), None);
        }
        assert_eq!(
            words("010.0.0.01").unwrap(),
            "ip: non-standard IP address \"010.0.0.01\" will be considered invalid in a future Kubernetes release: use \"10.0.0.1\""
        );
        assert!(
            words("::ffff:1.2.3.4")
                .unwrap()
                .ends_with("use \"1.2.3.4\"")
        );
        assert_eq!(
            words("2001:db8:0::1").unwrap(),
            "ip: IPv6 address \"2001:db8:0::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")"
        );
    }

    #[test]
    fn ranges_begin_at_their_first_address() {
        let words = |value| cidr_warnings(value, &"cidr".into());
        assert!(words("10.0.0.0/8").is_empty());
        assert_eq!(
            words("10.1.2.3/8"),
            [
                "cidr: CIDR value \"10.1.2.3/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.1.2.3/32\"?)"
            ]
        );
        assert_eq!(
            words("010.0.0.0/8"),
            [
                "cidr: non-standard CIDR value \"010.0.0.0/8\" will be considered invalid in a future Kubernetes release: use \"10.0.0.0/8\""
            ]
        );
        assert_eq!(
            words("2001:DB8::/64"),
            [
                "cidr: IPv6 CIDR value \"2001:DB8::/64\" should be in RFC 5952 canonical format (\"2001:db8::/64\")"
            ]
        );
    }
}
