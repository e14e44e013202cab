//! Resource quantities: `500m`, `1Gi`, `12e6`.
//!
//! A quantity is held exactly, in billionths, and printed in the canonical form that Kubernetes
//! prints: the notation family it was written in, the largest suffix that leaves a whole number.
//! Smaller fractions are rounded away from zero, as upstream does. Beyond some 10^29 (upstream
//! knows no bound for decimal notations) values saturate. Mirrors
//! `apimachinery/pkg/api/resource/quantity.go` (v1.35).

mod read;
mod write;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

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
