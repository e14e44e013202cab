//! What may change in a Pod: images, deadlines, more tolerations, fewer gates.
//!
//! Mirrors `ValidatePodUpdate`.

use serde_json::Value;

use super::annotations::fixed_annotations;
use super::{images, pod_rules, scheduling};
use crate::api::field::{Error, ErrorList};
use crate::api::tree::{elements, elements_mut, entries, remove, restore, text};
use crate::api::validate::semantically_equal;
use crate::registry::core::pod::diff;
use crate::registry::validation::Field;

const UPDATABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// A changed Pod.
pub fn update(new: &Value, old: &Value) -> ErrorList {
    let root = Field::new(new, "");
    let mut errors = pod_rules(new);
    let annotations = root.child("metadata").child("annotations");
    errors.extend(fixed_annotations(
        &annotations,
        &old["metadata"]["annotations"],
    ));
    let (spec, old_spec) = (root.child("spec"), &old["spec"]);
    for list in ["containers", "initContainers"] {
        let containers = spec.child(list);
        if elements(containers.value).len() != elements(&old_spec[list]).len() {
            let detail = "pod updates may not add or remove containers";
            errors.push(containers.forbidden(detail));
            return errors;
        }
        for container in containers.items() {
            errors.extend(container.child("image").must_be_set());
            errors.extend(images::no_padding(&container));
        }
    }
    let deadline = spec.child("activeDeadlineSeconds");
    if let Some(error) = deadline_only_shrinks(&deadline, &old_spec["activeDeadlineSeconds"]) {
        let is_last = deadline.is_set();
        errors.push(error);
        if is_last {
            return errors;
        }
    }
    let tolerations = spec.child("tolerations");
    errors.extend(only_added_tolerations(
        &tolerations,
        &old_spec["tolerations"],
    ));
    let gates = spec.child("schedulingGates");
    errors.extend(only_removed_gates(&gates, &old_spec["schedulingGates"]));
    if !semantically_equal(spec.value, old_spec) {
        errors.extend(nothing_else_changed(&spec, old_spec));
    }
    errors
}

/// A deadline may come, and come nearer.
fn deadline_only_shrinks(deadline: &Field<'_>, old: &Value) -> Option<Error> {
    match (deadline.value.as_i64(), old.as_i64()) {
        (None, Some(_)) => {
            Some(deadline.invalid("must not update from a positive integer to nil value"))
        }
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            deadline.must_be_between(0, i64::from(i32::MAX))
        }
        (Some(new), Some(old)) if old < new => {
            Some(deadline.invalid("must be less than or equal to previous value"))
        }
        _ => None,
    }
}

fn only_added_tolerations(tolerations: &Field<'_>, old: &Value) -> ErrorList {
    let without_seconds = |toleration: &Value| {
        let mut toleration = toleration.clone();
        remove(&mut toleration, "tolerationSeconds");
        toleration
    };
    let present: Vec<Value> = elements(tolerations.value)
        .iter()
        .map(without_seconds)
        .collect();
    let is_kept = |old: &Value| present.contains(&without_seconds(old));
    if !elements(old).iter().all(is_kept) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        return vec![tolerations.forbidden(detail)];
    }
    scheduling::tolerations(tolerations)
}

fn only_removed_gates(gates: &Field<'_>, old: &Value) -> ErrorList {
    let known: Vec<&str> = elements(old)
        .iter()
        .map(|gate| text(gate, "name"))
        .collect();
    gates
        .items()
        .map(|gate| gate.child("name"))
        .filter(|name| !known.contains(&name.text()))
        .map(|name| {
            let gate = name.text();
            name.forbidden(&format!(
                "only deletion is allowed, but found new scheduling gate '{gate}'"
            ))
        })
        .collect()
}

/// What may change is put back; then nothing may differ.
fn nothing_else_changed(spec: &Field<'_>, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut munged = spec.value.clone();
    for list in ["containers", "initContainers"] {
        let old_containers = elements(&old[list]);
        for (container, old) in elements_mut(&mut munged, list)
            .iter_mut()
            .zip(old_containers)
        {
            restore(container, old, "image");
        }
    }
    for field in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        restore(&mut munged, old, field);
    }
    let grace = "terminationGracePeriodSeconds";
    if old[grace].as_i64().is_some_and(|old| old < 0) && munged[grace] == 1 {
        restore(&mut munged, old, grace);
    }
    if !elements(&old["schedulingGates"]).is_empty() {
        errors.extend(changes_while_gated(spec, &mut munged, old));
    }
    if !semantically_equal(&munged, old) {
        let difference = diff::go_diff("api.core.v1.PodSpec", old, &munged);
        errors.push(spec.forbidden(&format!(
            "pod updates may not change fields other than {UPDATABLE}\n{difference}"
        )));
    }
    errors
}

/// A Pod that the scheduler does not look at yet may narrow down its nodes.
fn changes_while_gated(spec: &Field<'_>, munged: &mut Value, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let selector = spec.child("nodeSelector");
    if !semantically_equal(selector.value, &old["nodeSelector"]) {
        for (key, value) in entries(&old["nodeSelector"]) {
            if selector.value[key.as_str()] != *value {
                errors.push(selector.invalid(
                    "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
                ));
                break;
            }
        }
        restore(munged, old, "nodeSelector");
    }
    let affinity = spec.child("affinity").child("nodeAffinity");
    let old_affinity = &old["affinity"]["nodeAffinity"];
    if !semantically_equal(affinity.value, old_affinity) {
        errors.extend(node_affinity_narrows(&affinity, old_affinity));
        if munged["affinity"].is_null() {
            restore(munged, old, "affinity");
        } else {
            restore(&mut munged["affinity"], &old["affinity"], "nodeAffinity");
        }
        if semantically_equal(&munged["affinity"], &Value::Null) && old["affinity"].is_null() {
            remove(munged, "affinity");
        }
    }
    errors
}

/// Terms may get more requirements, and there may not be fewer or other ones.
fn node_affinity_narrows(affinity: &Field<'_>, old: &Value) -> ErrorList {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    let mut errors = ErrorList::new();
    let terms = affinity.child(REQUIRED).child("nodeSelectorTerms");
    let old_terms = elements(&old[REQUIRED]["nodeSelectorTerms"]);
    if old_terms.is_empty() {
        return errors;
    }
    if elements(terms.value).len() != old_terms.len() {
        errors.push(
            terms.invalid("no additions/deletions to non-empty NodeSelectorTerms list are allowed"),
        );
        return errors;
    }
    for (term, old_term) in terms.items().zip(old_terms) {
        let was_empty = ["matchExpressions", "matchFields"]
            .iter()
            .all(|list| elements(&old_term[*list]).is_empty());
        if was_empty {
            if !semantically_equal(term.value, old_term) {
                errors.push(term.invalid("only additions are allowed (no mutations or deletions)"));
            }
            continue;
        }
        for list in ["matchExpressions", "matchFields"] {
            let (new_list, old_list) = (elements(&term.value[list]), elements(&old_term[list]));
            let is_prefix = new_list.len() >= old_list.len()
                && old_list
                    .iter()
                    .zip(new_list)
                    .all(|(old, new)| semantically_equal(old, new));
            if !is_prefix {
                errors.push(term.invalid("only additions are allowed (no mutations or deletions)"));
                break;
            }
        }
    }
    errors
}
