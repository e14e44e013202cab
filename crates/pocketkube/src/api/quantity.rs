//! Resource quantities: `500m`, `1Gi`, `12e6`.
//!
//! A quantity is held exactly, in billionths, and printed in the canonical form that Kubernetes
//! prints: the notation family it was written in, the largest suffix that leaves a whole number.
//! Smaller fractions are rounded away from zero, as upstream does. Beyond some 10^29 (upstream
//! knows no bound for decimal notations) values saturate. Mirrors
//! `apimachinery/pkg/api/resource/quantity.go` (v1.35).

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

/// An amount of a resource. Compares by value, whatever the notation.
#[derive(Clone, Debug, Default)]
pub struct Quantity {
    nanos: i128,
    format: Format,
    /// The text it was read from, where upstream takes that for canonical already.
    text: Option<Box<str>>,
}

/// The family of suffixes a quantity is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `12M` (12·10⁶)
    #[default]
    DecimalSI,
    /// `12Mi` (12·2²⁰)
    BinarySI,
    /// `12e6`
    DecimalExponent,
}

/// Why a text is no quantity, in Kubernetes' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    #[error(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )]
    Format,
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

const NANO: i128 = 1_000_000_000;
/// Binary quantities are capped here.
const MAX_BINARY: i128 = i64::MAX as i128 * NANO;
/// More digits than this behind the point only decide about rounding.
const MOST_FRACTION_DIGITS: usize = 28;

impl Quantity {
    pub const ZERO: Self = Self {
        nanos: 0,
        format: Format::DecimalSI,
        text: None,
    };

    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        text.parse()
    }

    /// Reads a value of an object: a text or a number; anything else, or a malformed one, is 0.
    pub fn of_value(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => text.parse().unwrap_or_default(),
            serde_json::Value::Number(number) => number.to_string().parse().unwrap_or_default(),
            _ => Self::default(),
        }
    }

    pub fn whole(value: i64, format: Format) -> Self {
        Self {
            nanos: i128::from(value) * NANO,
            format,
            text: None,
        }
    }

    pub fn milli(value: i64, format: Format) -> Self {
        Self {
            nanos: i128::from(value) * (NANO / 1000),
            format,
            text: None,
        }
    }

    /// The value in whole units, rounded away from zero.
    pub fn value(&self) -> i64 {
        self.scaled(NANO)
    }

    /// The value in thousandths, rounded away from zero.
    pub fn milli_value(&self) -> i64 {
        self.scaled(NANO / 1000)
    }

    fn scaled(&self, unit: i128) -> i64 {
        let rounded = divide_away_from_zero(self.nanos, unit);
        i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
    }

    pub fn as_f64(&self) -> f64 {
        self.nanos as f64 / NANO as f64
    }

    pub fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    pub fn is_negative(&self) -> bool {
        self.nanos < 0
    }

    pub fn format(&self) -> Format {
        self.format
    }

    fn combined(&self, other: &Self, nanos: i128) -> Self {
        let format = if self.is_zero() {
            other.format
        } else {
            self.format
        };
        Self {
            nanos,
            format,
            text: None,
        }
    }
}

fn divide_away_from_zero(value: i128, unit: i128) -> i128 {
    let whole = value / unit;
    match (value % unit).signum() {
        0 => whole,
        sign => whole + sign,
    }
}

// === Reading ===

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let parts = Parts::split(text)?;
        let (base, exponent, format) = read_suffix(parts.suffix).ok_or(QuantityError::Suffix)?;
        let mut nanos = parts.nanos(base, exponent);
        let mut result_format = format;
        if format == Format::BinarySI {
            nanos = nanos.min(MAX_BINARY);
            if nanos > 0 && nanos < NANO {
                result_format = Format::DecimalSI;
            }
        }
        let keep = parts.is_canonical(format, exponent);
        Ok(Self {
            nanos: if parts.negative { -nanos } else { nanos },
            format: result_format,
            text: keep.then(|| text.into()),
        })
    }
}

