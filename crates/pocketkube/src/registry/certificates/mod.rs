//! The kinds of the `certificates.k8s.io` group: one file and one row each.

pub mod certificatesigningrequest;

use super::ResourceDef;

pub const GROUP: &str = "certificates.k8s.io";

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![certificatesigningrequest::resource()]
}
