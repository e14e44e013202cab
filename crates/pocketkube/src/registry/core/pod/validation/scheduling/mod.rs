//! What tells the scheduler where a Pod may go: affinity, tolerations, gates, spread.
//!
//! Mirrors `validateAffinity`, `ValidateTolerations`, `validateSchedulingGates` and
//! `validateTopologySpreadConstraints`.

mod affinity;
mod spread;

use std::collections::BTreeSet;

use crate::api::field::{Error, ErrorList};
use crate::api::{names, validate};
use crate::registry::validation::Field;

pub use affinity::{affinity, node_selector};
pub use spread::spread;

/// `schedulingGates` and `readinessGates`.
pub fn gates(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for gate in spec.child("readinessGates").items() {
        let condition = gate.child("conditionType");
        errors.extend(condition.faults(names::qualified_name(condition.text())));
    }
    let mut seen = BTreeSet::new();
    for gate in spec.child("schedulingGates").items() {
        let name = Field::new(gate.child("name").value, gate.path);
        errors.extend(name.faults(names::qualified_name(name.text())));
        if !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
    }
    errors
}

pub fn tolerations(tolerations: &Field<'_>) -> ErrorList {
    tolerations.items().flat_map(|t| toleration(&t)).collect()
}

fn toleration(toleration: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let [key, operator, value, effect] =
        ["key", "operator", "value", "effect"].map(|field| toleration.child(field));
    if !key.is_empty() {
        errors.extend(validate::label_name(key.text(), &key.path));
    } else if operator.text() != "Exists" {
        errors.push(operator.invalid_text(
            "operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
        ));
    }
    if toleration.child("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
        let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        errors.push(effect.invalid_text(detail));
    }
    let path = operator.path.clone();
    match operator.text() {
        "" | "Equal" => {
            let faults = names::label_value(value.text());
            if !faults.is_empty() {
                errors.push(Error::invalid(path, value.text(), &faults.join(";")));
            }
        }
        "Exists" if !value.is_empty() => {
            let detail = "value must be empty when `operator` is 'Exists'";
            errors.push(Error::invalid(path, value.text(), detail));
        }
        "Exists" => {}
        _ => errors.push(operator.not_supported(&["Equal", "Exists"])),
    }
    if !effect.is_empty() {
        errors.extend(taint_effect(&effect));
    }
    errors
}

/// The effect of a taint, or of a toleration that names one.
pub fn taint_effect(effect: &Field<'_>) -> Option<Error> {
    effect.must_be_set_to_one_of(&["NoSchedule", "PreferNoSchedule", "NoExecute"])
}
