//! Every mistake in a Service. Mirrors `ValidateService` in
//! `pkg/apis/core/validation/validation.go` and `pkg/api/service/warnings.go` (v1.35).

use serde_json::{Value, json};

use super::{
    CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, NODE_PORT, cluster_ips, is_externally_accessible,
    is_headless, needs_health_check_port, needs_node_ports, type_of,
};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{elements, integer, is_empty, length, strings, text};
use crate::api::validate::{
    by_rule, choice, cidr, ip, labels, non_special_ip, number_by_rule, required_choice,
};
use crate::api::{meta, names};
use crate::registry::core::endpoints::PROTOCOLS;

const TYPES: &[&str] = &[CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, NODE_PORT];
const AFFINITIES: &[&str] = &["ClientIP", "None"];
const TRAFFIC_POLICIES: &[&str] = &["Cluster", "Local"];
const TRAFFIC_DISTRIBUTIONS: &[&str] = &["PreferClose", "PreferSameNode", "PreferSameZone"];
const IP_MODES: &[&str] = &["Proxy", "VIP"];
const MAX_AFFINITY_SECONDS: i64 = 86_400;
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";
const LOAD_BALANCER_ONLY: &str = "may only be used when `type` is 'LoadBalancer'";

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
        validate_load_balancer(service, &path),
        validate_external_traffic(spec, &path),
        validate_internal_traffic(spec, &path),
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

fn validate_load_balancer(service: &Value, path: &Path) -> ErrorList {
    let spec = &service["spec"];
    let is_load_balancer = type_of(spec) == LOAD_BALANCER;
    let mut errors = ErrorList::new();
    // Upstream names this field by its Go name.
    let ranges_path = path.child("LoadBalancerSourceRanges");
    if !is_empty(&spec["loadBalancerSourceRanges"]) {
        if !is_load_balancer {
            errors.push(Error::forbidden(ranges_path.clone(), LOAD_BALANCER_ONLY));
        }
        for (index, range) in strings(&spec["loadBalancerSourceRanges"]).enumerate() {
            errors.extend(cidr(range.trim(), &ranges_path.index(index)));
        }
    } else if let Some(ranges) = meta::annotation(service, SOURCE_RANGES) {
        let path = Path::new("metadata.annotations").key(SOURCE_RANGES);
        if !is_load_balancer {
            errors.push(Error::forbidden(path.clone(), LOAD_BALANCER_ONLY));
        }
        for range in ranges.split(',').map(str::trim) {
            if !ranges.trim().is_empty() {
                errors.extend(cidr(range, &path));
            }
        }
    }
    let allocates = &spec["allocateLoadBalancerNodePorts"];
    if !allocates.is_null() && !is_load_balancer {
        let path = path.child("allocateLoadBalancerNodePorts");
        errors.push(Error::forbidden(path, LOAD_BALANCER_ONLY));
    } else if allocates.is_null() && is_load_balancer {
        let path = Path::new("allocateLoadBalancerNodePorts");
        errors.push(Error::required(path, ""));
    }
    if let Some(class) = spec["loadBalancerClass"].as_str() {
        let path = path.child("loadBalancerClass");
        if is_load_balancer {
            errors.extend(by_rule(names::qualified_name, class, &path));
        } else {
            errors.push(Error::forbidden(path, LOAD_BALANCER_ONLY));
        }
    }
    errors
}

fn validate_external_traffic(spec: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let policy = text(spec, "externalTrafficPolicy");
    let policy_path = path.child("externalTrafficPolicy");
    if is_externally_accessible(spec) {
        errors.extend(required_choice(policy, TRAFFIC_POLICIES, &policy_path));
    } else if !policy.is_empty() {
        errors.push(Error::invalid(
            policy_path,
            policy,
            "may only be set for externally-accessible services",
        ));
    }
    let port = integer(spec, "healthCheckNodePort");
    let path = path.child("healthCheckNodePort");
    match (needs_health_check_port(spec), port) {
        (false, 0) => {}
        (false, port) => errors.push(Error::invalid(
            path,
            port,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        )),
        (true, 0) => errors.push(Error::required(path, "")),
        (true, port) => errors.extend(number_by_rule(names::port_number, port, &path)),
    }
    errors
}

