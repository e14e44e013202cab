//! Users who may do everything: members of `system:masters`, and the cluster's own components.

use super::{Attributes, Authorizer, Decision};
use crate::authentication::SYSTEM_MASTERS;

/// Allows the members of `system:masters`.
pub struct Privileged;

impl Authorizer for Privileged {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        if attributes.user.is_in(SYSTEM_MASTERS) {
            Decision::Allow
        } else {
            Decision::NoOpinion(String::new())
        }
    }
}
