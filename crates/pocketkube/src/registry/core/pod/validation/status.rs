//! What a kubelet may report about a Pod.
//!
//! Mirrors `ValidatePodStatusUpdate`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::annotations::{fixed_annotations, pod_annotations};
use crate::api::field::ErrorList;
use crate::api::names::{self, NameUse};
use crate::api::tree::{elements, integer, text};
use crate::api::validate::immutable_field;
use crate::registry::core::pod::resources::is_sidecar;
use crate::registry::validation::Field;

/// A changed status.
pub fn status_update(new: &Value, old: &Value) -> ErrorList {
    let root = Field::new(new, "");
    let status = root.child("status");
    let annotations = root.child("metadata").child("annotations");
    let mut errors = fixed_annotations(&annotations, &old["metadata"]["annotations"]);
    errors.extend(pod_annotations(&annotations, &root.child("spec")));
    errors.extend(conditions(&status));
    let nominated = status.child("nominatedNodeName");
    if !nominated.is_empty() && *nominated.value != old["status"]["nominatedNodeName"] {
        let faults = names::name_is_dns_subdomain(nominated.text(), NameUse::Whole);
        errors.extend(nominated.faults(faults));
    }
    let qos = status.child("qosClass");
    errors.extend(immutable_field(
        qos.value,
        &old["status"]["qosClass"],
        &qos.path,
    ));
    for list in [
        "containerStatuses",
        "initContainerStatuses",
        "ephemeralContainerStatuses",
    ] {
        errors.extend(ends_are_final(&status.child(list), old, list));
    }
    errors.extend(claim_statuses(&root));
    errors.extend(addresses(&status.child("podIPs")));
    errors.extend(host_addresses(&status));
    errors
}

/// Conditions of one's own have qualified names. Upstream tells their mistakes at `metadata`.
fn conditions(status: &Field<'_>) -> ErrorList {
    let conditions = Field::new(status.child("conditions").value, "metadata.conditions");
    conditions
        .items()
        .map(|condition| {
            let name = condition.child("type");
            Field::new(name.value, condition.path.child("Type"))
        })
        .filter(|name| !matches!(name.text(), "PodScheduled" | "Ready" | "Initialized"))
        .flat_map(|name| name.faults(names::qualified_name(name.text())))
        .collect()
}

/// A container that ended for good does not come back.
fn ends_are_final(statuses: &Field<'_>, old: &Value, list: &str) -> ErrorList {
    let spec = &old["spec"];
    let restart_policy = match list {
        "ephemeralContainerStatuses" => "Never",
        _ => text(spec, "restartPolicy"),
    };
    if restart_policy == "Always" {
        return ErrorList::new();
    }
    let mut errors = ErrorList::new();
    for (index, before) in elements(&old["status"][list]).iter().enumerate() {
        let ended = &before["state"]["terminated"];
        let name = text(before, "name");
        let may_restart = ended.is_null()
            || (integer(ended, "exitCode") != 0 && restart_policy == "OnFailure")
            || restarts_by_itself(spec, name);
        if may_restart {
            continue;
        }
        let is_back = elements(statuses.value)
            .iter()
            .any(|status| text(status, "name") == name && status["state"]["terminated"].is_null());
        if is_back {
            let state = Field::new(&Value::Null, statuses.path.index(index).child("state"));
            errors.push(state.forbidden("may not be transitioned to non-terminated state"));
        }
    }
    errors
}

/// Whether a container has a restart policy or rules of its own.
fn restarts_by_itself(spec: &Value, name: &str) -> bool {
    ["containers", "initContainers"]
        .iter()
        .flat_map(|list| elements(&spec[*list]))
        .filter(|container| text(container, "name") == name)
        .any(|container| {
            is_sidecar(container)
                || text(container, "restartPolicy") == "OnFailure"
                || !elements(&container["restartPolicyRules"]).is_empty()
        })
}

fn claim_statuses(root: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let claims: Vec<&str> = elements(&root.value["spec"]["resourceClaims"])
        .iter()
        .map(|claim| text(claim, "name"))
        .collect();
    let mut seen = BTreeSet::new();
    for status in root.child("status").child("resourceClaimStatuses").items() {
        let name = status.child("name");
        if !claims.contains(&name.text()) {
            let detail = "must match the name of an entry in `spec.resourceClaims`";
            errors.push(name.invalid(detail));
        }
        if !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
    }
    errors
}

/// A list of addresses: each one right, at most one a family, none twice.
fn addresses(list: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    let mut families = Vec::new();
    for address in list.items() {
        let ip = Field::new(address.child("ip").value, address.path.clone());
        errors.extend(ip.faults(names::ip(ip.text())));
        if !seen.insert(ip.text()) {
            errors.push(address.duplicate());
        }
        families.push(ip.text().contains(':'));
    }
    let is_dual = matches!(families.as_slice(), [first, second] if first != second);
    if families.len() > 1 && !is_dual {
        errors.push(list.invalid("may specify no more than one IP for each IP family"));
    }
    errors
}

fn host_addresses(status: &Field<'_>) -> ErrorList {
    let list = status.child("hostIPs");
    let mut errors = ErrorList::new();
    if let Some(first) = list.items().next() {
        let ip = first.child("ip");
        if ip.text() != status.child("hostIP").text() {
            errors.push(ip.invalid("must be equal to `hostIP`"));
        }
    }
    errors.extend(addresses(&list));
    errors
}
