//! ClusterRoleBinding: gives a role to people and service accounts, everywhere.
//!
//! Mirrors `pkg/registry/rbac/clusterrolebinding` (v1.35).

use serde_json::Value;

use super::{GROUP, binding};
use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule};
use crate::registry::{HookContext, ResourceDef, Scope, Strategy};

const ROLES: &[&str] = &["ClusterRole"];

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "ClusterRoleBinding",
        "clusterrolebindings",
        ClusterRoleBindingStrategy,
    )
    .table(binding::table())
}

struct ClusterRoleBindingStrategy;

impl Strategy for ClusterRoleBindingStrategy {
    fn default(&self, object: &mut Value) {
        binding::set_defaults(object);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_path_segment
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        binding::validate(object, Scope::Cluster, ROLES)
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        let mut errors = self.validate(new, context);
        errors.extend(binding::validate_same_role(new, old));
        errors
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
    fn service_accounts_are_named_with_their_namespace() {
        let binding = json!({
            "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "name": "bot"}],
        });
        assert_eq!(
            errors_on_create(&ClusterRoleBindingStrategy, binding),
            [
                "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"",
                "subjects[0].namespace: Required value",
            ]
        );
    }
}
