//! The scopes of a quota: which objects it is about.

use std::borrow::Cow;

use serde_json::Value;

use crate::api::tree::{elements, strings, text};

/// One scope, from either way to write it.
pub(super) struct Scope<'a> {
    pub(super) name: &'a str,
    operator: Cow<'a, str>,
    values: &'a Value,
}

/// Every scope of a quota.
pub(super) fn of_quota(spec: &Value) -> impl Iterator<Item = Scope<'_>> {
    let plain = strings(&spec["scopes"]).map(|name| Scope {
        name,
        operator: "Exists".into(),
        values: &Value::Null,
    });
    let selected = elements(&spec["scopeSelector"]["matchExpressions"])
        .iter()
        .map(|expression| Scope {
            name: text(expression, "scopeName"),
            operator: text(expression, "operator").into(),
            values: &expression["values"],
        });
    plain.chain(selected)
}

impl Scope<'_> {
    /// Whether the operator accepts what the object has for this scope; nothing, perhaps.
    pub(super) fn accepts(&self, own: Option<&str>) -> bool {
        let is_listed = own.is_some_and(|own| strings(self.values).any(|value| value == own));
        match self.operator.as_ref() {
            "In" => is_listed,
            "NotIn" => !is_listed,
            "Exists" => own.is_some(),
            "DoesNotExist" => own.is_none(),
            _ => false,
        }
    }
}
