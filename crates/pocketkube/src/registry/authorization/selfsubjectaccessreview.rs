//! SelfSubjectAccessReview: may I do something?
//!
//! Mirrors `pkg/registry/authorization/selfsubjectaccessreview` (v1.35).

use serde_json::Value;

use super::GROUP;
use super::validation::validate_subject_matter;
use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule};
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
        SelfSubjectAccessReviewStrategy,
    )
    .question()
}

struct SelfSubjectAccessReviewStrategy;

impl Strategy for SelfSubjectAccessReviewStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_subject_matter(&object["spec"])
    }
}
