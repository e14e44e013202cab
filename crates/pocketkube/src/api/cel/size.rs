//! How large values are and how much work costs: a least and a most, counted together.
//!
//! Sums stop at the largest number. Mirrors `SizeEstimate` and `CostEstimate` in `checker/cost.go` of
//! cel-go.

/// At least and at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Size {
    pub(super) const ONE: Self = Self { least: 1, most: 1 };

    pub(super) fn up_to(most: u64) -> Self {
        Self { least: 0, most }
    }

    pub(super) const NONE: Self = Self { least: 0, most: 0 };

    pub(super) fn fixed(cost: u64) -> Self {
        Self {
            least: cost,
            most: cost,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            least: self.least.saturating_add(other.least),
            most: self.most.saturating_add(other.most),
        }
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self {
            least: self.least.saturating_mul(other.least),
            most: self.most.saturating_mul(other.most),
        }
    }

    /// Rounded up; a float turned into an integer stops at the largest.
    pub(super) fn scaled(self, factor: f64) -> Self {
        let scale = |count: u64| (count as f64 * factor).ceil() as u64;
        Self {
            least: scale(self.least),
            most: scale(self.most),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }

    /// Of two that are walked together, the shorter.
    pub(super) fn shorter(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.min(other.most),
        }
    }
}