/// A quantity's text, cut up.
struct Parts<'a> {
    negative: bool,
    /// Digits before the point, without leading zeros.
    number: &'a str,
    /// Digits behind the point.
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, QuantityError> {
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (number, rest) = digits(unsigned.trim_start_matches('0'));
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => digits(rest),
            None => ("", rest),
        };
        let after_letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let exponent = after_letters
            .strip_prefix(['-', '+'])
            .unwrap_or(after_letters);
        if !digits(exponent).1.is_empty() {
            return Err(QuantityError::Format);
        }
        Ok(Self {
            negative,
            number,
            fraction,
            suffix,
        })
    }

    /// The value without its sign.
    fn nanos(&self, base: i128, exponent: i32) -> i128 {
        let kept = &self.fraction[..self.fraction.len().min(MOST_FRACTION_DIGITS)];
        let rest_counts = self.fraction[kept.len()..]
            .bytes()
            .any(|digit| digit != b'0');
        let mut value: i128 = 0;
        for digit in self.number.bytes().chain(kept.bytes()) {
            let digit = i128::from(digit - b'0');
            value = value.saturating_mul(10).saturating_add(digit);
        }
        let mut decimal = 9 - kept.len() as i32;
        if base == 10 {
            decimal = decimal.saturating_add(exponent);
        } else {
            value = value.saturating_mul(1 << exponent);
        }
        if decimal >= 0 {
            (0..decimal.min(40)).fold(value, |value, _| value.saturating_mul(10))
        } else {
            let unit = 10_i128
                .checked_pow(decimal.unsigned_abs())
                .unwrap_or(i128::MAX);
            let exact = value % unit == 0 && !rest_counts;
            value / unit + i128::from(!exact)
        }
    }

    /// Whether upstream keeps the text as it is, which it decides by rules of thumb: a number of
    /// moderate length that has no obvious factor to move into the suffix.
    fn is_canonical(&self, format: Format, exponent: i32) -> bool {
        let number = if self.number.is_empty() {
            "0"
        } else {
            self.number
        };
        if number == "0" && self.fraction.is_empty() && self.suffix.is_empty() {
            return false;
        }
        let length = (number.len() + self.fraction.len()) as i32;
        if format == Format::BinarySI {
            let precision = 15 - number.len() as i32 - (exponent as f32 * 3.0 / 10.0) as i32 - 1;
            let odd = number.parse::<i64>().is_ok_and(|value| value & 7 != 0);
            return self.fraction.is_empty() && precision >= 0 && odd;
        }
        let scale = exponent.saturating_sub(self.fraction.len() as i32);
        let all = format!("{number}{}", self.fraction);
        length <= 18
            && scale >= -9
            && scale % 3 == 0
            && !all.ends_with("000")
            && !all.starts_with('0')
    }
}

/// Splits off the leading digits.
fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

const DECIMAL_SUFFIXES: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY_SUFFIXES: [(&str, i32); 6] = [
    ("Ki", 10),
    ("Mi", 20),
    ("Gi", 30),
    ("Ti", 40),
    ("Pi", 50),
    ("Ei", 60),
];

/// The base, exponent and notation of a suffix.
fn read_suffix(suffix: &str) -> Option<(i128, i32, Format)> {
    let find = |table: &[(&str, i32)]| {
        table
            .iter()
            .find(|(known, _)| *known == suffix)
            .map(|(_, exponent)| *exponent)
    };
    if let Some(exponent) = find(&DECIMAL_SUFFIXES) {
        return Some((10, exponent, Format::DecimalSI));
    }
    if let Some(exponent) = find(&BINARY_SUFFIXES) {
        return Some((2, exponent, Format::BinarySI));
    }
    let exponent: i64 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let exponent = exponent.clamp(-1_000_000, 1_000_000) as i32;
    Some((10, exponent, Format::DecimalExponent))
}

// === Writing ===

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        if self.is_zero() {
            return f.write_str("0");
        }
        let is_whole = self.nanos % NANO == 0;
        let is_large = self.nanos.abs() >= 1024 * NANO;
        if self.format == Format::BinarySI && is_whole && is_large {
            return self.write_binary(f);
        }
        self.write_decimal(f)
    }
}

impl Quantity {
    fn write_binary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, times) = without_factors(self.nanos / NANO, 1024, BINARY_SUFFIXES.len());
        let suffix = match times.checked_sub(1) {
            Some(index) => BINARY_SUFFIXES[index].0,
            None => "",
        };
        write!(f, "{number}{suffix}")
    }

    fn write_decimal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.format == Format::DecimalExponent {
            let (number, times) = without_factors(self.nanos, 1000, usize::MAX);
            return match times as i32 * 3 - 9 {
                0 => write!(f, "{number}"),
                exponent => write!(f, "{number}e{exponent}"),
            };
        }
        let (number, times) = without_factors(self.nanos, 1000, DECIMAL_SUFFIXES.len() - 1);
        write!(f, "{number}{}", DECIMAL_SUFFIXES[times].0)
    }
}

/// Divides by `factor` as often as it goes, but at most `most` times.
fn without_factors(mut value: i128, factor: i128, most: usize) -> (i128, usize) {
    let mut times = 0;
    while times < most && value % factor == 0 {
        value /= factor;
        times += 1;
    }
    (value, times)
}

// === Arithmetic ===

impl Add<&Quantity> for &Quantity {
    type Output = Quantity;

    fn add(self, other: &Quantity) -> Quantity {
        self.combined(other, self.nanos.saturating_add(other.nanos))
    }
}

impl Sub<&Quantity> for &Quantity {
    type Output = Quantity;

