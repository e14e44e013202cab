//! What a policy rule must say. Mirrors `validatePolicyRule` in
//! `pkg/apis/rbac/validation/validation.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{elements, is_empty, length};
use crate::registry::Scope;

/// Every mistake in the rules of a role that lives in `scope`.
pub(super) fn validate_rules(role: &Value, scope: Scope) -> ErrorList {
    let mut errors = ErrorList::new();
    for (index, rule) in elements(&role["rules"]).iter().enumerate() {
        errors.extend(validate(rule, scope, &Path::new("rules").index(index)));
    }
    errors
}

fn validate(rule: &Value, scope: Scope, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut require = |field: &str, why: &str| {
        if is_empty(&rule[field]) {
            errors.push(Error::required(path.child(field), why));
        }
    };
    require("verbs", "verbs must contain at least one value");
    if !is_empty(&rule["nonResourceURLs"]) {
        errors.extend(validate_urls(rule, scope, path));
        return errors;
    }
    require(
        "apiGroups",
        "resource rules must supply at least one api group",
    );
    require(
        "resources",
        "resource rules must supply at least one resource",
    );
    errors
}

fn validate_urls(rule: &Value, scope: Scope, path: &Path) -> ErrorList {
    let urls = &rule["nonResourceURLs"];
    let path = path.child("nonResourceURLs");
    let mut errors = ErrorList::new();
    if scope == Scope::Namespaced {
        errors.push(Error::invalid(
            path.clone(),
            urls.clone(),
            "namespaced rules cannot apply to non-resource URLs",
        ));
    }
    let about_resources = ["apiGroups", "resources", "resourceNames"];
    if about_resources
        .iter()
        .any(|field| length(&rule[*field]) > 0)
    {
        errors.push(Error::invalid(
            path,
            urls.clone(),
            "rules cannot apply to both regular resources and non-resource URLs",
        ));
    }
    errors
}
