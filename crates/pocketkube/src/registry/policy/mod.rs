//! The kinds of the policy group: one file and one row each.

mod poddisruptionbudget;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![poddisruptionbudget::resource()]
}
