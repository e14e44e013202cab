//! The kinds of the `admissionregistration.k8s.io` group: one file and one row each.
//!
//! They say which webhooks and policies have a word in writes; calling them is the admission
//! chain's task.

mod expression;
mod matching;
mod mutatingwebhookconfiguration;
mod rules;
mod validatingadmissionpolicy;
mod validatingadmissionpolicybinding;
mod validatingwebhookconfiguration;
mod webhooks;

use super::ResourceDef;

pub const GROUP: &str = "admissionregistration.k8s.io";
/// What `kubectl get api-extensions` lists.
const CATEGORY: &str = "api-extensions";
const FAILURE_POLICIES: &[&str] = &["Fail", "Ignore"];
const MATCH_POLICIES: &[&str] = &["Equivalent", "Exact"];

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![
        mutatingwebhookconfiguration::resource(),
        validatingadmissionpolicy::resource(),
        validatingadmissionpolicybinding::resource(),
        validatingwebhookconfiguration::resource(),
    ]
}
