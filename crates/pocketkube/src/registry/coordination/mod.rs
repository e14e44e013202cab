//! The kinds of the `coordination` group: one file and one row each.

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![]
}
