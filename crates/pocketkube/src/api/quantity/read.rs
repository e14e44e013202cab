//! Quantities from text.

use std::str::FromStr;

use super::{Format, NANO, Quantity, QuantityError};

/// Binary quantities are capped here.
const MAX_BINARY: i128 = i64::MAX as i128 * NANO;
/// More digits than this behind the point only decide about rounding.
const MOST_FRACTION_DIGITS: usize = 28;

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

pub(super) const DECIMAL_SUFFIXES: [(&str, i32); 10] = [
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
pub(super) const BINARY_SUFFIXES: [(&str, i32); 6] = [
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
