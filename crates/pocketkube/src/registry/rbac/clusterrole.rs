//! ClusterRole: what may be done in the whole cluster, or where a RoleBinding says so.
//!
//! A controller fills the rules of roles that aggregate others. Mirrors
//! `pkg/registry/rbac/clusterrole` (v1.35).

use serde_json::Value;

use super::GROUP;
use super::rule::validate_rules;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::tree::elements;
use crate::api::validate::label_selector;
use crate::registry::{HookContext, ResourceDef, Scope, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "ClusterRole",
        "clusterroles",
        ClusterRoleStrategy,
    )
}

struct ClusterRoleStrategy;

impl Strategy for ClusterRoleStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_path_segment
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = validate_rules(object, Scope::Cluster);
        errors.extend(validate_aggregation(&object["aggregationRule"]));
        errors
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }
}

fn validate_aggregation(rule: &Value) -> ErrorList {
    if rule.is_null() {
        return ErrorList::new();
    }
    let path = Path::new("aggregationRule.clusterRoleSelectors");
    let selectors = elements(&rule["clusterRoleSelectors"]);
    if selectors.is_empty() {
        let why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        return vec![Error::required(path, why)];
    }
    selectors
        .iter()
        .enumerate()
        .flat_map(|(index, selector)| label_selector(selector, &path.index(index)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::errors_on_create;

    #[test]
    fn a_rule_is_about_resources_or_urls() {
        let role = json!({"rules": [
            {"verbs": ["get"], "nonResourceURLs": ["/healthz"]},
            {"verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["pods"]},
        ]});
        assert_eq!(
            errors_on_create(&ClusterRoleStrategy, role),
            [
                "rules[1].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular resources and non-resource URLs"
            ]
        );
    }

    #[test]
    fn aggregation_selects_something() {
        assert_eq!(
            errors_on_create(&ClusterRoleStrategy, json!({"aggregationRule": {}})),
            [
                "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"
            ]
        );
    }
}