fn validate_internal_traffic(spec: &Value, path: &Path) -> ErrorList {
    let policy_path = path.child("internalTrafficPolicy");
    let mut errors = match spec["internalTrafficPolicy"].as_str() {
        Some(policy) => choice(policy, TRAFFIC_POLICIES, &policy_path),
        None if needs_node_ports(spec) || type_of(spec) == CLUSTER_IP => {
            vec![Error::required(policy_path, "")]
        }
        None => vec![],
    };
    if let Some(distribution) = spec["trafficDistribution"].as_str() {
        let path = path.child("trafficDistribution");
        errors.extend(choice(distribution, TRAFFIC_DISTRIBUTIONS, &path));
    }
    errors
}

/// Every mistake in the status.
pub(super) fn validate_status(service: &Value) -> ErrorList {
    let ingresses = elements(&service["status"]["loadBalancer"]["ingress"]);
    let path = Path::new("status.loadBalancer.ingress");
    if length(&service["status"]["loadBalancer"]["ingress"]) > 0
        && type_of(&service["spec"]) != LOAD_BALANCER
    {
        let why = "may only be used when `spec.type` is \"LoadBalancer\"";
        return vec![Error::forbidden(path, why)];
    }
    let mut errors = ErrorList::new();
    for (index, ingress) in ingresses.iter().enumerate() {
        errors.extend(validate_ingress(ingress, &path.index(index)));
    }
    errors
}

fn validate_ingress(ingress: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let (address, hostname) = (text(ingress, "ip"), text(ingress, "hostname"));
    if !address.is_empty() {
        errors.extend(ip(address, &path.child("ip")));
    }
    let mode_path = path.child("ipMode");
    match ingress["ipMode"].as_str() {
        None if !address.is_empty() => {
            errors.push(Error::required(
                mode_path,
                "must be specified when `ip` is set",
            ));
        }
        Some(_) if address.is_empty() => errors.push(Error::forbidden(
            mode_path,
            "may not be specified when `ip` is not set",
        )),
        Some(mode) => errors.extend(choice(mode, IP_MODES, &mode_path)),
        None => {}
    }
    if !hostname.is_empty() {
        let path = path.child("hostname");
        errors.extend(by_rule(names::dns1123_subdomain, hostname, &path));
        if names::parse_ip(hostname).is_some() {
            let why = "must be a DNS name, not an IP address";
            errors.push(Error::invalid(path, hostname, why));
        }
    }
    errors
}

