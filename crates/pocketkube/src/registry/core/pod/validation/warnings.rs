//! Things in a PodSpec that are allowed and most likely not meant.
//!
//! Mirrors `pkg/api/pod/warnings.go` (v1.35).

use std::collections::BTreeSet;

use serde_json::Value;

use super::security::all_containers;
use crate::api::field::Path;
use crate::api::quantity::Quantity;
use crate::api::tree::{elements, text};
use crate::registry::core::resources::is_whole;
use crate::registry::validation::Field;

/// Labels of nodes that have newer names.
const OLD_NODE_LABELS: &[(&str, &str)] = &[
    ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
    ("beta.kubernetes.io/os", "kubernetes.io/os"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "topology.kubernetes.io/region",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "topology.kubernetes.io/zone",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
    ),
];

/// Sentences about a PodSpec at `path`.
pub fn warnings(spec: &Value, path: &str) -> Vec<String> {
    let spec = Field::new(spec, path);
    let mut warnings = Vec::new();
    for (key, field) in spec.child("nodeSelector").entries() {
        warnings.extend(old_node_label(key, &field.path));
    }
    for constraint in spec.child("topologySpreadConstraints").items() {
        let key = constraint.child("topologyKey");
        warnings.extend(old_node_label(key.text(), &key.path));
    }
    warnings.extend(volumes(&spec));
    warnings.extend(doubles(&spec.child("imagePullSecrets"), "name"));
    for container in all_containers(&spec) {
        warnings.extend(environment(&container.child("env")));
        warnings.extend(doubled_ports(&container.child("ports")));
        warnings.extend(fractions(&container.child("resources")));
    }
    warnings.extend(termination(&spec));
    warnings
}

fn old_node_label(key: &str, path: &Path) -> Option<String> {
    let (_, new) = OLD_NODE_LABELS.iter().find(|(old, _)| *old == key)?;
    Some(format!(
        "{path}: deprecated since v1.14; use {new:?} instead"
    ))
}

fn volumes(spec: &Field<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    for volume in spec.child("volumes").items() {
        if volume.child("gitRepo").is_set() {
            let path = volume.child("gitRepo").path;
            warnings.push(format!(
                "{path}: deprecated in v1.11, and disabled by default in v1.33+"
            ));
        }
        if volume.child("glusterfs").is_set() {
            let path = volume.child("glusterfs").path;
            warnings.push(format!(
                "{path}: deprecated in v1.25, non-functional in v1.26+"
            ));
        }
    }
    warnings
}

/// Entries of the same name, of which only the last counts.
fn doubles(list: &Field<'_>, key: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut warnings = Vec::new();
    for entry in list.items() {
        let name = text(entry.value, key);
        if name.is_empty() {
            let path = entry.path.child(key);
            warnings.push(format!("{path}: invalid empty name {name:?}"));
        }
        if !seen.insert(name) {
            let path = entry.path.child(key);
            warnings.push(format!("{path}: duplicate name {name:?}"));
        }
    }
    warnings
}

fn environment(env: &Field<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let variables = elements(env.value);
    for variable in env.items() {
        let name = text(variable.value, "name");
        let before = variables
            .iter()
            .take_while(|other| !std::ptr::eq(*other, variable.value));
        let hidden = before.filter(|other| text(other, "name") == name).last();
        // A variable that uses its own earlier value is meant to stand twice.
        let uses_it = text(variable.value, "value").contains(&format!("$({name})"));
        if hidden.is_some() && !uses_it {
            let path = &variable.path;
            warnings.push(format!(
                "{path}: hides previous definition of {name:?}, which may be dropped when using apply"
            ));
        }
    }
    warnings
}

fn doubled_ports(ports: &Field<'_>) -> Vec<String> {
    let key = |port: &Value| {
        (
            port["containerPort"].as_i64(),
            text(port, "protocol").to_owned(),
            port["hostPort"].as_i64(),
            text(port, "hostIP").to_owned(),
        )
    };
    let all: Vec<Field<'_>> = ports.items().collect();
    let mut warnings = Vec::new();
    for (index, port) in all.iter().enumerate() {
        let same = all[..index]
            .iter()
            .find(|other| key(other.value) == key(port.value));
        if let Some(same) = same {
            let (path, other) = (&port.path, &same.path);
            warnings.push(format!("{path}: duplicate port definition with {other}"));
        }
    }
    warnings
}

/// Memory is counted in whole bytes.
fn fractions(resources: &Field<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    for list in ["limits", "requests"] {
        for (name, quantity) in resources.child(list).entries() {
            let is_bytes = matches!(name, "memory" | "ephemeral-storage");
            if is_bytes && !is_whole(&Quantity::of_value(quantity.value)) {
                let shown = quantity.text();
                warnings.push(format!(
                    "{}: fractional byte value {shown:?} is invalid, must be an integer",
                    quantity.path
                ));
            }
        }
    }
    warnings
}

fn termination(spec: &Field<'_>) -> Option<String> {
    let grace = spec.child("terminationGracePeriodSeconds");
    (grace.integer() < 0).then(|| {
        format!(
            "{}: must be >= 0; negative values are invalid and will be treated as 1",
            grace.path
        )
    })
}
