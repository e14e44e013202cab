//! The kinds of the `events.k8s.io` group: one file and one row each.

mod event;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![event::resource()]
}
