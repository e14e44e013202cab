//! Warnings about containers: amounts, variables and ports that contradict each other.

use std::collections::BTreeMap;

use super::fraction;
use crate::api::field::Path;
use crate::api::tree::{integer, text};
use crate::registry::core::pod::validation::all_containers;
use crate::registry::validation::Field;

pub fn warnings(container: &Field<'_>) -> Vec<String> {
    let resources = container.child("resources");
    let mut warnings = Vec::new();
    for amount in ["memory", "ephemeral-storage"] {
        for list in ["limits", "requests"] {
            warnings.extend(fraction(&resources.child(list), amount));
        }
    }
    warnings.extend(variables(&container.child("env")));
    warnings
}

/// Variables that stand twice, unless the later one adds to the earlier one.
fn variables(env: &Field<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut seen = Vec::new();
    for variable in env.items() {
        let name = text(variable.value, "name");
        if !seen.contains(&name) {
            seen.push(name);
            continue;
        }
        let reference = format!("$({name})");
        let value = text(variable.value, "value");
        let adds = value != reference && value.contains(&reference);
        if variable.child("valueFrom").is_set() || !adds {
            let path = &variable.path;
            warnings.push(format!(
                "{path}: hides previous definition of {name:?}, which may be dropped when using apply"
            ));
        }
    }
    warnings
}

struct Port<'a> {
    path: Path,
    host_ip: &'a str,
    host_port: i64,
}

impl Port<'_> {
    /// How two ports of the same number and protocol get in each other's way.
    fn clash(&self, other: &Port<'_>) -> Option<&'static str> {
        let same_port = self.host_port == other.host_port;
        if same_port && self.host_ip == other.host_ip {
            Some("duplicate")
        } else if self.host_port == 0 || other.host_port == 0 {
            Some("overlapping")
        } else if same_port && self.host_ip.is_empty() != other.host_ip.is_empty() {
            Some("dangerously ambiguous")
        } else {
            None
        }
    }
}

/// Ports of all containers of a Pod: they share its address.
pub fn ports(spec: &Field<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut all: BTreeMap<(i64, &str), Vec<Port<'_>>> = BTreeMap::new();
    for container in all_containers(spec) {
        for field in container.child("ports").items() {
            let port = Port {
                path: field.path.clone(),
                host_ip: text(field.value, "hostIP"),
                host_port: integer(field.value, "hostPort"),
            };
            if !port.host_ip.is_empty() && port.host_port == 0 {
                warnings.push(format!(
                    "{}: hostIP set without hostPort: {}",
                    port.path,
                    as_go_shows_it(&field)
                ));
            }
            let number = integer(field.value, "containerPort");
            let same = all
                .entry((number, text(field.value, "protocol")))
                .or_default();
            for other in &*same {
                if let Some(how) = port.clash(other) {
                    let (path, other) = (&port.path, &other.path);
                    warnings.push(format!("{path}: {how} port definition with {other}"));
                }
            }
            same.push(port);
        }
    }
    warnings
}

/// A port as upstream's internal type is printed.
fn as_go_shows_it(port: &Field<'_>) -> String {
    format!(
        "{{Name:{} HostPort:{} ContainerPort:{} Protocol:{} HostIP:{}}}",
        text(port.value, "name"),
        integer(port.value, "hostPort"),
        integer(port.value, "containerPort"),
        text(port.value, "protocol"),
        text(port.value, "hostIP"),
    )
}
