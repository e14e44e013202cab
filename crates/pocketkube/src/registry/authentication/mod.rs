//! The kinds of the `authentication.k8s.io` group: one file and one row each.
//!
//! They are questions: who am I, whose token is this. The endpoints answer them.

mod selfsubjectreview;
mod tokenreview;

use super::ResourceDef;

pub const GROUP: &str = "authentication.k8s.io";

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![selfsubjectreview::resource(), tokenreview::resource()]
}
