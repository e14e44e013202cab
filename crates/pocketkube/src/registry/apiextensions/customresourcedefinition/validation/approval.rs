//! Groups that belong to the Kubernetes community need its approval.
//!
//! Mirrors `apiextensions-apiserver/pkg/apihelpers/helpers.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::tree::text;

const ANNOTATION: &str = "api-approved.kubernetes.io";

/// What the annotation of a definition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Invalid,
    Approved,
    Bypassed,
    Missing,
}

/// Whether a group is one of the community's.
pub fn is_protected(group: &str) -> bool {
    ["k8s.io", "kubernetes.io"].iter().any(|domain| {
        group == *domain
            || group
                .strip_suffix(domain)
                .is_some_and(|rest| rest.ends_with('.'))
    })
}

/// The state of the approval, and the sentence about it.
pub fn state(definition: &Value) -> (State, String) {
    let value = meta::annotation(definition, ANNOTATION).unwrap_or_default();
    let is_link = value
        .split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    if value.is_empty() {
        let why = format!(
            "protected groups must have approval annotation {ANNOTATION:?}, see https://github.com/kubernetes/enhancements/pull/1111"
        );
        (State::Missing, why)
    } else if value.starts_with("unapproved") {
        (State::Bypassed, format!("not approved: {value:?}"))
    } else if is_link {
        (State::Approved, format!("approved in {value}"))
    } else {
        let why = format!(
            "protected groups must have approval annotation {ANNOTATION:?} with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111"
        );
        (State::Invalid, why)
    }
}

pub(super) fn validate(definition: &Value, old: Option<&Value>) -> ErrorList {
    if !is_protected(text(&definition["spec"], "group")) {
        return ErrorList::new();
    }
    let (now, why) = state(definition);
    if old.is_some_and(|old| state(old).0 == now) {
        return ErrorList::new();
    }
    let path = Path::new("metadata.annotations").key(ANNOTATION);
    match now {
        State::Invalid => {
            let value = meta::annotation(definition, ANNOTATION).unwrap_or_default();
            vec![Error::invalid(path, value, &why)]
        }
        State::Missing => vec![Error::required(path, &why)],
        State::Approved | State::Bypassed => ErrorList::new(),
    }
}
