//! What a Pod takes while it is alive, and which quotas it is in the scope of.
//!
//! Mirrors `pkg/quota/v1/evaluator/core/pods.go` (v1.35).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::evaluator::{Amounts, whole};
use super::scopes::Scope;
use crate::api::meta;
use crate::api::tree::{elements, is_empty, text};
use crate::registry::core::pod::resources::{
    Ask, charged_amounts, is_pod_level_resource, listed, qos_class,
};

const COUNT: &str = "count/pods";
const TRACKED: [&str; 11] = [
    COUNT,
    "pods",
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
];
/// What every container has to say as soon as a quota limits it. Upstream calls that a mistake
/// which it must keep.
const REQUIRED: [&str; 6] = [
    "cpu",
    "memory",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
];

/// Whether a quota of `name` is about Pods.
pub(super) fn tracks(name: &str) -> bool {
    TRACKED.contains(&name)
        || name.starts_with("hugepages-")
        || name.starts_with("requests.hugepages-")
        || (name.starts_with("requests.") && is_extended(name))
}

/// Whether a resource is one that the cluster's owner made up.
fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/")
}

/// What one Pod takes. One that has ended only counts as an object.
pub(super) fn usage(pod: &Value, now: Timestamp) -> Amounts {
    let mut usage = Amounts::from([(COUNT.to_owned(), whole(1))]);
    if is_alive(pod, now) {
        let spec = &pod["spec"];
        usage.extend(compute_usage(
            &charged_amounts(spec, Ask::Requests),
            &charged_amounts(spec, Ask::Limits),
        ));
    }
    usage
}

/// Whether the Pod still runs, or should be given the time to end.
fn is_alive(pod: &Value, now: Timestamp) -> bool {
    if matches!(text(&pod["status"], "phase"), "Failed" | "Succeeded") {
        return false;
    }
    let deleted = meta::timestamp(pod, "deletionTimestamp");
    let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_i64();
    let (Some(deleted), Some(grace)) = (deleted, grace) else {
        return true;
    };
    let end = deleted.saturating_add(SignedDuration::from_secs(grace));
    end.is_ok_and(|end| now <= end)
}

fn compute_usage(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut usage = Amounts::from([("pods".to_owned(), whole(1))]);
    for (name, amount) in requests {
        let is_basic = ["cpu", "memory", "ephemeral-storage"].contains(&name.as_str());
        let is_huge_pages = name.starts_with("hugepages-");
        if is_basic || is_huge_pages {
            usage.insert(name.clone(), amount.clone());
        }
        if is_basic || is_huge_pages || is_extended(name) {
            usage.insert(format!("requests.{name}"), amount.clone());
        }
    }
    for name in ["cpu", "memory", "ephemeral-storage"] {
        if let Some(amount) = limits.get(name) {
            usage.insert(format!("limits.{name}"), amount.clone());
        }
    }
    usage
}

/// The resources that containers must ask for because a quota limits them, and don't.
pub(super) fn unspecified(tracked: &[&str], pod: &Value) -> Option<String> {
    let required: Vec<&str> = REQUIRED
        .into_iter()
        .filter(|name| tracked.contains(name))
        .collect();
    let spec = &pod["spec"];
    let said = |resources: &Value| {
        let (requests, limits) = (
            listed(resources, Ask::Requests),
            listed(resources, Ask::Limits),
        );
        compute_usage(&requests, &limits)
    };
    let mut of_pod = said(&spec["resources"]);
    of_pod.retain(|name, _| {
        let resource = name.rsplit('.').next().unwrap_or(name);
        is_pod_level_resource(resource)
    });
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let init_containers = elements(&spec["initContainers"]);
    for container in elements(&spec["containers"]).iter().chain(init_containers) {
        let own = said(&container["resources"]);
        for name in &required {
            if !own.contains_key(*name) && !of_pod.contains_key(*name) {
                missing
                    .entry(name)
                    .or_default()
                    .insert(text(container, "name"));
            }
        }
    }
    if missing.is_empty() {
        return None;
    }
    let sentences: Vec<String> = missing
        .into_iter()
        .map(|(name, containers)| {
            let containers: Vec<&str> = containers.into_iter().collect();
            format!("{name} for: {}", containers.join(","))
        })
        .collect();
    Some(format!("must specify {}", sentences.join("; ")))
}

/// Whether a scope takes the Pod in.
pub(super) fn is_in(scope: &Scope<'_>, pod: &Value) -> bool {
    let spec = &pod["spec"];
    let has_deadline = spec["activeDeadlineSeconds"]
        .as_i64()
        .is_some_and(|seconds| seconds >= 0);
    match scope.name {
        "Terminating" => has_deadline,
        "NotTerminating" => !has_deadline,
        "BestEffort" => qos_class(spec) == "BestEffort",
        "NotBestEffort" => qos_class(spec) != "BestEffort",
        "PriorityClass" => {
            let class = text(spec, "priorityClassName");
            scope.accepts(Some(class).filter(|class| !class.is_empty()))
        }
        "CrossNamespacePodAffinity" => looks_into_other_namespaces(spec),
        _ => false,
    }
}

/// Whether a term of the Pod's affinity names namespaces.
fn looks_into_other_namespaces(spec: &Value) -> bool {
    ["podAffinity", "podAntiAffinity"].into_iter().any(|side| {
        let affinity = &spec["affinity"][side];
        let required = elements(&affinity["requiredDuringSchedulingIgnoredDuringExecution"]);
        let preferred = elements(&affinity["preferredDuringSchedulingIgnoredDuringExecution"]);
        required
            .iter()
            .chain(preferred.iter().map(|term| &term["podAffinityTerm"]))
            .any(|term| !is_empty(&term["namespaces"]) || !term["namespaceSelector"].is_null())
    })
}
