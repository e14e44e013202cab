//! The cluster's own components: controllers, scheduler, proxies and kubelets.
//!
//! They run in this process and are trusted with everything (LIMITATIONS API-5); asked about by
//! name, as in `kubectl auth can-i --as`, they have what their roles say.

use super::{Attributes, Authorizer, Decision};

/// Allows the components of the control plane and the nodes.
pub struct Components;

impl Authorizer for Components {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        if attributes.user.is_component {
            Decision::Allow
        } else {
            Decision::NoOpinion(String::new())
        }
    }
}
