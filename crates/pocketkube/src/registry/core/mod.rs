//! The kinds of the `core` group: one file and one row each.

pub mod pod;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![]
}
