//! Role: what may be done in one namespace. Mirrors `pkg/registry/rbac/role` (v1.35).

use serde_json::Value;

use super::GROUP;
use super::rule::validate_rules;
use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule};
use crate::registry::{HookContext, ResourceDef, Scope, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(GROUP, "v1", "Role", "roles", RoleStrategy)
}

struct RoleStrategy;

impl Strategy for RoleStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_path_segment
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_rules(object, Scope::Namespaced)
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::errors_on_create;

    #[test]
    fn rules_name_verbs_groups_and_resources() {
        assert_eq!(
            errors_on_create(
                &RoleStrategy,
                json!({"rules": [{"apiGroups": [""], "resources": ["pods"]}, {"verbs": ["get"]}]})
            ),
            [
                "rules[0].verbs: Required value: verbs must contain at least one value",
                "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
                "rules[1].resources: Required value: resource rules must supply at least one resource",
            ]
        );
    }

    #[test]
    fn a_namespace_has_no_urls() {
        assert_eq!(
            errors_on_create(
                &RoleStrategy,
                json!({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}]})
            ),
            [
                "rules[0].nonResourceURLs: Invalid value: [\"/healthz\"]: namespaced rules cannot apply to non-resource URLs"
            ]
        );
    }
}
