//! Resources that change while a Pod runs.
//!
//! Mirrors `ValidatePodResize` and `validateResizePolicy`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::annotations::is_mirror;
use super::pod_rules;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta::map_at;
use crate::api::tree::{elements, entries, remove, restore, text};
use crate::api::validate::semantically_equal;
use crate::registry::core::pod::resources::{is_set_for_pod, is_sidecar, qos_class};
use crate::registry::validation::Field;

/// `resizePolicy` of a container. Mistakes are told at the list, as upstream does.
pub fn policies(policies: &Field<'_>, restart_policy: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for policy in policies.items() {
        let [resource, restart] = ["resourceName", "restartPolicy"]
            .map(|field| Field::new(&policy.value[field], policies.path.clone()));
        if !seen.insert(resource.text()) {
            errors.push(Error::duplicate(policy.path.clone(), resource.text()));
        }
        errors.extend(resource.must_be_set_to_one_of(&["cpu", "memory"]));
        errors.extend(restart.must_be_set_to_one_of(&["NotRequired", "RestartContainer"]));
        if restart_policy == "Never" && restart.text() != "NotRequired" {
            let detail = "must be 'NotRequired' when `restartPolicy` is 'Never'";
            errors.push(restart.invalid_text(detail));
        }
    }
    errors
}

/// A Pod whose resources change through the `resize` subresource.
pub fn resize(new: &Value, old: &Value) -> ErrorList {
    if let Some(detail) = never_resizable(new, old) {
        return vec![Error::forbidden(Path::nameless(), detail)];
    }
    let mut errors = pod_rules(new);
    let (spec, old_spec) = (Field::new(&new["spec"], "spec"), &old["spec"]);
    if qos_class(spec.value) != qos_class(old_spec) {
        errors.push(Error::invalid(
            spec.path.clone(),
            text(&new["status"], "qosClass"),
            "Pod QOS Class may not change as a result of resizing",
        ));
    }
    if !runs_where_resizing_works(old) {
        errors.push(spec.forbidden("Pod running on node without support for resize"));
    }
    for list in ["initContainers", "containers"] {
        let old_containers = elements(&old_spec[list]);
        for (container, old) in spec.child(list).items().zip(old_containers) {
            let resizes = list == "containers" || is_sidecar(old);
            if resizes {
                errors.extend(nothing_removed(&container.child("resources"), old));
            }
            errors.extend(only_cpu_and_memory(&spec, &container, old, list));
        }
    }
    let same_containers = ["containers", "initContainers"].iter().all(|list| {
        let names = |spec: &Value| -> Vec<String> {
            let name = |c: &Value| text(c, "name").to_owned();
            elements(&spec[*list]).iter().map(name).collect()
        };
        names(spec.value) == names(old_spec)
    });
    if !same_containers {
        errors.push(spec.forbidden("only cpu and memory resources are mutable"));
    }
    errors
}

fn never_resizable(new: &Value, old: &Value) -> Option<&'static str> {
    if is_set_for_pod(&old["spec"]) || is_set_for_pod(&new["spec"]) {
        return Some("pods with pod-level resources cannot be resized");
    }
    if is_mirror(old) {
        return Some("static pods cannot be resized");
    }
    (old["spec"]["os"]["name"] == "windows").then_some("windows pods cannot be resized")
}

/// A node that can resize reports the resources of running containers.
fn runs_where_resizing_works(pod: &Value) -> bool {
    elements(&pod["status"]["containerStatuses"])
        .iter()
        .find(|status| !status["state"]["running"].is_null())
        .is_none_or(|status| !status["resources"].is_null())
}

fn nothing_removed(resources: &Field<'_>, old: &Value) -> ErrorList {
    ["requests", "limits"]
        .into_iter()
        .map(|name| resources.child(name))
        .zip(["requests", "limits"])
        .filter(|(list, name)| {
            entries(&old["resources"][*name]).any(|(key, _)| list.value[key.as_str()].is_null())
        })
        .map(|(list, name)| list.forbidden(&format!("resource {name} cannot be removed")))
        .collect()
}

fn only_cpu_and_memory(
    spec: &Field<'_>,
    container: &Field<'_>,
    old: &Value,
    list: &str,
) -> Option<Error> {
    let mut munged = container.value.clone();
    let detail = match list {
        "containers" => "only cpu and memory resources are mutable",
        _ if is_sidecar(old) => "only cpu and memory resources for sidecar containers are mutable",
        _ => {
            let detail = "resources for non-sidecar init containers are immutable";
            return (!semantically_equal(&munged, old)).then(|| spec.forbidden(detail));
        }
    };
    for amounts in ["requests", "limits"] {
        let before = &old["resources"][amounts];
        if before.is_null() {
            remove(&mut munged["resources"], amounts);
            continue;
        }
        map_at(&mut munged["resources"], amounts);
        for resource in ["cpu", "memory"] {
            restore(&mut munged["resources"][amounts], before, resource);
        }
    }
    restore(&mut munged, old, "resizePolicy");
    (!semantically_equal(&munged, old)).then(|| spec.forbidden(detail))
}
