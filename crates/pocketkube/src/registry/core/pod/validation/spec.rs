//! A PodSpec, be it a Pod's or a template's.
//!
//! Mirrors `ValidatePodSpec`.

use std::collections::BTreeSet;

use super::volumes::Volumes;
use super::{
    Owner, containers, ephemeral, host, network, pod_level, scheduling, security, volumes, windows,
};
use crate::api::field::{Error, ErrorList};
use crate::api::names::{self, NameUse};
use crate::api::tree::{elements, text};
use crate::api::validate;
use crate::registry::validation::Field;

/// What the parts of a PodSpec need to know of the whole.
pub(super) struct SpecContext<'a> {
    /// The volumes that are themselves right.
    pub volumes: Volumes<'a>,
    pub claim_names: BTreeSet<&'a str>,
    pub grace_period_seconds: Option<i64>,
    pub restart_policy: &'a str,
    /// Whether containers share the node's user namespace.
    pub host_users: bool,
}

/// Every mistake in a PodSpec.
pub fn pod_spec(spec: &Field<'_>, owner: Owner<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let grace_period = spec.child("terminationGracePeriodSeconds");
    if !grace_period.is_set() {
        errors.push(grace_period.required(""));
    }
    let (volumes, volume_errors) = volumes::volumes(&spec.child("volumes"), owner);
    errors.extend(volume_errors);

    let context = SpecContext {
        volumes,
        claim_names: claim_names(spec),
        grace_period_seconds: grace_period.value.as_i64(),
        restart_policy: spec.child("restartPolicy").text(),
        host_users: spec.child("hostUsers").value.as_bool() != Some(false),
    };
    errors.extend(resource_claims(&spec.child("resourceClaims")));
    errors.extend(containers::regular(&spec.child("containers"), &context));
    errors.extend(containers::init(spec, &context));
    errors.extend(ephemeral::ephemeral(spec, &context));
    errors.extend(pod_level::requirements(spec));
    errors.extend(host::network_ports(spec, owner));
    errors.extend(spec.child("restartPolicy").must_be_set_to_one_of(&[
        "Always",
        "OnFailure",
        "Never",
    ]));
    errors.extend(spec.child("dnsPolicy").must_be_set_to_one_of(&[
        "ClusterFirstWithHostNet",
        "ClusterFirst",
        "Default",
        "None",
    ]));
    let node_selector = spec.child("nodeSelector");
    errors.extend(validate::labels(node_selector.value, &node_selector.path));
    errors.extend(security::pod(spec));
    errors.extend(scheduling::affinity(&spec.child("affinity")));
    errors.extend(network::dns_config(spec));
    errors.extend(scheduling::gates(spec));
    errors.extend(scheduling::spread(&spec.child("topologySpreadConstraints")));
    errors.extend(windows::host_process(spec));
    errors.extend(host::users(spec));
    errors.extend(names_in(spec));
    errors.extend(
        spec.child("activeDeadlineSeconds")
            .must_be_between(1, i64::from(i32::MAX)),
    );
    errors.extend(network::names(spec));
    errors.extend(scheduling::tolerations(&spec.child("tolerations")));
    errors.extend(network::host_aliases(&spec.child("hostAliases")));
    errors.extend(references(spec));
    errors.extend(operating_system(spec));
    errors
}

fn names_in(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for name in ["serviceAccountName", "nodeName"] {
        errors.extend(optional_name(&spec.child(name)));
    }
    errors
}

/// Fields that come last: classes, preemption and overhead.
fn references(spec: &Field<'_>) -> ErrorList {
    let mut errors = optional_name(&spec.child("priorityClassName"));
    let runtime_class = spec.child("runtimeClassName");
    if runtime_class.is_set() {
        errors.extend(name(&runtime_class));
    }
    let preemption = spec.child("preemptionPolicy");
    if preemption.is_set() {
        errors.extend(preemption.must_be_set_to_one_of(&["PreemptLowerPriority", "Never"]));
    }
    errors.extend(pod_level::overhead(&spec.child("overhead")));
    errors
}

fn optional_name(field: &Field<'_>) -> ErrorList {
    if field.is_empty() {
        return ErrorList::new();
    }
    name(field)
}

fn name(field: &Field<'_>) -> ErrorList {
    field.faults(names::name_is_dns_subdomain(field.text(), NameUse::Whole))
}

fn operating_system(spec: &Field<'_>) -> ErrorList {
    let os = spec.child("os");
    if !os.is_set() {
        return ErrorList::new();
    }
    match os.child("name").text() {
        "" => vec![os.child("name").required("cannot be empty")],
        "linux" => windows::not_on_linux(spec),
        "windows" => windows::only_on_windows(spec),
        name => {
            let path = os.path.clone();
            vec![Error::not_supported(path, name, &["linux", "windows"])]
        }
    }
}

fn claim_names<'a>(spec: &Field<'a>) -> BTreeSet<&'a str> {
    elements(&spec.value["resourceClaims"])
        .iter()
        .map(|claim| text(claim, "name"))
        .filter(|name| !name.is_empty())
        .collect()
}

fn resource_claims(claims: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for claim in claims.items() {
        let name = claim.child("name");
        if name.is_empty() {
            errors.push(name.required(""));
        } else if seen.insert(name.text()) {
            errors.extend(name.faults(names::dns1123_label(name.text())));
        } else {
            errors.push(name.duplicate());
        }
        let by_name = claim.child("resourceClaimName");
        let by_template = claim.child("resourceClaimTemplateName");
        match (by_name.is_set(), by_template.is_set()) {
            (true, true) => errors.push(claim.invalid(
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
            )),
            (false, false) => errors.push(claim.invalid(
                "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            )),
            _ => {}
        }
        for reference in [by_name, by_template] {
            if reference.is_set() {
                errors.extend(self::name(&reference));
            }
        }
    }
    errors
}
