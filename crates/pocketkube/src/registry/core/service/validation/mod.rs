//! Every mistake in a Service. Mirrors `ValidateService` in
//! `pkg/apis/core/validation/validation.go` (v1.35).

mod status;
mod traffic;

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::{
    CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, NODE_PORT, cluster_ips, is_headless, type_of,
};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{elements, integer, is_empty, strings, text};
use crate::api::validate::{by_rule, ip, labels, non_special_ip, number_by_rule, required_choice};
use crate::api::{meta, names};
use crate::registry::core::endpoints::PROTOCOLS;

pub(super) use status::validate_status;

const TYPES: &[&str] = &[CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, NODE_PORT];
const AFFINITIES: &[&str] = &["ClientIP", "None"];
const MAX_AFFINITY_SECONDS: i64 = 86_400;
pub(super) const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
pub(super) const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";

pub(super) fn validate(service: &Value) -> ErrorList {
    let spec = &service["spec"];
    let path = Path::new("spec");
    [
        validate_topology(service),
        validate_presence_of_ports(spec, &path),
        validate_by_type(spec, &path),
        validate_ports(elements(&spec["ports"]), &path.child("ports")),
        labels(&spec["selector"], &path.child("selector")),
        validate_affinity(spec, &path),
        cluster_ips::validate(spec),
        validate_external_ips(spec, &path.child("externalIPs")),
        required_choice(type_of(spec), TYPES, &path.child("type")),
        validate_node_ports(spec, &path.child("ports")),
        validate_uniqueness(spec, &path.child("ports")),
        traffic::load_balancer(service, &path),
        traffic::external(spec, &path),
        traffic::internal(spec, &path),
    ]
    .concat()
}

fn validate_topology(service: &Value) -> ErrorList {
    let hints = meta::annotation(service, TOPOLOGY_HINTS);
    match (hints, meta::annotation(service, TOPOLOGY_MODE)) {
        (Some(hints), Some(mode)) if hints != mode => {
            let why = format!("must match annotations[{TOPOLOGY_HINTS}] when both are specified");
            let path = Path::new("metadata.annotations").key(TOPOLOGY_MODE);
            vec![Error::invalid(path, mode, &why)]
        }
        _ => vec![],
    }
}

fn validate_presence_of_ports(spec: &Value, path: &Path) -> ErrorList {
    if !is_empty(&spec["ports"]) || is_headless(spec) || type_of(spec) == EXTERNAL_NAME {
        return vec![];
    }
    vec![Error::required(path.child("ports"), "")]
}

fn validate_by_type(spec: &Value, path: &Path) -> ErrorList {
    match type_of(spec) {
        kind @ (LOAD_BALANCER | NODE_PORT) if is_headless(spec) => {
            let why = format!("may not be set to 'None' for {kind} services");
            let path = path.child("clusterIPs").index(0);
            vec![Error::invalid(path, super::NONE, &why)]
        }
        EXTERNAL_NAME => validate_external_name(spec, path),
        _ => vec![],
    }
}

fn validate_external_name(spec: &Value, path: &Path) -> ErrorList {
    let mut errors: ErrorList = ["clusterIPs", "ipFamilies", "ipFamilyPolicy"]
        .iter()
        .filter(|field| !is_empty(&spec[**field]))
        .map(|field| {
            Error::forbidden(
                path.child(field),
                "may not be set for ExternalName services",
            )
        })
        .collect();
    let name = text(spec, "externalName");
    let path = path.child("externalName");
    match name.strip_suffix('.').unwrap_or(name) {
        "" => errors.push(Error::required(path, "")),
        name => errors.extend(by_rule(names::dns1123_subdomain, name, &path)),
    }
    errors
}

