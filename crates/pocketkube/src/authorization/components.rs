//! The cluster's own components: controllers, scheduler, proxies and kubelets.
//!
//! They run in this process and are trusted with everything; see LIMITATIONS.md.

use super::{Attributes, Authorizer, Decision};

const PREFIXES: [&str; 4] = [
    "system:kube-",
    "system:node:",
    "system:apiserver",
    "system:serviceaccount:kube-system:",
];

/// Allows the components of the control plane and the nodes.
pub struct Components;

impl Authorizer for Components {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        let name = &attributes.user.name;
        if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            Decision::Allow
        } else {
            Decision::NoOpinion(String::new())
        }
    }
}
