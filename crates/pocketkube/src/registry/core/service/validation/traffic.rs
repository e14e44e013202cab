//! From where a Service is reached: load balancers, nodes, the cluster itself.

use serde_json::Value;

use super::super::{
    CLUSTER_IP, LOAD_BALANCER, is_externally_accessible, needs_health_check_port, needs_node_ports,
    type_of,
};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{integer, is_empty, strings, text};
use crate::api::validate::{by_rule, choice, cidr, number_by_rule, required_choice};
use crate::api::{meta, names};

const TRAFFIC_POLICIES: &[&str] = &["Cluster", "Local"];
const TRAFFIC_DISTRIBUTIONS: &[&str] = &["PreferClose", "PreferSameNode", "PreferSameZone"];
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const LOAD_BALANCER_ONLY: &str = "may only be used when `type` is 'LoadBalancer'";

pub(super) fn load_balancer(service: &Value, path: &Path) -> ErrorList {
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

pub(super) fn external(spec: &Value, path: &Path) -> ErrorList {
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

pub(super) fn internal(spec: &Value, path: &Path) -> ErrorList {
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
