//! The formats that texts may be asked to have.
//!
//! A format that is not known here restricts nothing, as upstream. Mirrors
//! `kube-openapi/pkg/validation/strfmt` and the list of supported formats in
//! `apiextensions-apiserver/pkg/apiserver/validation/formats.go` (v1.35).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

/// Whether `text` is of the format.
pub(super) fn fits(format: &str, text: &str) -> bool {
    match format {
        "byte" => STANDARD.decode(text).is_ok(),
        "date" => text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10,
        "date-time" | "datetime" => is_date_time(text),
        "duration" => is_duration(text),
        "email" => is_email(text),
        "hostname" => HOSTNAME.is_match(text) && text.len() < 256,
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "mac" => MAC.is_match(text),
        "uri" => is_uri(text),
        "uuid" => is_uuid(text, None),
        "uuid3" => is_uuid(text, Some(b'3')),
        "uuid4" => is_uuid(text, Some(b'4')),
        "uuid5" => is_uuid(text, Some(b'5')),
        "hexcolor" => HEX_COLOR.is_match(text),
        "rgbcolor" => RGB_COLOR.is_match(text),
        "isbn" => is_isbn(text, 10) || is_isbn(text, 13),
        "isbn10" => is_isbn(text, 10),
        "isbn13" => is_isbn(text, 13),
        "creditcard" => is_credit_card(text),
        "ssn" => SSN.is_match(text),
        "bsonobjectid" => text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit()),
        "k8s-short-name" => crate::api::names::dns1123_label(text).is_empty(),
        "k8s-long-name" => crate::api::names::dns1123_subdomain(text).is_empty(),
        _ => true,
    }
}

macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("a constant expression is well-formed"));
    };
}

pattern!(
    HOSTNAME,
    r"^([a-zA-Z0-9\p{L}]([a-zA-Z0-9\-\p{L}]{0,62}[a-zA-Z0-9\p{L}])?\.)*([a-zA-Z0-9\p{L}]([a-zA-Z0-9\-\p{L}]{0,62}[a-zA-Z0-9\p{L}])?)$"
);
pattern!(MAC, r"^([0-9A-Fa-f]{2}[:-]){5}([0-9A-Fa-f]{2})$");
pattern!(HEX_COLOR, r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$");
pattern!(
    RGB_COLOR,
    r"^rgb\(\s*(25[0-5]|2[0-4]\d|[01]?\d?\d)\s*,\s*(25[0-5]|2[0-4]\d|[01]?\d?\d)\s*,\s*(25[0-5]|2[0-4]\d|[01]?\d?\d)\s*\)$"
);
pattern!(SSN, r"^\d{3}[- ]?\d{2}[- ]?\d{4}$");
pattern!(URI_SCHEME, r"^[a-zA-Z][a-zA-Z0-9+.\-]*:");

/// RFC 3339, with the spellings that upstream also takes.
fn is_date_time(text: &str) -> bool {
    match text.split_once(['T', 't']) {
        Some((date, time)) => {
            date.len() == 10
                && date.parse::<jiff::civil::Date>().is_ok()
                && time.len() >= 8
                && text.parse::<jiff::Timestamp>().is_ok()
        }
        None => false,
    }
}

/// Go's notation (`1h30m`), or a number and a unit in words (`3 days`).
fn is_duration(text: &str) -> bool {
    const UNITS: &[&str] = &[
        "ns", "nano", "us", "µs", "micro", "ms", "milli", "s", "sec", "second", "m", "min",
        "minute", "h", "hr", "hour", "d", "day", "w", "wk", "week",
    ];
    let mut rest = text.trim().trim_start_matches(['+', '-']);
    if rest == "0" {
        return true;
    }
    let mut any = false;
    while !rest.is_empty() {
        let number = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
                .len();
        if number == 0 {
            return false;
        }
        let after = rest[number..].trim_start();
        let unit = after.len() - after.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let name = after[..unit].trim_end_matches('s');
        if !UNITS.contains(&&after[..unit]) && !UNITS.contains(&name) {
            return false;
        }
        any = true;
        rest = after[unit..].trim_start();
    }
    any
}

fn is_email(text: &str) -> bool {
    let address = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(open), Some(_)) => &text[open + 1..text.len() - 1],
        _ => text,
    };
    match address.rsplit_once('@') {
        Some((user, host)) => {
            !user.is_empty()
                && !host.is_empty()
                && !user.contains(|c: char| c.is_whitespace() || "@<>(),;:\\[]".contains(c))
                && !user.starts_with('.')
                && !user.ends_with('.')
                && !host.contains(|c: char| c.is_whitespace() || "@<>".contains(c))
        }
        None => false,
    }
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.bytes().all(|b| b.is_ascii_digit()) && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

/// What Go's `url.ParseRequestURI` takes: an absolute URI, or an absolute path.
fn is_uri(text: &str) -> bool {
    let is_clean = !text.contains(|c: char| c.is_ascii_control() || c == ' ');
    is_clean && (text.starts_with('/') || URI_SCHEME.is_match(text))
}

fn is_uuid(text: &str, version: Option<u8>) -> bool {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    let dashes = text.len() - digits.len();
    digits.len() == 32
        && digits.iter().all(u8::is_ascii_hexdigit)
        && (dashes == 0 || dashes == 4)
        && version.is_none_or(|version| digits[12] == version)
}

fn is_isbn(text: &str, length: usize) -> bool {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .enumerate()
        .map(|(index, c)| match c {
            'X' | 'x' if index == 9 => 10,
            c => c.to_digit(10).unwrap_or(99),
        })
        .collect();
    if digits.len() != length || digits.contains(&99) {
        return false;
    }
    let weighted = digits.iter().zip(0u32..);
    match length {
        10 => weighted
            .map(|(digit, at)| digit * (10 - at))
            .sum::<u32>()
            .is_multiple_of(11),
        _ => {
            weighted
                .map(|(digit, at)| digit * if at % 2 == 0 { 1 } else { 3 })
                .sum::<u32>()
                % 10
                == 0
        }
    }
}

fn is_credit_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    if !(13..=19).contains(&digits.len()) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match at % 2 {
            1 => digit * 2 / 10 + digit * 2 % 10,
            _ => *digit,
        })
        .sum();
    sum.is_multiple_of(10)
}
