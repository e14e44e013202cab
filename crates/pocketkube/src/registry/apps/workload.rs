//! Rules that the kinds of this group share: selector, template, counters of the status.
//!
//! Mirrors the common parts of `pkg/apis/apps/validation/validation.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::selector::LabelSelector;
use crate::api::validate::semantically_equal;
use crate::registry::core::pod::template;
use crate::registry::validation::Field;

/// `spec.selector`: there, right, and saying something.
pub fn selector(selector: &Field<'_>, kind: &str) -> ErrorList {
    if !selector.is_set() {
        return vec![selector.required("")];
    }
    let mut errors = selector.must_be_label_selector();
    if LabelSelector::from_value(selector.value).is_ok_and(|selector| selector.is_empty()) {
        let detail = format!("empty selector is invalid for {kind}");
        errors.push(selector.invalid(&detail));
    }
    errors
}

/// `spec.template` of a Deployment or ReplicaSet, as `spec.selector` wants it.
pub fn template(spec: &Field<'_>) -> ErrorList {
    let selector = spec.child("selector");
    let Ok(selector) = LabelSelector::from_value(selector.value) else {
        return vec![selector.invalid("invalid label selector")];
    };
    let template = spec.child("template");
    let mut errors = ErrorList::new();
    errors.extend(labels_match(&selector, &template));
    errors.extend(template::validate_long_running(&template, "ReplicaSet"));
    errors
}

/// The template's labels must match the selector, unless that says nothing.
pub fn labels_match(selector: &LabelSelector, template: &Field<'_>) -> Option<Error> {
    let labels = template.child("metadata").child("labels");
    let fits = selector.is_empty() || selector.matches(labels.value.as_object());
    (!fits).then(|| labels.invalid("`selector` does not match template `labels`"))
}

/// A counter of a status that may not be above another one.
pub struct Counter {
    name: &'static str,
    most: &'static str,
    detail: &'static str,
}

impl Counter {
    pub const fn new(name: &'static str, most: &'static str, detail: &'static str) -> Self {
        Self { name, most, detail }
    }

    pub const fn at_most_replicas(name: &'static str) -> Self {
        Self::new(name, "replicas", "cannot be greater than status.replicas")
    }
}

pub fn counters(status: &Field<'_>, counters: &[Counter]) -> ErrorList {
    counters
        .iter()
        .filter_map(|counter| {
            let field = status.child(counter.name);
            let most = status.child(counter.most).integer();
            (field.integer() > most).then(|| field.invalid(counter.detail))
        })
        .collect()
}

/// Warnings about a workload whose template is at `spec.template`, when it is new or changed.
pub fn warnings(object: &Value, old: Option<&Value>) -> Vec<String> {
    let template = &object["spec"]["template"];
    if old.is_some_and(|old| semantically_equal(template, &old["spec"]["template"])) {
        return Vec::new();
    }
    let name = if old.is_none() {
        meta::name(object)
    } else {
        ""
    };
    template::warnings(name, template, &Path::new("spec.template"))
}
