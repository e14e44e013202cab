//! How Pods are spread over zones, nodes and other domains.

use crate::api::field::{Error, ErrorList};
use crate::api::tree::{elements, text};
use crate::api::validate;
use crate::registry::validation::Field;

const NOT_POSITIVE: &str = "must be greater than zero";

pub fn spread(constraints: &Field<'_>) -> ErrorList {
    let all: Vec<Field<'_>> = constraints.items().collect();
    let mut errors = ErrorList::new();
    for (index, constraint) in all.iter().enumerate() {
        let skew = constraint.child("maxSkew");
        if skew.integer() <= 0 {
            errors.push(Error::invalid(
                skew.path.clone(),
                skew.integer(),
                NOT_POSITIVE,
            ));
        }
        let key = constraint.child("topologyKey");
        if key.is_empty() {
            errors.push(key.required("can not be empty"));
        }
        let action = constraint.child("whenUnsatisfiable");
        errors.extend(action.must_be_one_of(&["DoNotSchedule", "ScheduleAnyway"]));
        errors.extend(repeated(constraint, &all[index + 1..]));
        errors.extend(min_domains(constraint));
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            let policy = constraint.child(policy);
            if policy.is_set() {
                errors.extend(policy.must_be_one_of(&["Honor", "Ignore"]));
            }
        }
        errors.extend(label_keys(constraint));
        errors.extend(constraint.child("labelSelector").must_be_label_selector());
    }
    errors
}

/// Key and action together may stand only once.
fn repeated(constraint: &Field<'_>, rest: &[Field<'_>]) -> Option<Error> {
    let pair = |of: &Field<'_>| {
        (
            text(of.value, "topologyKey").to_owned(),
            text(of.value, "whenUnsatisfiable").to_owned(),
        )
    };
    let own = pair(constraint);
    rest.iter().any(|other| pair(other) == own).then(|| {
        let path = constraint.path.child("{topologyKey, whenUnsatisfiable}");
        Error::duplicate(path, format!("{{{}, {}}}", own.0, own.1))
    })
}

fn min_domains(constraint: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let domains = constraint.child("minDomains");
    if !domains.is_set() {
        return errors;
    }
    if domains.integer() <= 0 {
        errors.push(domains.invalid(NOT_POSITIVE));
    }
    let action = text(constraint.value, "whenUnsatisfiable");
    if action != "DoNotSchedule" {
        errors.push(domains.invalid(&format!(
            "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        )));
    }
    errors
}

/// Keys of `matchLabelKeys`. Those of a Pod have been turned into requirements of the selector,
/// which is told from a client's own by its place at the end.
fn label_keys(constraint: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let keys = constraint.child("matchLabelKeys");
    if keys.is_empty() {
        return errors;
    }
    let selector = constraint.child("labelSelector");
    if !selector.is_set() {
        errors.push(keys.forbidden("must not be specified when labelSelector is not set"));
    }
    for key in keys.items() {
        errors.extend(validate::label_name(key.text(), &key.path));
        let by_label = !selector.value["matchLabels"][key.text()].is_null();
        let by_expression = elements(&selector.value["matchExpressions"])
            .iter()
            .filter(|expression| text(expression, "key") == key.text())
            .count();
        if by_label || by_expression > 1 {
            errors.push(key.invalid("exists in both matchLabelKeys and labelSelector"));
        }
    }
    errors
}
