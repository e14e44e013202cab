//! The kinds of the `authorization.k8s.io` group: one file and one row each.
//!
//! They are questions: may somebody do something. The endpoints answer them with the cluster's
//! authorizers.

mod localsubjectaccessreview;
mod selfsubjectaccessreview;
mod selfsubjectrulesreview;
mod subjectaccessreview;
mod validation;

use super::ResourceDef;

pub const GROUP: &str = "authorization.k8s.io";

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![
        localsubjectaccessreview::resource(),
        selfsubjectaccessreview::resource(),
        selfsubjectrulesreview::resource(),
        subjectaccessreview::resource(),
    ]
}
