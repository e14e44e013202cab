//! ValidatingAdmissionPolicyBinding: where a policy holds, and what breaking it means.
//!
//! Mirrors `pkg/registry/admissionregistration/validatingadmissionpolicybinding` and
//! `pkg/apis/admissionregistration/validation` (v1.35).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{CATEGORY, GROUP, matching};
use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule, NameUse};
use crate::api::tree::text;
use crate::printers::{Column, TableDef, age_cell, label_selector_cell};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

const ACTIONS: &[&str] = &["Audit", "Deny", "Warn"];

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        ValidatingAdmissionPolicyBindingStrategy,
    )
    .in_category(CATEGORY)
    .table(table())
}

struct ValidatingAdmissionPolicyBindingStrategy;

impl Strategy for ValidatingAdmissionPolicyBindingStrategy {
    fn default(&self, object: &mut Value) {
        matching::default_resources(&mut object["spec"], "matchResources");
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_spec(&Field::new(&object["spec"], "spec"))
    }

    fn counts_generation(&self) -> bool {
        true
    }
}

fn validate_spec(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let policy = spec.child("policyName");
    if let Some(missing) = policy.must_be_set() {
        errors.push(missing);
    } else {
        let faults = names::name_is_dns_subdomain(policy.text(), NameUse::Whole);
        errors.extend(policy.faults(faults));
    }
    errors.extend(validate_param_ref(&spec.child("paramRef")));
    // The field is `matchResources`; its errors name it as upstream's do.
    errors.extend(matching::resources(&Field::new(
        &spec.value["matchResources"],
        spec.path.child("matchResouces"),
    )));
    errors.extend(validate_actions(&spec.child("validationActions")));
    errors
}

fn validate_param_ref(reference: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if !reference.is_set() {
        return errors;
    }
    let (name, selector) = (reference.child("name"), reference.child("selector"));
    let exclusive = "name and selector are mutually exclusive";
    let both = !name.is_empty() && selector.is_set();
    if !name.is_empty() {
        errors.extend(name.faults(names::path_segment_name(name.text())));
    }
    if both {
        errors.push(name.forbidden(exclusive));
    }
    errors.extend(selector.must_be_label_selector());
    if both {
        errors.push(selector.forbidden(exclusive));
    }
    if name.is_empty() && !selector.is_set() {
        errors.push(reference.required("one of name or selector must be specified"));
    }
    let action = reference.child("parameterNotFoundAction");
    errors.extend(action.must_be_set_to_one_of(&["Deny", "Allow"]));
    errors
}

fn validate_actions(actions: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for action in actions.items() {
        errors.extend(action.must_be_one_of(ACTIONS));
        if !seen.insert(action.text()) {
            errors.push(action.duplicate());
        }
    }
    if seen.contains("Deny") && seen.contains("Warn") {
        errors.push(actions.invalid(
            "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
        ));
    }
    if seen.is_empty() {
        errors.push(actions.required("at least one validation action is required"));
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("PolicyName"),
            Column::text("ParamRef"),
            Column::age(),
        ],
        |object, context| {
            let spec = &object["spec"];
            vec![
                object["metadata"]["name"].clone(),
                json!(text(spec, "policyName")),
                json!(param_ref(&spec["paramRef"])),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

/// `namespace/name`; `*` where the binding names no namespace.
fn param_ref(reference: &Value) -> String {
    match (text(reference, "name"), text(reference, "namespace")) {
        ("", _) if reference["selector"].is_null() => "<unset>".to_owned(),
        ("", _) => label_selector_cell(&reference["selector"]),
        (name, "") => format!("*/{name}"),
        (name, namespace) => format!("{namespace}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, row};

    fn errors(spec: Value) -> Vec<String> {
        errors_on_create(
            &ValidatingAdmissionPolicyBindingStrategy,
            json!({"spec": spec}),
        )
    }

    #[test]
    fn a_binding_names_a_policy_and_what_to_do() {
        let whole = json!({"policyName": "p", "validationActions": ["Deny", "Audit"]});
        assert_eq!(errors(whole), [""; 0]);
        assert_eq!(
            errors(json!({"paramRef": {"name": "n", "selector": {}}})),
            [
                "spec.policyName: Required value",
                "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
                "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
                "spec.paramRef.parameterNotFoundAction: Required value",
                "spec.validationActions: Required value: at least one validation action is required",
            ]
        );
    }

    #[test]
    fn a_refusal_is_no_warning() {
        let spec = json!({"policyName": "p", "validationActions": ["Deny", "Warn", "Deny"]});
        let errors = errors(spec);
        assert_eq!(
            errors[0],
            "spec.validationActions[2]: Duplicate value: \"Deny\""
        );
        assert!(errors[1].contains("must not contain both Deny and Warn"));
    }

    #[test]
    fn the_row_names_policy_and_parameters() {
        let binding = |reference: Value| json!({"metadata": {"name": "b"}, "spec": {"policyName": "p", "paramRef": reference}});
        let cell = |reference: Value| row(&resource(), &binding(reference))[2].clone();
        assert_eq!(cell(Value::Null), "<unset>");
        assert_eq!(cell(json!({"name": "n"})), "*/n");
        assert_eq!(cell(json!({"name": "n", "namespace": "m"})), "m/n");
    }
}
