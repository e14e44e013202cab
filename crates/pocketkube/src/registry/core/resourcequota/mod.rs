//! ResourceQuota: how much of everything a namespace may hold together.
//!
//! Mirrors `pkg/registry/core/resourcequota` and `ValidateResourceQuota` in
//! `pkg/apis/core/validation/validation.go` (v1.35). What counts how much is in [`evaluator`];
//! admission charges new objects, a controller keeps the status up to date.

mod claims;
pub mod evaluator;
mod pods;
mod scopes;
mod services;

use serde_json::{Value, json};

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::tree::{entries, restore, strings, text};
use crate::api::validate::FIELD_IMMUTABLE;
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::core::resources::{resource_amount, resource_name};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

/// Resources without a domain that a quota can be about.
const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];
const OF_PODS: &[&str] = &[
    "cpu",
    "memory",
    "limits.cpu",
    "limits.memory",
    "requests.cpu",
    "requests.memory",
    "pods",
];
const OF_CLAIMS: &[&str] = &["persistentvolumeclaims", "requests.storage"];
const SCOPES: &[&str] = &[
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];
const OPPOSITES: &[(&str, &str)] = &[
    ("BestEffort", "NotBestEffort"),
    ("Terminating", "NotTerminating"),
];

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        "",
        "v1",
        "ResourceQuota",
        "resourcequotas",
        ResourceQuotaStrategy,
    )
    .short_names(&["quota"])
    .table(table())
    .with_status()
}

struct ResourceQuotaStrategy;

impl Strategy for ResourceQuotaStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        object["status"] = json!({});
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_spec(&object["spec"])
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = validate_spec(&new["spec"]);
        let sorted = |quota: &Value| {
            let mut scopes: Vec<String> = strings(&quota["spec"]["scopes"])
                .map(str::to_owned)
                .collect();
            scopes.sort_unstable();
            scopes.dedup();
            scopes
        };
        if sorted(new) != sorted(old) {
            let scopes = new["spec"]["scopes"].clone();
            let path = Path::new("spec.scopes");
            errors.push(Error::invalid(path, scopes, FIELD_IMMUTABLE));
        }
        errors
    }

    fn validate_status_update(
        &self,
        new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        let mut errors = validate_amounts(&new["status"]["hard"], "status.hard");
        errors.extend(validate_amounts(&new["status"]["used"], "status.used"));
        errors
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }
}

fn validate_spec(spec: &Value) -> ErrorList {
    let mut errors = validate_amounts(&spec["hard"], "spec.hard");
    errors.extend(validate_scopes(spec));
    errors.extend(validate_selector(spec));
    errors
}

fn validate_amounts(amounts: &Value, path: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    for (name, amount) in Field::new(amounts, path).entries() {
        errors.extend(resource_name(name, &amount.path));
        if !name.contains('/') && !is_standard(name) {
            let why = "must be a standard resource for quota";
            errors.push(Error::invalid(amount.path.clone(), name, why));
        }
        errors.extend(resource_amount(name, &amount));
    }
    errors
}

fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name)
        || name.starts_with("hugepages-")
        || name.starts_with("requests.hugepages-")
}

/// Whether a quota of `scope` can count `resource`.
fn scope_counts(scope: &str, resource: &str) -> bool {
    match scope {
        "Terminating"
        | "NotTerminating"
        | "NotBestEffort"
        | "PriorityClass"
        | "CrossNamespacePodAffinity" => OF_PODS.contains(&resource),
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => OF_CLAIMS.contains(&resource),
        _ => true,
    }
}

fn validate_scopes(spec: &Value) -> ErrorList {
    let path = Path::new("spec.scopes");
    let scopes: Vec<&str> = strings(&spec["scopes"]).collect();
    let refuse = |why: &str| Error::invalid(path.clone(), spec["scopes"].clone(), why);
    let mut errors = ErrorList::new();
    for scope in &scopes {
        if !SCOPES.contains(scope) {
            errors.push(refuse("unsupported scope"));
        }
        for _ in uncounted(spec, scope) {
            errors.push(refuse("unsupported scope applied to resource"));
        }
    }
    errors.extend(conflicts(&scopes).map(|()| refuse("conflicting scopes")));
    errors
}

/// The standard resources of a quota that a scope cannot count.
fn uncounted<'a>(spec: &'a Value, scope: &'a str) -> impl Iterator<Item = &'a String> {
    entries(&spec["hard"])
        .map(|(name, _)| name)
        .filter(move |name| is_standard(name) && !scope_counts(scope, name))
}

fn conflicts(scopes: &[&str]) -> impl Iterator<Item = ()> {
    OPPOSITES
        .iter()
        .filter(|(one, other)| scopes.contains(one) && scopes.contains(other))
        .map(|_| ())
}

