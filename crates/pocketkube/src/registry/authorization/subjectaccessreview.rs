//! SubjectAccessReview: may somebody do something?
//!
//! Mirrors `pkg/registry/authorization/subjectaccessreview` (v1.35).

use serde_json::Value;

use super::GROUP;
use super::validation::{validate_subject, validate_subject_matter};
use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule};
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "SubjectAccessReview",
        "subjectaccessreviews",
        SubjectAccessReviewStrategy,
    )
    .question()
}

struct SubjectAccessReviewStrategy;

impl Strategy for SubjectAccessReviewStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = validate_subject_matter(&object["spec"]);
        errors.extend(validate_subject(&object["spec"]));
        errors
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::errors_on_create;

    #[test]
    fn the_question_names_a_subject_and_one_matter() {
        assert_eq!(
            errors_on_create(&SubjectAccessReviewStrategy, json!({"spec": {}})),
            [
                "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
                "spec.user: Invalid value: \"\": at least one of user or group must be specified",
            ]
        );
        let question = json!({"spec": {"user": "eve", "resourceAttributes": {"verb": "get", "resource": "pods"}}});
        assert!(errors_on_create(&SubjectAccessReviewStrategy, question).is_empty());
    }
}