fn validate_ports(ports: &[Value], path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen: Vec<&str> = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let path = path.index(index);
        let name = text(port, "name");
        if !name.is_empty() {
            errors.extend(by_rule(names::dns1123_label, name, &path.child("name")));
            if seen.contains(&name) {
                errors.push(Error::duplicate(path.child("name"), name));
            }
            seen.push(name);
        } else if ports.len() > 1 {
            errors.push(Error::required(path.child("name"), ""));
        }
        errors.extend(number_by_rule(
            names::port_number,
            integer(port, "port"),
            &path.child("port"),
        ));
        errors.extend(required_choice(
            text(port, "protocol"),
            PROTOCOLS,
            &path.child("protocol"),
        ));
        errors.extend(port_number_or_name(
            &port["targetPort"],
            &path.child("targetPort"),
        ));
        if let Some(protocol) = port["appProtocol"].as_str() {
            let path = path.child("appProtocol");
            errors.extend(by_rule(names::qualified_name, protocol, &path));
        }
    }
    errors
}

fn port_number_or_name(port: &Value, path: &Path) -> ErrorList {
    match port {
        Value::String(name) => by_rule(names::port_name, name, path),
        number => number_by_rule(names::port_number, number.as_i64().unwrap_or(0), path),
    }
}

fn validate_affinity(spec: &Value, path: &Path) -> ErrorList {
    let affinity = text(spec, "sessionAffinity");
    let mut errors = required_choice(affinity, AFFINITIES, &path.child("sessionAffinity"));
    let config = &spec["sessionAffinityConfig"];
    let path = path.child("sessionAffinityConfig");
    if affinity == "None" && !config.is_null() {
        errors.push(Error::forbidden(
            path,
            "must not be set when session affinity is None",
        ));
    } else if affinity == "ClientIP" {
        errors.extend(validate_client_ip(config, &path));
    }
    errors
}

fn validate_client_ip(config: &Value, path: &Path) -> ErrorList {
    let timeout_path = path.child("clientIP").child("timeoutSeconds");
    for (value, path) in [
        (config, path),
        (&config["clientIP"], &path.child("clientIP")),
        (&config["clientIP"]["timeoutSeconds"], &timeout_path),
    ] {
        if value.is_null() {
            let why = "when session affinity type is ClientIP";
            return vec![Error::required(path.clone(), why)];
        }
    }
    let timeout = integer(&config["clientIP"], "timeoutSeconds");
    if (1..=MAX_AFFINITY_SECONDS).contains(&timeout) {
        return vec![];
    }
    let why = format!("must be greater than 0 and less than {MAX_AFFINITY_SECONDS}");
    vec![Error::invalid(timeout_path, timeout, &why)]
}

fn validate_external_ips(spec: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (index, address) in strings(&spec["externalIPs"]).enumerate() {
        let path = path.index(index);
        let faults = ip(address, &path);
        if faults.is_empty() {
            errors.extend(non_special_ip(address, &path));
        }
        errors.extend(faults);
    }
    errors
}

fn validate_node_ports(spec: &Value, path: &Path) -> ErrorList {
    if type_of(spec) != CLUSTER_IP {
        return vec![];
    }
    let ports = elements(&spec["ports"]).iter().enumerate();
    ports
        .filter(|(_, port)| integer(port, "nodePort") != 0)
        .map(|(index, _)| {
            let path = path.index(index).child("nodePort");
            Error::forbidden(path, "may not be used when `type` is 'ClusterIP'")
        })
        .collect()
}

/// A port number, or a node port, stands for one protocol once.
fn validate_uniqueness(spec: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let ports = elements(&spec["ports"]);
    for field in ["nodePort", "port"] {
        let mut seen: Vec<(i64, &str)> = Vec::new();
        for (index, port) in ports.iter().enumerate() {
            let key = (integer(port, field), text(port, "protocol"));
            if field == "nodePort" && key.0 == 0 {
                continue;
            }
            if seen.contains(&key) {
                errors.push(match field {
                    "nodePort" => Error::duplicate(path.index(index).child(field), key.0),
                    _ => Error::duplicate(path.index(index), as_go_shows_it(key)),
                });
            }
            seen.push(key);
        }
    }
    errors
}

/// A port as upstream's internal type is printed.
fn as_go_shows_it((port, protocol): (i64, &str)) -> Value {
    json!({"Name": "", "Protocol": protocol, "AppProtocol": null, "Port": port, "TargetPort": 0, "NodePort": 0})
}
