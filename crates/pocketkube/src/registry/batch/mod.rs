//! The kinds of the batch group: one file and one row each.

mod cronjob;
mod job;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![cronjob::resource(), job::resource()]
}
