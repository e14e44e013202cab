//! Numbers that users may write as percentages.
//!
//! Pure. Mirrors `intstr.GetScaledValueFromIntOrPercent` (v1.35).

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    Up,
    Down,
}

/// The number itself, or its percentage of `total`. What is neither counts as zero.
pub(super) fn scaled(value: &IntOrString, total: i32, rounding: Rounding) -> i32 {
    let percent = match value {
        IntOrString::Int(number) => return *number,
        IntOrString::String(text) => text.strip_suffix('%').and_then(|text| text.parse().ok()),
    };
    let product = i64::from(total) * i64::from(percent.unwrap_or(0_i32));
    let quotient = match rounding {
        Rounding::Up => product.div_euclid(100) + i64::from(product.rem_euclid(100) != 0),
        Rounding::Down => product.div_euclid(100),
    };
    i32::try_from(quotient).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_rounded_as_asked() {
        let third = IntOrString::String("33%".to_owned());
        assert_eq!(scaled(&third, 10, Rounding::Up), 4);
        assert_eq!(scaled(&third, 10, Rounding::Down), 3);
        assert_eq!(scaled(&IntOrString::Int(7), 10, Rounding::Up), 7);
    }
}
