//! Names and amounts of compute resources: requests and limits, capacities, quotas.
//!
//! Mirrors `validateResourceRequirements`, `ValidateResourceQuantityValue` and the name rules of
//! `pkg/apis/core/validation/validation.go`, with the sets of names in
//! `pkg/apis/core/helper/helpers.go` (v1.35).

use std::collections::BTreeSet;

use serde_json::Value;

use super::pod::resources::is_pod_level_resource;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names;
use crate::api::quantity::Quantity;
use crate::registry::validation::Field;

const HUGE_PAGES: &str = "hugepages-";
const DEFAULT_DOMAIN: &str = "kubernetes.io/";

/// Names without a domain that stand for some resource.
const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

/// Names without a domain that containers may ask for.
const OF_CONTAINERS: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// A rule for the name of a resource at `limits[NAME]`.
type NameRule = fn(name: &str, path: &Path) -> ErrorList;

// === Names ===

/// Any resource name: a standard one, or one with a domain.
pub fn resource_name(name: &str, path: &Path) -> ErrorList {
    let faults = names::qualified_name(name);
    if !faults.is_empty() {
        return faults
            .iter()
            .map(|fault| Error::invalid(path.clone(), name, fault))
            .collect();
    }
    if !name.contains('/') && !is_standard(name) {
        let detail = "must be a standard resource type or fully qualified";
        return vec![Error::invalid(path.clone(), name, detail)];
    }
    ErrorList::new()
}

/// The name of a resource that a container may ask for.
pub fn container_resource_name(name: &str, path: &Path) -> ErrorList {
    let mut errors = resource_name(name, path);
    if !name.contains('/') {
        if !OF_CONTAINERS.contains(&name) && !name.starts_with(HUGE_PAGES) {
            let detail = "must be a standard resource for containers";
            errors.push(Error::invalid(path.clone(), name, detail));
        }
    } else if !is_native(name) && !is_extended(name) {
        let detail = "doesn't follow extended resource name standard";
        errors.push(Error::invalid(path.clone(), name, detail));
    }
    errors
}

fn pod_resource_name(name: &str, path: &Path) -> ErrorList {
    let errors = resource_name(name, path);
    if errors.is_empty() && !is_pod_level_resource(name) {
        let supported = ["cpu", "hugepages-", "memory"];
        return vec![Error::not_supported(path.clone(), name, &supported)];
    }
    errors
}

fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name)
        || name.starts_with(HUGE_PAGES)
        || name.starts_with("requests.hugepages-")
}

/// Whether Kubernetes itself defines the resource.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains(DEFAULT_DOMAIN)
}

/// Whether the name is one that device plugins may use.
fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Whether more may be limited than requested, as nodes can take it back.
pub fn is_overcommit_allowed(name: &str) -> bool {
    is_native(name) && !name.starts_with(HUGE_PAGES)
}

/// Whether the resource can be counted only in whole units.
pub fn is_counted_in_whole_units(name: &str) -> bool {
    matches!(
        name,
        "pods"
            | "resourcequotas"
            | "services"
            | "replicationcontrollers"
            | "secrets"
            | "configmaps"
            | "persistentvolumeclaims"
            | "services.nodeports"
            | "services.loadbalancers"
    ) || is_extended(name)
}

// === Amounts ===

/// An amount of a resource: not negative, whole where it counts things.
pub fn resource_amount(name: &str, quantity: &Field<'_>) -> ErrorList {
    let amount = Quantity::of_value(quantity.value);
    let mut errors = ErrorList::new();
    if amount.is_negative() {
        errors.push(quantity.invalid("must be greater than or equal to 0"));
    }
    if is_counted_in_whole_units(name) && !is_whole(&amount) {
        errors.push(quantity.invalid("must be an integer"));
    }
    errors
}

/// Whether an amount has no fraction.
pub fn is_whole(amount: &Quantity) -> bool {
    Quantity::whole(amount.value(), amount.format()) == *amount
}

/// `resources` of a container.
pub fn container_requirements(resources: &Field<'_>, claim_names: &BTreeSet<&str>) -> ErrorList {
    let mut errors = requirements(resources, container_resource_name);
    errors.extend(claims(&resources.child("claims"), claim_names));
    errors
}

/// `resources` of a Pod as a whole, but for what its containers ask.
pub fn pod_requirements(resources: &Field<'_>) -> ErrorList {
    requirements(resources, pod_resource_name)
}

/// Limits alone (`overhead`).
pub fn limits_only(list: &Value, path: &Path) -> ErrorList {
    let wrapped = serde_json::json!({"limits": list});
    requirements(&Field::new(&wrapped, path.clone()), container_resource_name)
}

