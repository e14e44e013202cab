//! The kinds of the `networking.k8s.io` group: one file and one row each.

pub mod ingress;
pub mod ingressclass;
pub mod networkpolicy;

use super::ResourceDef;

pub const GROUP: &str = "networking.k8s.io";

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![
        ingress::resource(),
        ingressclass::resource(),
        networkpolicy::resource(),
    ]
}
