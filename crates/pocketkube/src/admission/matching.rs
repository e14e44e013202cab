//! Which requests a policy is about: rules of resources and operations, selectors of objects and
//! namespaces.
//!
//! Mirrors `apiserver/pkg/admission/plugin/webhook/predicates` and
//! `apiserver/pkg/admission/plugin/policy/matching` (v1.35).

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
    let any = |rules: &Value| {
        elements(rules)
            .iter()
            .any(|rule| matches_rule(rule, attributes, is_equivalent, registry))
    };
    if any(&constraints["excludeResourceRules"]) {
        return false;
    }
    elements(&constraints["resourceRules"]).is_empty() || any(&constraints["resourceRules"])
}

fn matches_rule(
    rule: &Value,
    attributes: &Attributes<'_>,
    is_equivalent: bool,
    registry: &Registry,
) -> bool {
    let operation = attributes.operation.as_str();
    let has = |field: &str, wanted: &str| {
        strings(&rule[field]).any(|entry| entry == "*" || entry == wanted)
    };
    let scope = if attributes.resource.is_namespaced() {
        "Namespaced"
    } else {
        "Cluster"
    };
    let in_scope = matches!(text(rule, "scope"), "" | "*") || text(rule, "scope") == scope;
    let names = &rule["resourceNames"];
    let is_named = elements(names).is_empty() || strings(names).any(|n| n == attributes.name);
    if !has("operations", operation) || !in_scope || !is_named {
        return false;
    }
    let fits = |row: &ResourceDef| {
        has("apiGroups", &row.group)
            && has("apiVersions", &row.version)
            && strings(&rule["resources"])
                .any(|entry| is_resource(entry, &row.plural, attributes.subresource))
    };
    if fits(attributes.resource) {
        return true;
    }
    // The same objects under another version or group are the same to an equivalent match.
    is_equivalent && {
        let own = attributes.resource;
        let versions = registry.resources().versions(&own.group, &own.plural);
        versions.iter().any(|row| fits(row))
    }
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
    Some(found.value().clone())
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