fn validate_selector(spec: &Value) -> ErrorList {
    if spec["scopeSelector"].is_null() {
        return ErrorList::new();
    }
    let expressions = Field::new(
        &spec["scopeSelector"]["matchExpressions"],
        "spec.scopeSelector.matchExpressions",
    );
    let path = &expressions.path;
    let mut errors = ErrorList::new();
    let mut scopes = Vec::new();
    for expression in expressions.items() {
        let expression = expression.value;
        let scope = text(expression, "scopeName");
        if !SCOPES.contains(&scope) {
            let path = path.child("scopeName");
            errors.push(Error::invalid(path, scope, "unsupported scope"));
        }
        for _ in uncounted(spec, scope) {
            let why = "unsupported scope applied to resource";
            let selector = spec["scopeSelector"].clone();
            errors.push(Error::invalid(path.clone(), selector, why));
        }
        errors.extend(validate_operator(expression, scope, path));
        scopes.push(scope);
    }
    errors.extend(conflicts(&scopes).map(|()| {
        let why = "conflicting scopes";
        Error::invalid(path.clone(), spec["scopes"].clone(), why)
    }));
    errors
}

fn validate_operator(expression: &Value, scope: &str, path: &Path) -> ErrorList {
    let operator = text(expression, "operator");
    let values = &expression["values"];
    let has_values = strings(values).next().is_some();
    let mut errors = ErrorList::new();
    let takes_values = ["PriorityClass", "VolumeAttributesClass"].contains(&scope);
    if SCOPES.contains(&scope) && !takes_values && operator != "Exists" {
        let why = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
        errors.push(Error::invalid(path.child("operator"), operator, why));
    }
    match operator {
        "In" | "NotIn" if !has_values => errors.push(Error::required(
            path.child("values"),
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        )),
        "Exists" | "DoesNotExist" if has_values => errors.push(Error::invalid(
            path.child("values"),
            values.clone(),
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        )),
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        _ => errors.push(Error::invalid(
            path.child("operator"),
            operator,
            "not a valid selector operator",
        )),
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Request"),
            Column::text("Limit"),
            Column::age(),
        ],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                json!(used_of_hard(object, |name| !name.starts_with("limits."))),
                json!(used_of_hard(object, |name| name.starts_with("limits."))),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

/// `pods: 0/3, requests.cpu: 0/2`.
fn used_of_hard(object: &Value, is_shown: fn(&str) -> bool) -> String {
    let status = &object["status"];
    let cells: Vec<String> = entries(&status["hard"])
        .filter(|(name, _)| is_shown(name))
        .map(|(name, hard)| {
            let used = status["used"][name].as_str().unwrap_or("0");
            format!("{name}: {used}/{}", hard.as_str().unwrap_or_default())
        })
        .collect();
    cells.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update, row};

    #[test]
    fn quotas_are_about_known_resources() {
        assert_eq!(
            errors_on_create(
                &ResourceQuotaStrategy,
                json!({"spec": {"hard": {"pods": "1500m", "storage": "1Gi", "requests.cpu": "-1", "count/jobs.batch": "2"}}})
            ),
            [
                "spec.hard[pods]: Invalid value: \"1500m\": must be an integer",
                "spec.hard[requests.cpu]: Invalid value: \"-1\": must be greater than or equal to 0",
                "spec.hard[storage]: Invalid value: \"storage\": must be a standard resource for quota",
            ]
        );
    }

    #[test]
    fn scopes_fit_the_resources_and_each_other() {
        let quota = json!({"spec": {"hard": {"services": "1"}, "scopes": ["BestEffort", "NotBestEffort", "X"]}});
        let shown = "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"X\"]";
        assert_eq!(
            errors_on_create(&ResourceQuotaStrategy, quota),
            [
                format!("{shown}: unsupported scope applied to resource"),
                format!("{shown}: unsupported scope applied to resource"),
                format!("{shown}: unsupported scope"),
                format!("{shown}: conflicting scopes"),
            ]
        );
    }

    #[test]
    fn selectors_of_scopes_have_the_values_their_operator_asks_for() {
        let quota = |expression: Value| json!({"spec": {"scopeSelector": {"matchExpressions": [expression]}}});
        assert_eq!(
            errors_on_create(
                &ResourceQuotaStrategy,
                quota(json!({"scopeName": "PriorityClass", "operator": "In"}))
            ),
            [
                "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            ]
        );
        let errors = errors_on_create(
            &ResourceQuotaStrategy,
            quota(json!({"scopeName": "BestEffort", "operator": "In", "values": ["a"]})),
        );
        assert!(errors[0].contains("must be 'Exists' when scope is any of"));
    }

    #[test]
    fn scopes_stay() {
        assert_eq!(
            errors_on_update(
                &ResourceQuotaStrategy,
                json!({"spec": {"scopes": ["BestEffort"]}}),
                json!({"spec": {}})
            ),
            ["spec.scopes: Invalid value: [\"BestEffort\"]: field is immutable"]
        );
    }

    #[test]
    fn the_row_shows_used_of_hard() {
        let quota = json!({
            "metadata": {"name": "q"},
            "status": {"hard": {"pods": "3", "limits.cpu": "2", "requests.cpu": "2"}, "used": {"pods": "1"}},
        });
        assert_eq!(
            row(&resource(), &quota),
            [
                "q",
                "pods: 1/3, requests.cpu: 0/2",
                "limits.cpu: 0/2",
                "<unknown>"
            ]
        );
    }
}
