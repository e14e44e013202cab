//! IP addresses and ranges, read as sloppily as Kubernetes reads them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Faults, fault_unless};

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