    fn sub(self, other: &Quantity) -> Quantity {
        self.combined(other, self.nanos.saturating_sub(other.nanos))
    }
}

impl AddAssign<&Quantity> for Quantity {
    fn add_assign(&mut self, other: &Quantity) {
        *self = &*self + other;
    }
}

impl SubAssign<&Quantity> for Quantity {
    fn sub_assign(&mut self, other: &Quantity) {
        *self = &*self - other;
    }
}

impl Neg for Quantity {
    type Output = Quantity;

    fn neg(self) -> Quantity {
        Quantity {
            nanos: -self.nanos,
            format: self.format,
            text: None,
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().expect(text)
    }

    #[test]
    fn quantities_print_as_kubernetes_prints_them() {
        for (text, wanted) in [
            ("0", "0"),
            ("0n", "0"),
            ("0Ki", "0"),
            ("-0", "0"),
            ("1", "1"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5", "1500m"),
            ("100m", "100m"),
            ("0.1", "100m"),
            ("2000m", "2"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Mi", "512Ki"),
            ("1000Ki", "1000Ki"),
            ("1023Ki", "1023Ki"),
            ("2048", "2048"),
            ("0.5Ki", "512"),
            ("128Mi", "128Mi"),
            ("1000", "1k"),
            ("1500", "1500"),
            ("1000000", "1M"),
            ("1e3", "1e3"),
            ("1E3", "1E3"),
            ("12e6", "12e6"),
            ("1000e3", "1e6"),
            ("1.1e3", "1100"),
            ("1e-3", "1e-3"),
            ("1E", "1E"),
            ("1Ei", "1Ei"),
            ("16Ei", "9223372036854775807"),
            ("0.0000000001", "1n"),
            ("1.500", "1.500"),
            ("-1.5", "-1500m"),
            ("-1Ki", "-1Ki"),
            ("+5", "+5"),
            ("005", "005"),
            (".5", "500m"),
            ("0.001Ki", "1024m"),
            ("3.5k", "3500"),
        ] {
            assert_eq!(quantity(text).to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn malformed_quantities_are_refused_with_upstreams_words() {
        for text in [
            "", "lots", "1 Gi", "1..2", "100MB", "1.2.3", "ä", "1e5e", "1Gi ",
        ] {
            assert_eq!(Quantity::parse(text), Err(QuantityError::Format), "{text}");
        }
        for text in ["1K", "1e", "1ki", "1mm", "1Gim", "1e+", "1M5"] {
            assert_eq!(Quantity::parse(text), Err(QuantityError::Suffix), "{text}");
        }
        assert_eq!(
            QuantityError::Format.to_string(),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        );
    }

    #[test]
    fn values_round_away_from_zero() {
        assert_eq!(quantity("1500m").value(), 2);
        assert_eq!(quantity("-1500m").value(), -2);
        assert_eq!(quantity("0.1m").milli_value(), 1);
        assert_eq!(quantity("1Gi").value(), 1 << 30);
        assert_eq!(quantity("250m").milli_value(), 250);
        assert_eq!(quantity("1e40").value(), i64::MAX);
    }

    #[test]
    fn sums_keep_the_notation_of_the_first_that_is_not_zero() {
        assert_eq!(
            (&quantity("1Gi") + &quantity("1024")).to_string(),
            "1048577Ki"
        );
        assert_eq!((&Quantity::ZERO + &quantity("1Gi")).to_string(), "1Gi");
        assert_eq!((&quantity("1") - &quantity("250m")).to_string(), "750m");
        assert_eq!((&quantity("1") - &quantity("1")).to_string(), "0");
    }

    #[test]
    fn order_is_by_value() {
        assert!(quantity("1Gi") > quantity("1G"));
        assert_eq!(quantity("1000m"), quantity("1"));
        assert!(quantity("-1") < Quantity::ZERO);
    }

    proptest! {
        #[test]
        fn printing_and_reading_again_changes_nothing(number in -1_000_000_000_i64..1_000_000_000, fraction in "(\\.[0-9]{1,5})?", suffix in "(n|u|m|k|M|G|T|Ki|Mi|Gi|Ti|e3|e-2|E6)?") {
            let first = quantity(&format!("{number}{fraction}{suffix}"));
            let again = quantity(&first.to_string());
            prop_assert_eq!(&first, &again);
            let without_text = Quantity { text: None, ..first.clone() };
            prop_assert_eq!(quantity(&without_text.to_string()), first);
        }

        #[test]
        fn order_and_sums_agree_with_numbers(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000) {
            let (x, y) = (quantity(&format!("{a}m")), quantity(&format!("{b}m")));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!((&x + &y).milli_value(), a + b);
            prop_assert_eq!((&x - &y).milli_value(), a - b);
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[-+.0-9eEinumkKMGTPi ä]{0,45}") {
            let _ = Quantity::parse(&text);
        }
    }
}