fn requirements(resources: &Field<'_>, name_rule: NameRule) -> ErrorList {
    let mut errors = ErrorList::new();
    let limits = resources.child("limits");
    let requests = resources.child("requests");
    for list in [&limits, &requests] {
        for (name, quantity) in list.entries() {
            errors.extend(name_rule(name, &quantity.path));
            errors.extend(resource_amount(name, &quantity));
            if std::ptr::eq(list, &requests) {
                errors.extend(request_within_limit(name, &quantity, &requests, &limits));
            }
            errors.extend(huge_page_amount(name, &quantity));
        }
    }
    let has = |wanted: fn(&str) -> bool| {
        [&limits, &requests]
            .iter()
            .any(|list| list.entries().any(|(name, _)| wanted(name)))
    };
    if has(|name| name.starts_with(HUGE_PAGES)) && !has(|name| matches!(name, "cpu" | "memory")) {
        errors.push(resources.forbidden("HugePages require cpu or memory"));
    }
    errors
}

fn request_within_limit(
    name: &str,
    request: &Field<'_>,
    requests: &Field<'_>,
    limits: &Field<'_>,
) -> Option<Error> {
    let limit = &limits.value[name];
    if limit.is_null() {
        return (!is_overcommit_allowed(name))
            .then(|| limits.required("Limit must be set for non overcommitable resources"));
    }
    let (requested, limited) = (Quantity::of_value(request.value), Quantity::of_value(limit));
    let relation = if requested != limited && !is_overcommit_allowed(name) {
        "equal to"
    } else if requested > limited {
        "less than or equal to"
    } else {
        return None;
    };
    let limit = show(limit);
    let detail = format!("must be {relation} {name} limit of {limit}");
    Some(Error::invalid(
        requests.path.clone(),
        show(request.value),
        &detail,
    ))
}

fn huge_page_amount(name: &str, quantity: &Field<'_>) -> Option<Error> {
    let size = Quantity::parse(name.strip_prefix(HUGE_PAGES)?)
        .ok()?
        .value();
    let amount = Quantity::of_value(quantity.value).value();
    if amount > 0 && size > 0 && amount % size == 0 {
        return None;
    }
    let shown = show(quantity.value);
    let detail = format!("{shown} is not positive integer multiple of {name}");
    Some(quantity.invalid(&detail))
}

/// A quantity as messages write it.
pub fn show(quantity: &Value) -> String {
    match quantity.as_str() {
        Some(text) => text.to_owned(),
        None => quantity.to_string(),
    }
}

/// `claims` of a container: names of the Pod's resource claims.
fn claims(claims: &Field<'_>, known: &BTreeSet<&str>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for claim in claims.items() {
        let name = claim.child("name").text();
        let request = claim.child("request");
        if name.is_empty() {
            errors.push(claim.required(""));
            continue;
        }
        let overlaps = |(other, part): &(&str, &str)| {
            *other == name && (part.is_empty() || request.is_empty() || *part == request.text())
        };
        if !request.is_empty() {
            errors.extend(request.faults(names::dns1123_label(request.text())));
        }
        if seen.iter().any(overlaps) {
            errors.push(Error::duplicate(claim.path.clone(), name));
        }
        seen.insert((name, request.text()));
        if !known.contains(name) {
            let mut error = Error::not_found(claim.path.clone(), name);
            let names: Vec<&str> = known.iter().copied().collect();
            let which = match names.as_slice() {
                [] => " which is empty".to_owned(),
                names => format!(": {}", names.join(", ")),
            };
            error.detail = format!("must be one of the names in pod.spec.resourceClaims{which}");
            errors.push(error);
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(resources: Value, expected: &[&str]) {
        let errors = container_requirements(&Field::new(&resources, "resources"), &BTreeSet::new());
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts, expected, "{resources}");
    }

    #[test]
    fn requests_stay_within_limits() {
        check(
            json!({"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}),
            &[
                "resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
                "resources.requests: Invalid value: \"2Gi\": must be less than or equal to memory limit of 1Gi",
            ],
        );
        check(
            json!({"requests": {"cpu": "1000m"}, "limits": {"cpu": "1"}}),
            &[],
        );
    }

    #[test]
    fn unknown_resources_are_told_twice() {
        check(
            json!({"limits": {"coffee": "1"}}),
            &[
                "resources.limits[coffee]: Invalid value: \"coffee\": must be a standard resource type or fully qualified",
                "resources.limits[coffee]: Invalid value: \"coffee\": must be a standard resource for containers",
            ],
        );
        check(json!({"limits": {"example.com/gpu": "1"}}), &[]);
    }

    #[test]
    fn devices_are_whole_and_cannot_be_overcommitted() {
        check(
            json!({"requests": {"example.com/gpu": "500m"}}),
            &[
                "resources.requests[example.com/gpu]: Invalid value: \"500m\": must be an integer",
                "resources.limits: Required value: Limit must be set for non overcommitable resources",
            ],
        );
    }

    #[test]
    fn amounts_are_not_negative() {
        check(
            json!({"limits": {"memory": "-1Mi"}}),
            &[
                "resources.limits[memory]: Invalid value: \"-1Mi\": must be greater than or equal to 0",
            ],
        );
    }

    #[test]
    fn huge_pages_come_in_whole_pages_and_with_cpu_or_memory() {
        check(
            json!({"limits": {"hugepages-2Mi": "3Mi"}, "requests": {"hugepages-2Mi": "3Mi"}}),
            &[
                "resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi",
                "resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi",
                "resources: Forbidden: HugePages require cpu or memory",
            ],
        );
    }
}
