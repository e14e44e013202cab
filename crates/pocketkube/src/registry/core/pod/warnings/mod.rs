//! Things in a Pod or its template that are allowed and most likely not meant.
//!
//! Sentences for the `Warning` header; nothing is refused here. Mirrors `pkg/api/pod/warnings.go`
//! (v1.35).

mod containers;
mod volumes;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::Value;

pub use volumes::claim_spec as claim_spec_warnings;

use super::validation::all_containers;
use crate::api::quantity::Quantity;
use crate::api::tree::text;
use crate::api::validate::ip_warnings;
use crate::registry::core::node_labels::{self, Values, term_warnings, warning_with_label};
use crate::registry::core::resources::is_whole;
use crate::registry::validation::Field;

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Annotations that nobody reads any more.
const DEAD_ANNOTATIONS: &[(&str, &str)] = &[
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];

/// Sentences about a Pod, or about the template of Pods that stands at the path of `pod`.
pub fn warnings(pod: &Field<'_>) -> Vec<String> {
    let spec = pod.child("spec");
    let annotations = pod.child("metadata").child("annotations");
    let mut warnings = nodes(&spec);
    for (key, why) in DEAD_ANNOTATIONS {
        if !annotations.value[*key].is_null() {
            warnings.push(format!("{}: {why}", annotations.path.key(key)));
        }
    }
    warnings.extend(volumes::warnings(&spec.child("volumes")));
    warnings.extend(doubles(&spec.child("hostAliases"), "ip"));
    warnings.extend(pull_secrets(&spec.child("imagePullSecrets")));
    warnings.extend(fractions(&spec.child("overhead")));
    warnings.extend(profiles_of_pod(&spec, &annotations));
    for container in all_containers(&spec) {
        warnings.extend(profiles_of_container(&container, &spec, &annotations));
        warnings.extend(containers::warnings(&container));
    }
    warnings.extend(containers::ports(&spec));
    let grace = spec.child("terminationGracePeriodSeconds");
    if grace.integer() < 0 {
        let path = grace.path;
        warnings.push(format!(
            "{path}: must be >= 0; negative values are invalid and will be treated as 1"
        ));
    }
    warnings.extend(affinity_without_selector(&spec.child("affinity")));
    warnings.extend(addresses(&spec));
    warnings
}

/// Labels of nodes by their old names, and constraints that count no Pods.
fn nodes(spec: &Field<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    for (key, field) in spec.child("nodeSelector").entries() {
        warnings.extend(node_labels::warning(key, &field.path));
    }
    let affinity = spec.child("affinity").child("nodeAffinity");
    let required = affinity.child("requiredDuringSchedulingIgnoredDuringExecution");
    for term in required.child("nodeSelectorTerms").items() {
        warnings.extend(term_warnings(&term, Values::Passed));
    }
    let preferred = affinity.child("preferredDuringSchedulingIgnoredDuringExecution");
    for weighted in preferred.items() {
        warnings.extend(term_warnings(&weighted.child("preference"), Values::Warned));
    }
    for constraint in spec.child("topologySpreadConstraints").items() {
        let key = constraint.child("topologyKey");
        warnings.extend(warning_with_label(key.text(), &key.path));
        warnings.extend(matches_nothing(&constraint.child("labelSelector")));
    }
    warnings
}

fn matches_nothing(selector: &Field<'_>) -> Option<String> {
    (!selector.is_set()).then(|| {
        format!(
            "{}: a null labelSelector results in matching no pod",
            selector.path
        )
    })
}

fn affinity_without_selector(affinity: &Field<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    for kind in ["podAffinity", "podAntiAffinity"] {
        let kind = affinity.child(kind);
        let required = kind.child("requiredDuringSchedulingIgnoredDuringExecution");
        for term in required.items() {
            warnings.extend(matches_nothing(&term.child("labelSelector")));
        }
        let preferred = kind.child("preferredDuringSchedulingIgnoredDuringExecution");
        for weighted in preferred.items() {
            let term = weighted.child("podAffinityTerm");
            warnings.extend(matches_nothing(&term.child("labelSelector")));
        }
    }
    warnings
}

/// Entries that say the same in the field by which they are told apart.
fn doubles(list: &Field<'_>, key: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut warnings = Vec::new();
    for entry in list.items() {
        let name = text(entry.value, key);
        if !seen.insert(name) {
            let path = entry.path.child(key);
            warnings.push(format!("{path}: duplicate {key} {name:?}"));
        }
    }
    warnings
}

fn pull_secrets(secrets: &Field<'_>) -> Vec<String> {
    let mut warnings = doubles(secrets, "name");
    for secret in secrets.items() {
        let name = secret.child("name");
        if name.is_empty() {
            warnings.push(format!("{}: invalid empty name \"\"", name.path));
        }
    }
    warnings
}

/// Memory and storage are counted in whole bytes.
fn fractions(list: &Field<'_>) -> Vec<String> {
    ["memory", "ephemeral-storage"]
        .into_iter()
        .filter_map(|name| fraction(list, name))
        .collect()
}

fn fraction(list: &Field<'_>, name: &str) -> Option<String> {
    let quantity = &list.value[name];
    (!quantity.is_null() && !is_whole(&Quantity::of_value(quantity))).then(|| {
        format!(
            "{}: fractional byte value {:?} is invalid, must be an integer",
            list.path.key(name),
            quantity.as_str().unwrap_or_default()
        )
    })
}

fn profiles_of_pod(spec: &Field<'_>, annotations: &Field<'_>) -> Option<String> {
    let profile = spec.child("securityContext").child("seccompProfile");
    if profile.is_set() {
        return None;
    }
    dead_seccomp(annotations, SECCOMP_POD)
}

fn dead_seccomp(annotations: &Field<'_>, key: &str) -> Option<String> {
    let is_there = !annotations.value[key].is_null();
    is_there.then(|| {
        format!(
            "{}: non-functional in v1.27+; use the \"seccompProfile\" field instead",
            annotations.path.key(key)
        )
    })
}

/// Annotations where there are fields today.
fn profiles_of_container(
    container: &Field<'_>,
    spec: &Field<'_>,
    annotations: &Field<'_>,
) -> Vec<String> {
    let name = text(container.value, "name");
    let context = container.child("securityContext");
    let mut warnings = Vec::new();
    if !context.child("seccompProfile").is_set() {
        warnings.extend(dead_seccomp(
            annotations,
            &format!("{SECCOMP_CONTAINER}{name}"),
        ));
    }
    let of_pod = spec.child("securityContext").child("appArmorProfile");
    let has_field = context.child("appArmorProfile").is_set() || of_pod.is_set();
    let key = format!("{APP_ARMOR}{name}");
    if !has_field && !annotations.value[key.as_str()].is_null() {
        let path = annotations.path.key(&key);
        warnings.push(format!(
            "{path}: deprecated since v1.30; use the \"appArmorProfile\" field instead"
        ));
    }
    warnings
}

fn addresses(spec: &Field<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    for server in spec.child("dnsConfig").child("nameservers").items() {
        warnings.extend(ip_warnings(server.text(), &server.path));
    }
    for alias in spec.child("hostAliases").items() {
        let ip = alias.child("ip");
        warnings.extend(ip_warnings(ip.text(), &ip.path));
    }
    warnings
}

/// Warnings about a Pod itself.
pub fn of_pod(pod: &Value) -> Vec<String> {
    warnings(&Field::new(pod, ""))
}
