//! Which requests a policy or webhook is about: rules of resources and operations, selectors of objects and
//! namespaces.
//!
//! Mirrors `apiserver/pkg/admission/plugin/webhook/predicates` and
//! `apiserver/pkg/admission/plugin/policy/matching` (v1.35).

use std::sync::Arc;

use serde_json::Value;

use super::{Attributes, Operation};
use crate::api::selector::LabelSelector;
use crate::api::tree::{elements, strings, text};
use crate::api::{GroupResource, meta};
use crate::registry::{Objects, Registry, ResourceDef};

/// Whether `matchConstraints` or `matchResources` of a policy choose a request.
pub(super) fn matches(
    constraints: &Value,
    object: &Value,
    attributes: &Attributes<'_>,
    registry: &Registry,
) -> bool {
    let selectors_match = selects_namespace(
        &constraints["namespaceSelector"],
        object,
        attributes,
        registry,
    ) && selects_object(&constraints["objectSelector"], object, attributes);
    if !selectors_match {
        return false;
    }
    let is_equivalent = text(constraints, "matchPolicy") != "Exact";
    let any = |rules: &Value| form(rules, attributes, is_equivalent, registry).is_some();
    if any(&constraints["excludeResourceRules"]) {
        return false;
    }
    elements(&constraints["resourceRules"]).is_empty() || any(&constraints["resourceRules"])
}

/// In which form a webhook wants to see a request; `None` where it has no word in it.
pub(super) fn webhook_form(
    webhook: &Value,
    object: &Value,
    attributes: &Attributes<'_>,
    registry: &Registry,
) -> Option<Form> {
    let selectors_match =
        selects_namespace(&webhook["namespaceSelector"], object, attributes, registry)
            && selects_object(&webhook["objectSelector"], object, attributes);
    if !selectors_match {
        return None;
    }
    let is_equivalent = text(webhook, "matchPolicy") != "Exact";
    form(&webhook["rules"], attributes, is_equivalent, registry)
}

/// The version (or group) in which rules match a request.
pub(super) enum Form {
    AsRequested,
    As(Arc<ResourceDef>),
}

/// What the request asks for itself counts first; the same objects under another version or group
/// are the same to an equivalent match.
fn form(
    rules: &Value,
    attributes: &Attributes<'_>,
    is_equivalent: bool,
    registry: &Registry,
) -> Option<Form> {
    let rules: Vec<&Value> = elements(rules)
        .iter()
        .filter(|rule| is_about(rule, attributes))
        .collect();
    let own = attributes.resource;
    let subresource = attributes.subresource;
    if rules.iter().any(|rule| names(rule, own, subresource)) {
        return Some(Form::AsRequested);
    }
    if !is_equivalent || rules.is_empty() {
        return None;
    }
    let rows = registry.resources().all();
    let mut others = rows
        .into_iter()
        .filter(|row| row.storage == own.storage && !row.is_question);
    others
        .find(|row| rules.iter().any(|rule| names(rule, row, subresource)))
        .map(Form::As)
}

/// Whether a rule is about the operation, the scope and the name of a request.
fn is_about(rule: &Value, attributes: &Attributes<'_>) -> bool {
    let operation = attributes.operation.as_str();
    let scope = if attributes.resource.is_namespaced() {
        "Namespaced"
    } else {
        "Cluster"
    };
    let in_scope = matches!(text(rule, "scope"), "" | "*") || text(rule, "scope") == scope;
    let names = &rule["resourceNames"];
    let is_named = elements(names).is_empty() || strings(names).any(|n| n == attributes.name);
    has(rule, "operations", operation) && in_scope && is_named
}

/// Whether a rule names a resource (or a part of it).
fn names(rule: &Value, row: &ResourceDef, subresource: &str) -> bool {
    has(rule, "apiGroups", &row.group)
        && has(rule, "apiVersions", &row.version)
        && strings(&rule["resources"]).any(|entry| is_resource(entry, &row.plural, subresource))
}

fn has(rule: &Value, field: &str, wanted: &str) -> bool {
    strings(&rule[field]).any(|entry| entry == "*" || entry == wanted)
}

/// Whether an entry such as `pods`, `pods/log`, `pods/*`, `*/scale` or `*/*` names a resource.
fn is_resource(entry: &str, resource: &str, subresource: &str) -> bool {
    let (wanted, wanted_subresource) = match entry.split_once('/') {
        Some((resource, subresource)) => (resource, subresource),
        None => (entry, ""),
    };
    let fits = |wanted: &str, own: &str| wanted == "*" || wanted == own;
    fits(wanted, resource) && fits(wanted_subresource, subresource)
}

fn selects_object(selector: &Value, object: &Value, attributes: &Attributes<'_>) -> bool {
    let Ok(selector) = LabelSelector::from_value(selector) else {
        return false;
    };
    selector.is_empty()
        || selector.matches_object(object)
        || attributes
            .old
            .is_some_and(|old| selector.matches_object(old))
}

fn selects_namespace(
    selector: &Value,
    object: &Value,
    attributes: &Attributes<'_>,
    registry: &Registry,
) -> bool {
    let Ok(selector) = LabelSelector::from_value(selector) else {
        return false;
    };
    if selector.is_empty() {
        return true;
    }
    if attributes.is("", "namespaces", "") {
        return match attributes.operation {
            Operation::Delete => attributes
                .old
                .is_some_and(|old| selector.matches_object(old)),
            _ => selector.matches_object(object),
        };
    }
    if !attributes.resource.is_namespaced() {
        return true;
    }
    namespace_of(attributes, registry).is_some_and(|namespace| selector.matches_object(&namespace))
}

/// The namespace that a request is in.
pub(super) fn namespace_of(attributes: &Attributes<'_>, registry: &Registry) -> Option<Value> {
    if attributes.namespace.is_empty() {
        return None;
    }
    let namespaces = GroupResource::new("", "namespaces");
    let found = Objects::get(registry, &namespaces, "", attributes.namespace)?;
    Some(found.to_value())
}

/// Policies and webhooks must not be able to lock each other out.
pub(super) fn is_exempt(attributes: &Attributes<'_>) -> bool {
    attributes.resource.group == "admissionregistration.k8s.io"
}

/// The name that errors give a request's object.
pub(super) fn name_of<'a>(object: &'a Value, attributes: &'a Attributes<'_>) -> &'a str {
    match attributes.name {
        "" => meta::name(object),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_resources_and_their_parts() {
        for (entry, subresource, expected) in [
            ("pods", "", true),
            ("pods", "log", false),
            ("pods/log", "log", true),
            ("pods/*", "log", true),
            ("*", "", true),
            ("*", "log", false),
            ("*/log", "log", true),
            ("*/*", "log", true),
            ("services", "", false),
        ] {
            assert_eq!(
                is_resource(entry, "pods", subresource),
                expected,
                "{entry} {subresource}"
            );
        }
    }
}