/// What a Service says in vain.
pub(super) fn warnings(service: &Value) -> Vec<String> {
    let spec = &service["spec"];
    let mut warnings = Vec::new();
    if meta::annotation(service, TOPOLOGY_HINTS).is_some() {
        warnings.push(format!(
            "annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead"
        ));
    }
    let has_external_ips = !is_empty(&spec["externalIPs"]);
    let mut ignored = |is_set: bool, what: &str| {
        if is_set {
            warnings.push(what.to_owned());
        }
    };
    if type_of(spec) == CLUSTER_IP && text(spec, "clusterIP") == super::NONE {
        ignored(
            !is_empty(&spec["loadBalancerIP"]),
            "spec.loadBalancerIP is ignored for headless services",
        );
        ignored(
            has_external_ips,
            "spec.externalIPs is ignored for headless services",
        );
        ignored(
            text(spec, "sessionAffinity") != "None",
            "spec.SessionAffinity is ignored for headless services",
        );
    }
    let is_name = type_of(spec) == EXTERNAL_NAME;
    ignored(
        is_name && has_external_ips,
        "spec.externalIPs is ignored when spec.type is \"ExternalName\"",
    );
    ignored(
        !is_name && !is_empty(&spec["externalName"]),
        "spec.externalName is ignored when spec.type is not \"ExternalName\"",
    );
    ignored(
        text(spec, "trafficDistribution") == "PreferClose",
        "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"",
    );
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::texts;

    fn check(spec: Value, wanted: &[&str]) {
        let mut service = json!({"spec": spec});
        super::super::defaults::set(&mut service);
        assert_eq!(texts(&validate(&service)), wanted, "{spec}");
    }

    #[test]
    fn several_ports_have_names_of_their_own() {
        check(json!({"ports": [{"port": 80}]}), &[]);
        check(
            json!({"ports": [{"port": 80}, {"port": 81}]}),
            &[
                "spec.ports[0].name: Required value",
                "spec.ports[1].name: Required value",
            ],
        );
        check(
            json!({"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]}),
            &["spec.ports[1].name: Duplicate value: \"a\""],
        );
    }

    #[test]
    fn a_port_and_protocol_stand_once() {
        check(
            json!({"ports": [{"port": 53, "name": "a"}, {"port": 53, "name": "b", "protocol": "UDP"}]}),
            &[],
        );
        check(
            json!({"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]}),
            &[
                "spec.ports[1]: Duplicate value: {\"AppProtocol\":null,\"Name\":\"\",\"NodePort\":0,\"Port\":80,\"Protocol\":\"TCP\",\"TargetPort\":0}",
            ],
        );
    }

    #[test]
    fn ports_are_numbers_in_range_and_names_are_short() {
        check(
            json!({"ports": [{"port": 0, "targetPort": "Bad_Name", "protocol": "X"}]}),
            &[
                "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ports[0].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
                "spec.ports[0].targetPort: Invalid value: \"Bad_Name\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            ],
        );
    }

    #[test]
    fn only_headless_services_and_names_have_no_ports() {
        check(json!({}), &["spec.ports: Required value"]);
        check(json!({"clusterIP": "None", "clusterIPs": ["None"]}), &[]);
        check(
            json!({"type": "ExternalName", "externalName": "db.example.com."}),
            &[],
        );
        check(
            json!({"type": "ExternalName"}),
            &["spec.externalName: Required value"],
        );
    }

    #[test]
    fn types_and_policies_are_known() {
        check(
            json!({"type": "Magic", "sessionAffinity": "Y", "ports": [{"port": 80}], "internalTrafficPolicy": "Z"}),
            &[
                "spec.sessionAffinity: Unsupported value: \"Y\": supported values: \"ClientIP\", \"None\"",
                "spec.type: Unsupported value: \"Magic\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"",
                "spec.internalTrafficPolicy: Unsupported value: \"Z\": supported values: \"Cluster\", \"Local\"",
            ],
        );
    }

    #[test]
    fn internal_services_have_nothing_external() {
        check(
            json!({"externalTrafficPolicy": "Local", "healthCheckNodePort": 30001, "loadBalancerClass": "a", "ports": [{"port": 80, "nodePort": 30123}]}),
            &[
                "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
                "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
                "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services",
                "spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
            ],
        );
    }

    #[test]
    fn affinity_lasts_a_day_at_most() {
        check(
            json!({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 90000}}, "ports": [{"port": 80}]}),
            &[
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and less than 86400",
            ],
        );
    }

    #[test]
    fn only_load_balancers_have_an_ingress() {
        let service = |kind: &str, ingress: Value| json!({"spec": {"type": kind}, "status": {"loadBalancer": {"ingress": [ingress]}}});
        assert_eq!(
            texts(&validate_status(&service(
                "ClusterIP",
                json!({"ip": "203.0.113.1"})
            ))),
            [
                "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is \"LoadBalancer\""
            ]
        );
        let good = json!({"ip": "203.0.113.1", "ipMode": "VIP"});
        assert!(validate_status(&service("LoadBalancer", good)).is_empty());
        assert_eq!(
            texts(&validate_status(&service(
                "LoadBalancer",
                json!({"hostname": "203.0.113.1"})
            ))),
            [
                "status.loadBalancer.ingress[0].hostname: Invalid value: \"203.0.113.1\": must be a DNS name, not an IP address"
            ]
        );
    }
}
