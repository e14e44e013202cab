//! Affinity to nodes and to other Pods.

use std::collections::BTreeSet;

use crate::api::field::{Error, ErrorList};
use crate::api::names::{self, NameUse};
use crate::api::tree::{elements, entries, strings, text};
use crate::api::validate;
use crate::registry::validation::Field;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub fn affinity(affinity: &Field<'_>) -> ErrorList {
    let mut errors = node_affinity(&affinity.child("nodeAffinity"));
    for name in ["podAffinity", "podAntiAffinity"] {
        let to_pods = affinity.child(name);
        for term in to_pods.child(REQUIRED).items() {
            errors.extend(pod_term(&term));
        }
        for weighted in to_pods.child(PREFERRED).items() {
            errors.extend(weight(&weighted));
            errors.extend(pod_term(&weighted.child("podAffinityTerm")));
        }
    }
    errors
}

fn node_affinity(affinity: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let required = affinity.child(REQUIRED);
    if required.is_set() {
        errors.extend(node_selector(&required));
    }
    for weighted in affinity.child(PREFERRED).items() {
        errors.extend(weight(&weighted));
        let preference = weighted.child("preference");
        errors.extend(node_selector_term(&preference, LabelValues::Any));
    }
    errors
}

fn weight(weighted: &Field<'_>) -> Option<Error> {
    let weight = weighted.child("weight");
    (!(1..=100).contains(&weight.integer())).then(|| {
        Error::invalid(
            weight.path.clone(),
            weight.integer(),
            "must be in the range 1-100",
        )
    })
}

/// Whether values must be such as labels can have. Preferences may ask for the impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelValues {
    Checked,
    Any,
}

/// A `NodeSelector`: at least one term.
pub fn node_selector(selector: &Field<'_>) -> ErrorList {
    let terms = selector.child("nodeSelectorTerms");
    if terms.is_empty() {
        return vec![terms.required("must have at least one node selector term")];
    }
    terms
        .items()
        .flat_map(|term| node_selector_term(&term, LabelValues::Checked))
        .collect()
}

pub fn node_selector_term(term: &Field<'_>, values: LabelValues) -> ErrorList {
    let mut errors = ErrorList::new();
    for requirement in term.child("matchExpressions").items() {
        errors.extend(label_requirement(&requirement, values));
    }
    for requirement in term.child("matchFields").items() {
        errors.extend(field_requirement(&requirement));
    }
    errors
}

fn label_requirement(requirement: &Field<'_>, checked: LabelValues) -> ErrorList {
    let mut errors = ErrorList::new();
    let (operator, values) = (requirement.child("operator"), requirement.child("values"));
    match operator.text() {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(values.required("must be specified when `operator` is 'In' or 'NotIn'"))
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => errors.push(
            values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        ),
        "Gt" | "Lt" if elements(values.value).len() != 1 => errors.push(
            values.required("must be specified single value when `operator` is 'Lt' or 'Gt'"),
        ),
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        _ => errors.push(operator.invalid_text("not a valid selector operator")),
    }
    let key = requirement.child("key");
    errors.extend(validate::label_name(key.text(), &key.path));
    if checked == LabelValues::Checked {
        for value in values.items() {
            errors.extend(value.faults(names::label_value(value.text())));
        }
    }
    errors
}

fn field_requirement(requirement: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (operator, values) = (requirement.child("operator"), requirement.child("values"));
    match operator.text() {
        "In" | "NotIn" if elements(values.value).len() != 1 => errors.push(values.required(
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        )),
        "In" | "NotIn" => {}
        _ => errors.push(operator.invalid_text("not a valid selector operator")),
    }
    let key = requirement.child("key");
    if key.text() == "metadata.name" {
        for value in values.items() {
            let faults = names::name_is_dns_subdomain(value.text(), NameUse::Whole);
            errors.extend(value.faults(faults));
        }
    } else {
        errors.push(key.invalid_text("not a valid field selector key"));
    }
    errors
}

fn pod_term(term: &Field<'_>) -> ErrorList {
    let mut errors = term.child("labelSelector").must_be_label_selector();
    errors.extend(term.child("namespaceSelector").must_be_label_selector());
    for namespace in strings(&term.value["namespaces"]) {
        errors.extend(
            names::dns1123_label(namespace)
                .iter()
                .map(|fault| Error::invalid(term.path.child("namespace"), namespace, fault)),
        );
    }
    errors.extend(label_keys(term));
    let key = term.child("topologyKey");
    if key.is_empty() {
        errors.push(key.required("can not be empty"));
    }
    errors.extend(validate::label_name(key.text(), &key.path));
    errors
}

/// `matchLabelKeys` and `mismatchLabelKeys`. The requirements that follow from them are in the
/// selector already.
fn label_keys(term: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let selector = term.child("labelSelector");
    let (matching, mismatching) = (
        term.child("matchLabelKeys"),
        term.child("mismatchLabelKeys"),
    );
    for keys in [&matching, &mismatching] {
        if keys.is_empty() {
            continue;
        }
        if selector.is_set() {
            for key in keys.items() {
                errors.extend(validate::label_name(key.text(), &key.path));
            }
        } else {
            errors.push(keys.forbidden("must not be specified when labelSelector is not set"));
        }
    }
    errors.extend(keys_named_twice(term, &selector, &matching));
    let mismatched: BTreeSet<&str> = strings(mismatching.value).collect();
    for key in matching.items() {
        if mismatched.contains(key.text()) {
            errors.push(key.invalid("exists in both matchLabelKeys and mismatchLabelKeys"));
        }
    }
    errors
}

fn keys_named_twice(term: &Field<'_>, selector: &Field<'_>, matching: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen: BTreeSet<&str> = entries(&selector.value["matchLabels"])
        .map(|(key, _)| key.as_str())
        .collect();
    for expression in elements(&selector.value["matchExpressions"]) {
        let key = text(expression, "key");
        let index = strings(matching.value).position(|wanted| wanted == key);
        if let (Some(index), false) = (index, seen.insert(key)) {
            let detail = "exists in both matchLabelKeys and labelSelector";
            errors.push(Error::invalid(term.path.index(index), key, detail));
        }
    }
    errors
}
