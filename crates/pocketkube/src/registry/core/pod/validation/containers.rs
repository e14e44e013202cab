//! Containers: what all sorts have in common, and what sets regular and init containers apart.
//!
//! Mirrors `validateContainerCommon`, `validateContainers` and `validateInitContainers`.

use std::collections::BTreeSet;

use super::spec::SpecContext;
use super::{env, probes, resize, security, volumes};
use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::tree::{elements, text};
use crate::registry::core::resources;
use crate::registry::validation::Field;

const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];
const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
const MESSAGE_POLICIES: &[&str] = &["FallbackToLogsOnError", "File"];

/// `spec.containers`: at least one.
pub fn regular(containers: &Field<'_>, context: &SpecContext<'_>) -> ErrorList {
    if containers.is_empty() {
        return vec![containers.required("")];
    }
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for container in containers.items() {
        errors.extend(common(&container, context));
        let name = container.child("name");
        if !seen.insert(name.text()) {
            errors.push(Error::duplicate(name.path.clone(), name.text()));
        }
        errors.extend(long_running(&container, context));
        errors.extend(restart_rules(&container));
    }
    errors.extend(unique_host_ports(containers.items()));
    errors
}

/// `spec.initContainers`.
pub fn init(spec: &Field<'_>, context: &SpecContext<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen: BTreeSet<&str> = elements(&spec.value["containers"])
        .iter()
        .map(|container| text(container, "name"))
        .collect();
    for container in spec.child("initContainers").items() {
        errors.extend(common(&container, context));
        errors.extend(restart_rules(&container));
        let name = container.child("name");
        if !seen.insert(name.text()) && !name.is_empty() {
            errors.push(name.duplicate());
        }
        // Each runs by itself, and upstream counts from zero for each.
        let alone = Field::new(container.value, spec.path.child("initContainers").index(0));
        errors.extend(unique_host_ports(std::iter::once(alone)));
        if container.child("restartPolicy").text() == "Always" {
            errors.extend(long_running(&container, context));
        } else {
            let fields = [
                "lifecycle",
                "livenessProbe",
                "readinessProbe",
                "startupProbe",
            ];
            for field in fields {
                errors.extend(container.child(field).must_not_be_set(
                    "may not be set for init containers without restartPolicy=Always",
                ));
            }
            let policy = container.child("resizePolicy");
            if !policy.is_empty() {
                errors.push(policy.invalid("must not be set for init containers"));
            }
        }
    }
    errors
}

/// What is true of containers of every sort.
pub fn common(container: &Field<'_>, context: &SpecContext<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let name = container.child("name");
    match name.must_be_set() {
        Some(missing) => errors.push(missing),
        None => errors.extend(name.faults(names::dns1123_label(name.text()))),
    }
    errors.extend(container.child("image").must_be_set());
    errors.extend(
        container
            .child("terminationMessagePolicy")
            .must_be_set_to_one_of(MESSAGE_POLICIES),
    );
    errors.extend(ports(&container.child("ports")));
    errors.extend(env::variables(&container.child("env")));
    errors.extend(env::sources(&container.child("envFrom")));
    errors.extend(volumes::mounts(container, &context.volumes));
    errors.extend(volumes::devices(container, &context.volumes));
    errors.extend(
        container
            .child("imagePullPolicy")
            .must_be_set_to_one_of(PULL_POLICIES),
    );
    errors.extend(resources::container_requirements(
        &container.child("resources"),
        &context.claim_names,
    ));
    errors.extend(resize::policies(
        &container.child("resizePolicy"),
        context.restart_policy,
    ));
    errors.extend(security::container(
        &container.child("securityContext"),
        context.host_users,
    ));
    errors
}

/// Probes and lifecycle of containers that stay.
fn long_running(container: &Field<'_>, context: &SpecContext<'_>) -> ErrorList {
    let mut errors = probes::lifecycle(&container.child("lifecycle"), context);
    errors.extend(probes::liveness(&container.child("livenessProbe"), context));
    errors.extend(probes::readiness(
        &container.child("readinessProbe"),
        context,
    ));
    errors.extend(probes::startup(&container.child("startupProbe"), context));
    errors
}

/// `restartPolicy` of a container, and the rules that refine it.
fn restart_rules(container: &Field<'_>) -> ErrorList {
    const POLICIES: &[&str] = &["Always", "Never", "OnFailure"];
    const MAX_RULES: usize = 20;
    const MAX_CODES: usize = 255;
    let mut errors = ErrorList::new();
    let policy = container.child("restartPolicy");
    let rules = container.child("restartPolicyRules");
    if policy.is_set() {
        errors.extend(policy.must_be_one_of(POLICIES));
    }
    if rules.is_empty() {
        return errors;
    }
    if !policy.is_set() {
        errors.push(policy.required("must specify restartPolicy when restart rules are used"));
    }
    let count = elements(rules.value).len();
    if count > MAX_RULES {
        errors.push(Error::too_many(rules.path.clone(), count, MAX_RULES));
    }
    for rule in rules.items() {
        let action = rule.child("action");
        errors.extend(action.must_be_one_of(&["Restart"]));
        let codes = rule.child("exitCodes");
        if !codes.is_set() {
            errors.push(codes.required("must be specified"));
            continue;
        }
        errors.extend(codes.child("operator").must_be_one_of(&["In", "NotIn"]));
        let values = codes.child("values");
        let count = elements(values.value).len();
        if count > MAX_CODES {
            errors.push(Error::too_many(values.path.clone(), count, MAX_CODES));
        }
    }
    errors
}

fn ports(ports: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        let name = port.child("name");
        if !name.is_empty() {
            let faults = names::port_name(name.text());
            if !faults.is_empty() {
                errors.extend(name.faults(faults));
            } else if !seen.insert(name.text()) {
                errors.push(name.duplicate());
            }
        }
        let number = port.child("containerPort");
        match number.integer() {
            0 => errors.push(number.required("")),
            _ => errors.extend(number.must_be_between(1, 65535)),
        }
        let host_port = port.child("hostPort");
        if host_port.integer() != 0 {
            errors.extend(host_port.must_be_between(1, 65535));
        }
        errors.extend(port.child("protocol").must_be_set_to_one_of(PROTOCOLS));
    }
    errors
}

fn unique_host_ports<'a>(containers: impl Iterator<Item = Field<'a>>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for container in containers {
        for port in container.child("ports").items() {
            let host_port = port.child("hostPort");
            if host_port.integer() == 0 {
                continue;
            }
            let key = format!(
                "{}/{}/{}",
                port.child("protocol").text(),
                port.child("hostIP").text(),
                host_port.integer()
            );
            if !seen.insert(key.clone()) {
                errors.push(Error::duplicate(host_port.path, key));
            }
        }
    }
    errors
}
