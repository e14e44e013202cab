//! The canonical text of a quantity.

use std::fmt;

use super::read::{BINARY_SUFFIXES, DECIMAL_SUFFIXES};
use super::{Format, NANO, Quantity};

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
