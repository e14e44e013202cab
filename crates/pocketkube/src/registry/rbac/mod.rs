//! The kinds of the `rbac.authorization.k8s.io` group: one file and one row each.
//!
//! What the rules allow is decided in `authorization`; that nobody grants more than they have is
//! seen to by admission. Here is only what makes a role or binding well-formed.

mod binding;
mod clusterrole;
mod clusterrolebinding;
mod role;
mod rolebinding;
mod rule;

use super::ResourceDef;

pub const GROUP: &str = "rbac.authorization.k8s.io";

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![
        clusterrole::resource(),
        clusterrolebinding::resource(),
        role::resource(),
        rolebinding::resource(),
    ]
}
