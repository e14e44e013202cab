//! Which operations on which resources a webhook or policy is about.
//!
//! Mirrors `validateRuleWithOperations` of `pkg/apis/admissionregistration/validation` (v1.35).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::tree::{elements_mut, fill};
use crate::registry::validation::Field;

const OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES: &[&str] = &["*", "Cluster", "Namespaced"];

/// Rules are about objects in and outside namespaces, unless told.
pub(super) fn fill_scopes(parent: &mut Value, field: &str) {
    for rule in elements_mut(parent, field) {
        fill(rule, "scope", "*");
    }
}

/// A rule that may name single objects.
pub(super) fn named_rule(rule: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for name in rule.child("resourceNames").items() {
        errors.extend(name.faults(names::path_segment_name(name.text())));
        if !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
    }
    errors.extend(self::rule(rule));
    errors
}

pub(super) fn rule(rule: &Field<'_>) -> ErrorList {
    let operations = rule.child("operations");
    let mut errors = alone_or_set(&operations, "operations");
    for operation in operations.items() {
        errors.extend(operation.must_be_one_of(OPERATIONS));
    }
    errors.extend(alone_or_set(&rule.child("apiGroups"), "API groups"));
    let versions = rule.child("apiVersions");
    errors.extend(alone_or_set(&versions, "API versions"));
    errors.extend(versions.items().filter_map(|version| version.must_be_set()));
    errors.extend(resources(&rule.child("resources")));
    let scope = rule.child("scope");
    if scope.is_set() {
        errors.extend(scope.must_be_one_of(SCOPES));
    }
    errors
}

/// There is something, and `*` stands alone.
fn alone_or_set(list: &Field<'_>, what: &str) -> ErrorList {
    let mut errors: ErrorList = list.must_be_set().into_iter().collect();
    let has_wildcard = list.items().any(|item| item.text() == "*");
    if has_wildcard && list.items().count() > 1 {
        let why = format!("if '*' is present, must not specify other {what}");
        errors.push(list.invalid(&why));
    }
    errors
}

/// `pods`, `pods/status`, `pods/*`, `*/status`, `*` and `*/*`, none of them covered by another.
fn resources(list: &Field<'_>) -> ErrorList {
    let mut errors: ErrorList = list.must_be_set().into_iter().collect();
    let (mut whole_resources, mut whole_subresources) = (BTreeSet::new(), BTreeSet::new());
    // As upstream: only the last entry without a subresource counts.
    let mut has_plain_resource = false;
    for entry in list.items() {
        let text = entry.text();
        if let Some(missing) = entry.must_be_set() {
            errors.push(missing);
            continue;
        }
        let Some((resource, subresource)) = text.split_once('/') else {
            has_plain_resource = text != "*";
            continue;
        };
        let mut covered_by = |is_covered: bool, cover: String| {
            if is_covered {
                errors.push(covered(&entry, &cover));
            }
        };
        covered_by(whole_resources.contains(resource), format!("{resource}/*"));
        covered_by(
            whole_subresources.contains(subresource),
            format!("*/{subresource}"),
        );
        if subresource == "*" {
            whole_resources.insert(resource);
        }
        if resource == "*" {
            whole_subresources.insert(subresource);
        }
    }
    let has = |wanted: &str| list.items().any(|entry| entry.text() == wanted);
    if has("*/*") && list.items().count() > 1 {
        errors.push(list.invalid("if '*/*' is present, must not specify other resources"));
    }
    if has("*") && has_plain_resource {
        let why = "if '*' is present, must not specify other resources without subresources";
        errors.push(list.invalid(why));
    }
    errors
}

fn covered(entry: &Field<'_>, cover: &str) -> Error {
    let why = format!("if '{cover}' is present, must not specify {}", entry.text());
    entry.invalid(&why)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::texts;

    fn faults(value: &Value) -> Vec<String> {
        texts(&named_rule(&Field::new(value, "r")))
    }

    #[test]
    fn a_rule_names_operations_groups_versions_and_resources() {
        assert_eq!(
            faults(&json!({})),
            [
                "r.operations: Required value",
                "r.apiGroups: Required value",
                "r.apiVersions: Required value",
                "r.resources: Required value",
            ]
        );
        let whole = json!({
            "operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"],
            "resources": ["pods", "pods/status"], "scope": "Namespaced",
        });
        assert_eq!(faults(&whole), [""; 0]);
    }

    #[test]
    fn a_wildcard_stands_alone() {
        let rule = json!({
            "operations": ["*", "READ"], "apiGroups": ["*"], "apiVersions": ["*", "v1"],
            "resources": ["*/*", "pods"], "resourceNames": ["a", "a"],
        });
        assert_eq!(
            faults(&rule),
            [
                "r.resourceNames[1]: Duplicate value: \"a\"",
                "r.operations: Invalid value: [\"*\",\"READ\"]: if '*' is present, must not specify other operations",
                "r.operations[1]: Unsupported value: \"READ\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\"",
                "r.apiVersions: Invalid value: [\"*\",\"v1\"]: if '*' is present, must not specify other API versions",
                "r.resources: Invalid value: [\"*/*\",\"pods\"]: if '*/*' is present, must not specify other resources",
            ]
        );
    }

    #[test]
    fn nothing_is_named_twice_through_a_wildcard() {
        let value = json!(["pods/*", "pods/log", "*/scale", "jobs/scale", "*", "pods"]);
        assert_eq!(
            texts(&resources(&Field::new(&value, "r"))),
            [
                "r[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify pods/log".to_owned(),
                "r[3]: Invalid value: \"jobs/scale\": if '*/scale' is present, must not specify jobs/scale".to_owned(),
                format!("r: Invalid value: {value}: if '*' is present, must not specify other resources without subresources"),
            ]
        );
    }
}
