//! The kinds of the `rbac.authorization.k8s.io` group: one file and one row each.
//!
//! What the rules allow is decided in `authorization`; that nobody grants more than they have is
//! seen to by admission. Here is only what makes a role or binding well-formed.

mod binding;
mod clusterrole;
mod clusterrolebinding;
mod policy_rule;
mod role;
mod rolebinding;
mod rule;

pub use policy_rule::{PolicyRule, missing_rights, missing_rules, quoted};

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
