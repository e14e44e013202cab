//! ValidatingAdmissionPolicy: rules in CEL that writes must keep.
//!
//! Mirrors `pkg/registry/admissionregistration/validatingadmissionpolicy` and
//! `pkg/apis/admissionregistration/validation` (v1.35), without checking the types of expressions.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{CATEGORY, FAILURE_POLICIES, GROUP, expression, matching};
use crate::api::field::{Error, ErrorList};
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{fill, length, restore, text};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

const MAX_ANNOTATIONS: usize = 20;
const MAX_ANNOTATION_EXPRESSION: usize = 5 * 1024;
const REASONS: &[&str] = &["Forbidden", "Invalid", "RequestEntityTooLarge"];
/// Words of CEL that name no variable.
const RESERVED: &[&str] = &[
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        ValidatingAdmissionPolicyStrategy,
    )
    .in_category(CATEGORY)
    .table(table())
    .with_status()
}

struct ValidatingAdmissionPolicyStrategy;

impl Strategy for ValidatingAdmissionPolicyStrategy {
    fn default(&self, object: &mut Value) {
        fill(&mut object["spec"], "failurePolicy", "Fail");
        matching::default_resources(&mut object["spec"], "matchConstraints");
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        object["status"] = json!({});
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_spec(&Field::new(&object["spec"], "spec"), meta::name(object))
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn counts_generation(&self) -> bool {
        true
    }
}

fn validate_spec(spec: &Field<'_>, name: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    let policy = spec.child("failurePolicy");
    errors.extend(policy.must_be_set_to_one_of(FAILURE_POLICIES));
    let param_kind = spec.child("paramKind");
    if param_kind.is_set() {
        errors.extend(validate_param_kind(&param_kind));
    }
    let constraints = spec.child("matchConstraints");
    if constraints.is_set() {
        errors.extend(matching::resources(&constraints));
        errors.extend(constraints.child("resourceRules").must_be_set());
    } else {
        errors.push(constraints.required(""));
    }
    errors.extend(matching::conditions(&spec.child("matchConditions")));
    for variable in spec.child("variables").items() {
        errors.extend(validate_variable(&variable));
    }
    let validations = spec.child("validations");
    let annotations = spec.child("auditAnnotations");
    if validations.is_empty() && annotations.is_empty() {
        let why = "validations or auditAnnotations must contain at least one item";
        errors.extend([validations.required(why), annotations.required(why)]);
        return errors;
    }
    for validation in validations.items() {
        errors.extend(validate_validation(&validation));
    }
    errors.extend(validate_annotations(&annotations, name));
    errors
}

fn validate_param_kind(kind: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (version, name) = (kind.child("apiVersion"), kind.child("kind"));
    let slashes = version.text().matches('/').count();
    let invalid = |value: &str, faults: &[String]| {
        let path = version.path.clone();
        Error::invalid(path, value, &faults.join(","))
    };
    if let Some(missing) = version.must_be_set() {
        errors.push(missing);
    } else if slashes > 1 {
        let why = format!("unexpected GroupVersion string: {}", version.text());
        errors.push(version.invalid(&why));
    } else {
        let (group, number) = version
            .text()
            .split_once('/')
            .unwrap_or(("", version.text()));
        let faults = names::dns1123_subdomain(group);
        if !group.is_empty() && !faults.is_empty() {
            errors.push(invalid(group, &faults));
        }
        let faults = names::dns1035_label(number);
        if number.is_empty() {
            errors.push(version.invalid("version must be specified"));
        } else if !faults.is_empty() {
            errors.push(invalid(number, &faults));
        }
    }
    let faults = names::dns1035_label(&name.text().to_lowercase());
    if let Some(missing) = name.must_be_set() {
        errors.push(missing);
    } else if !faults.is_empty() {
        let why = format!(
            "may have mixed case, but should otherwise match: {}",
            faults.join(",")
        );
        errors.push(name.invalid(&why));
    }
    errors
}

fn validate_variable(variable: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (name, text) = (variable.child("name"), variable.child("expression"));
    if name.text().trim().is_empty() {
        errors.push(name.required("name is not specified"));
    } else if !is_identifier(name.text()) {
        errors.push(name.invalid("name is not a valid CEL identifier"));
    }
    errors.extend(validate_expression(&text));
    errors
}

fn is_identifier(name: &str) -> bool {
    let is_word = |b: u8| b == b'_' || b.is_ascii_alphanumeric();
    !RESERVED.contains(&name)
        && name.bytes().all(is_word)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// There is an expression, and it can be read.
fn validate_expression(text: &Field<'_>) -> Option<Error> {
    if text.text().trim().is_empty() {
        return Some(text.required("expression is not specified"));
    }
    expression::must_be_readable(text)
}

fn validate_validation(validation: &Field<'_>) -> ErrorList {
    let mut errors: ErrorList = validate_expression(&validation.child("expression"))
        .into_iter()
        .collect();
    let for_message = validation.child("messageExpression");
    let is_blank = |field: &Field<'_>| field.text().trim().is_empty();
    if !for_message.is_empty() {
        if is_blank(&for_message) {
            errors.push(for_message.invalid("must be non-empty if specified"));
        } else {
            errors.extend(expression::must_be_readable(&for_message));
        }
    }
    let message = validation.child("message");
    if !message.is_empty() && is_blank(&message) {
        errors.push(message.invalid("message must be non-empty if specified"));
    } else if message.text().trim().contains(['\n', '\r']) {
        errors.push(message.invalid("message must not contain line breaks"));
    }
    let reason = validation.child("reason");
    if reason.is_set() {
        errors.extend(reason.must_be_one_of(REASONS));
    }
    errors
}

fn validate_annotations(annotations: &Field<'_>, policy: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    if length(annotations.value) > MAX_ANNOTATIONS {
        let why = format!("must not have more than {MAX_ANNOTATIONS} auditAnnotations");
        errors.push(annotations.invalid(&why));
    }
    let mut seen = BTreeSet::new();
    for annotation in annotations.items() {
        let (key, value) = (annotation.child("key"), annotation.child("valueExpression"));
        if policy.is_empty() {
            errors.push(key.invalid_text("requires metadata.name be non-empty"));
        } else {
            let whole = format!("{policy}/{}", key.text());
            let faults = names::qualified_name(&whole);
            let invalid = |fault: &String| Error::invalid(key.path.clone(), whole.as_str(), fault);
            errors.extend(faults.iter().map(invalid));
        }
        let text = value.text().trim();
        if text.is_empty() {
            errors.push(value.required("valueExpression is not specified"));
        } else if text.len() > MAX_ANNOTATION_EXPRESSION {
            let why = format!("must not exceed {MAX_ANNOTATION_EXPRESSION} bytes in length");
            errors.push(value.required(&why));
        } else {
            errors.extend(expression::must_be_readable(&value));
        }
        if !seen.insert(key.text()) {
            errors.push(key.duplicate());
        }
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::integer("Validations"),
            Column::text("ParamKind"),
            Column::age(),
        ],
        |object, context| {
            let spec = &object["spec"];
            let kind = match &spec["paramKind"] {
                Value::Null => "<unset>".to_owned(),
                kind => format!("{}/{}", text(kind, "apiVersion"), text(kind, "kind")),
            };
            vec![
                object["metadata"]["name"].clone(),
                json!(length(&spec["validations"])),
                json!(kind),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, row};

    fn complete() -> Value {
        json!({
            "metadata": {"name": "limit.example.com"},
            "spec": {
                "paramKind": {"apiVersion": "rules.example.com/v1", "kind": "ReplicaLimit"},
                "matchConstraints": {"resourceRules": [{
                    "operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["v1"],
                    "resources": ["deployments"],
                }]},
                "validations": [{"expression": "object.spec.replicas <= 5"}],
            },
        })
    }

    #[test]
    fn a_policy_matches_something_and_validates_something() {
        assert_eq!(
            errors_on_create(&ValidatingAdmissionPolicyStrategy, complete()),
            [""; 0]
        );
        let empty = json!({"metadata": {"name": "p"}, "spec": {}});
        assert_eq!(
            errors_on_create(&ValidatingAdmissionPolicyStrategy, empty),
            [
                "spec.matchConstraints: Required value",
                "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
                "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
            ]
        );
    }

    #[test]
    fn every_mistake_is_reported() {
        let mut policy = complete();
        policy["spec"]["paramKind"] = json!({"apiVersion": "a/b/c", "kind": "9"});
        policy["spec"]["variables"] = json!([{"name": "in", "expression": " "}]);
        policy["spec"]["validations"] =
            json!([{"expression": "true", "message": "a\nb", "reason": "Teapot"}]);
        policy["spec"]["auditAnnotations"] = json!([{"key": "a b"}]);
        let errors = errors_on_create(&ValidatingAdmissionPolicyStrategy, policy);
        let starts = [
            "spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
            "spec.paramKind.kind: Invalid value: \"9\": may have mixed case",
            "spec.variables[0].name: Invalid value: \"in\": name is not a valid CEL identifier",
            "spec.variables[0].expression: Required value: expression is not specified",
            "spec.validations[0].message: Invalid value: \"a\\nb\": message must not contain",
            "spec.validations[0].reason: Unsupported value: \"Teapot\"",
            "spec.auditAnnotations[0].key: Invalid value: \"limit.example.com/a b\": name part",
            "spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not",
        ];
        assert_eq!(errors.len(), starts.len(), "{errors:#?}");
        for (error, start) in errors.iter().zip(starts) {
            assert!(error.starts_with(start), "{error}");
        }
    }

    #[test]
    fn the_row_names_the_kind_of_parameters() {
        assert_eq!(
            row(&resource(), &complete())[..3],
            [
                "limit.example.com",
                "1",
                "rules.example.com/v1/ReplicaLimit"
            ]
        );
    }
}
