//! LocalSubjectAccessReview: may somebody do something in this namespace?
//!
//! Mirrors `pkg/registry/authorization/localsubjectaccessreview` (v1.35).

use serde_json::Value;

use super::GROUP;
use super::validation::{validate_subject, validate_subject_matter};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::text;
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        GROUP,
        "v1",
        "LocalSubjectAccessReview",
        "localsubjectaccessreviews",
        LocalSubjectAccessReviewStrategy,
    )
    .question()
}

struct LocalSubjectAccessReviewStrategy;

impl Strategy for LocalSubjectAccessReviewStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let spec = &object["spec"];
        let mut errors = validate_subject_matter(spec);
        errors.extend(validate_subject(spec));
        let resource = &spec["resourceAttributes"];
        if !resource.is_null() && text(resource, "namespace") != meta::namespace(object) {
            errors.push(Error::invalid(
                Path::new("spec.resourceAttributes.namespace"),
                text(resource, "namespace"),
                "must match metadata.namespace",
            ));
        }
        if !spec["nonResourceAttributes"].is_null() {
            errors.push(Error::invalid(
                Path::new("spec.nonResourceAttributes"),
                spec["nonResourceAttributes"].clone(),
                "disallowed on this kind of request",
            ));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::errors_on_create;

    #[test]
    fn the_question_is_about_its_own_namespace() {
        let question = json!({
            "metadata": {"namespace": "a"},
            "spec": {"user": "eve", "resourceAttributes": {"namespace": "b"}},
        });
        assert_eq!(
            errors_on_create(&LocalSubjectAccessReviewStrategy, question),
            [
                "spec.resourceAttributes.namespace: Invalid value: \"b\": must match metadata.namespace"
            ]
        );
    }
}
