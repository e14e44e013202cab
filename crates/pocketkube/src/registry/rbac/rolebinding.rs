//! RoleBinding: gives a role to people and service accounts, in one namespace.
//!
//! Mirrors `pkg/registry/rbac/rolebinding` (v1.35).

use serde_json::Value;

use super::{GROUP, binding};
use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule};
use crate::registry::{HookContext, ResourceDef, Scope, Strategy};

const ROLES: &[&str] = &["Role", "ClusterRole"];

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        GROUP,
        "v1",
        "RoleBinding",
        "rolebindings",
        RoleBindingStrategy,
    )
    .table(binding::table())
}

struct RoleBindingStrategy;

impl Strategy for RoleBindingStrategy {
    fn default(&self, object: &mut Value) {
        binding::set_defaults(object);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_path_segment
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        binding::validate(object, Scope::Namespaced, ROLES)
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
    use crate::registry::testing::{errors_on_create, errors_on_update, prepared, row};

    fn binding_of(subject: Value) -> Value {
        json!({"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [subject]})
    }

    #[test]
    fn groups_are_filled_in_for_roles_and_people() {
        let binding = prepared(
            &RoleBindingStrategy,
            binding_of(json!({"kind": "User", "name": "eve"})),
        );
        assert_eq!(binding["roleRef"]["apiGroup"], GROUP);
        assert_eq!(binding["subjects"][0]["apiGroup"], GROUP);
        let account = binding_of(json!({"kind": "ServiceAccount", "name": "bot"}));
        let binding = prepared(&RoleBindingStrategy, account.clone());
        assert!(binding["subjects"][0]["apiGroup"].is_null());
        assert!(errors_on_create(&RoleBindingStrategy, account).is_empty());
    }

    #[test]
    fn every_mistake_in_role_and_subject_is_told() {
        let binding = json!({
            "roleRef": {"apiGroup": "x", "kind": "User"},
            "subjects": [{"kind": "User"}, {"kind": "Robot", "name": "r"}],
        });
        assert_eq!(
            errors_on_create(&RoleBindingStrategy, binding),
            [
                "roleRef.apiGroup: Unsupported value: \"x\": supported values: \"rbac.authorization.k8s.io\"",
                "roleRef.kind: Unsupported value: \"User\": supported values: \"ClusterRole\", \"Role\"",
                "roleRef.name: Required value",
                "subjects[0].name: Required value",
                "subjects[0].name: Invalid value: \"\": user name cannot be empty",
                "subjects[1].kind: Unsupported value: \"Robot\": supported values: \"Group\", \"ServiceAccount\", \"User\"",
            ]
        );
    }

    #[test]
    fn the_role_stays() {
        let old = binding_of(json!({"kind": "User", "name": "eve"}));
        let mut new = old.clone();
        new["roleRef"]["name"] = json!("edit");
        let errors = errors_on_update(&RoleBindingStrategy, new, old);
        assert!(errors[0].starts_with("roleRef: Invalid value: {"));
        assert!(errors[0].ends_with(": cannot change roleRef"));
    }

    #[test]
    fn the_row_shows_role_and_subjects() {
        let mut binding =
            binding_of(json!({"kind": "ServiceAccount", "namespace": "a", "name": "bot"}));
        binding["metadata"] = json!({"name": "b"});
        assert_eq!(
            row(&resource(), &binding),
            ["b", "ClusterRole/view", "<unknown>", "", "", "a/bot"]
        );
    }
}
