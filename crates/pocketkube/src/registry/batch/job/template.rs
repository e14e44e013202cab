//! What a Job makes of the ends of its Pods, and when its template may change.
//!
//! Mirrors `validatePodFailurePolicy`, `validateSuccessPolicy` and `validatePodTemplateUpdate` in
//! `pkg/apis/batch/validation/validation.go` (v1.35).

use std::collections::BTreeSet;

use serde_json::Value;

use super::status::indexes;
use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::tree::{elements, is_empty, remove, restore, text};
use crate::api::validate::immutable_field;
use crate::registry::validation::Field;

const MAX_RULES: usize = 20;
const MAX_CONDITIONS: usize = 20;
const MAX_EXIT_CODES: usize = 255;
const MAX_SUCCEEDED_INDEXES: usize = 64 * 1024;

pub fn pod_failure_policy(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let rules = spec.child("podFailurePolicy").child("rules");
    let count = elements(rules.value).len();
    if count > MAX_RULES {
        errors.push(Error::too_many(rules.path.clone(), count, MAX_RULES));
    }
    for rule in rules.items() {
        errors.extend(action(&rule.child("action"), spec));
        let codes = rule.child("onExitCodes");
        if codes.is_set() {
            errors.extend(exit_codes(&codes, spec));
        }
        let conditions = rule.child("onPodConditions");
        let count = elements(conditions.value).len();
        if count > MAX_CONDITIONS {
            let path = conditions.path.clone();
            errors.push(Error::too_many(path, count, MAX_CONDITIONS));
        }
        for condition in conditions.items() {
            let kind = condition.child("type");
            errors.extend(kind.faults(names::qualified_name(kind.text())));
            let statuses = ["False", "True", "Unknown"];
            errors.extend(condition.child("status").must_be_one_of(&statuses));
        }
        let detail = match (codes.is_set(), conditions.is_empty()) {
            (true, false) => "specifying both OnExitCodes and OnPodConditions is not supported",
            (false, true) => "specifying one of OnExitCodes and OnPodConditions is required",
            _ => continue,
        };
        errors.push(without_value(rule.invalid(detail)));
    }
    errors
}

/// An error that shows no value.
pub fn without_value(error: Error) -> Error {
    Error {
        bad_value: None,
        ..error
    }
}

fn action(action: &Field<'_>, spec: &Field<'_>) -> Option<Error> {
    const ACTIONS: &[&str] = &["Count", "FailIndex", "FailJob", "Ignore"];
    match action.text() {
        "" => Some(action.required(&valid_values(ACTIONS))),
        "FailIndex" => (!spec.child("backoffLimitPerIndex").is_set())
            .then(|| action.invalid("requires the backoffLimitPerIndex to be set")),
        _ => action.must_be_one_of(ACTIONS),
    }
}

/// A list as Go's `%q` writes it.
fn valid_values(values: &[&str]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("valid values: [{}]", quoted.join(" "))
}

fn exit_codes(codes: &Field<'_>, spec: &Field<'_>) -> ErrorList {
    const OPERATORS: &[&str] = &["In", "NotIn"];
    let mut errors = ErrorList::new();
    let operator = codes.child("operator");
    if operator.is_empty() {
        errors.push(operator.required(&valid_values(OPERATORS)));
    } else {
        errors.extend(operator.must_be_one_of(OPERATORS));
    }
    let container = codes.child("containerName");
    if container.is_set() && !has_container(spec, container.text()) {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.push(container.invalid(detail));
    }
    let values = codes.child("values");
    let numbers: Vec<i64> = values.items().map(|value| value.integer()).collect();
    if numbers.is_empty() {
        errors.push(values.invalid("at least one value is required"));
    } else if numbers.len() > MAX_EXIT_CODES {
        errors.push(Error::too_many(
            values.path.clone(),
            numbers.len(),
            MAX_EXIT_CODES,
        ));
    }
    let mut seen = BTreeSet::new();
    for value in values.items() {
        if operator.text() == "In" && value.integer() == 0 {
            errors.push(value.invalid("must not be 0 for the In operator"));
        }
        if !seen.insert(value.integer()) {
            errors.push(value.duplicate());
        }
    }
    if !numbers.is_sorted() {
        errors.push(values.invalid("must be ordered"));
    }
    errors
}

fn has_container(spec: &Field<'_>, name: &str) -> bool {
    let pod_spec = &spec.value["template"]["spec"];
    ["containers", "initContainers"]
        .iter()
        .flat_map(|list| elements(&pod_spec[*list]))
        .any(|container| text(container, "name") == name)
}

pub fn success_policy(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let policy = spec.child("successPolicy");
    if !policy.is_set() {
        return errors;
    }
    if text(spec.value, "completionMode") != "Indexed" {
        return vec![policy.invalid("requires indexed completion mode")];
    }
    let rules = policy.child("rules");
    let count = elements(rules.value).len();
    if count == 0 {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        errors.push(rules.required(detail));
    }
    if count > MAX_RULES {
        errors.push(Error::too_many(rules.path.clone(), count, MAX_RULES));
    }
    let completions = spec.child("completions").integer();
    for rule in rules.items() {
        errors.extend(success_rule(&rule, completions));
    }
    errors
}

fn success_rule(rule: &Field<'_>, completions: i64) -> ErrorList {
    let mut errors = ErrorList::new();
    let (count, which) = (rule.child("succeededCount"), rule.child("succeededIndexes"));
    if !count.is_set() && !which.is_set() {
        errors.push(
            rule.required("at least one of succeededCount or succeededIndexes must be specified"),
        );
    }
    let mut total = 0;
    if which.is_set() {
        if which.text().len() > MAX_SUCCEEDED_INDEXES {
            errors.push(Error::too_long(which.path.clone(), MAX_SUCCEEDED_INDEXES));
        }
        match indexes(which.text(), completions) {
            Ok(found) => total = found,
            Err(why) => {
                errors.push(which.invalid(&format!("error parsing succeededIndexes: {why}")));
            }
        }
    }
    if count.is_set() {
        errors.extend(count.must_not_be_negative());
        if count.integer() > completions {
            errors.push(count.invalid(&format!(
                "must be less than or equal to {completions} (the number of specified completions)"
            )));
        }
        if which.is_set() && count.integer() > total {
            errors.push(count.invalid(&format!(
                "must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
            )));
        }
    }
    errors
}

/// The template is fixed, but for where Pods may go while the Job waits to be started.
pub fn template_update(spec: &Field<'_>, old: &Value) -> ErrorList {
    let template = spec.child("template");
    let mut before = old["spec"]["template"].clone();
    let waits = old["spec"]["suspend"] == true && old["status"]["startTime"].is_null();
    if waits {
        for field in ["nodeSelector", "tolerations", "schedulingGates"] {
            restore(&mut before["spec"], &template.value["spec"], field);
        }
        for field in ["annotations", "labels"] {
            restore(&mut before["metadata"], &template.value["metadata"], field);
        }
        let now = &template.value["spec"]["affinity"];
        if before["spec"]["affinity"].is_null() && now["nodeAffinity"].is_null() {
            remove(&mut before["spec"], "affinity");
        } else {
            restore(&mut before["spec"]["affinity"], now, "nodeAffinity");
            if is_empty(&before["spec"]["affinity"]) && now.is_null() {
                remove(&mut before["spec"], "affinity");
            }
        }
    }
    immutable_field(template.value, &before, &template.path)
}
