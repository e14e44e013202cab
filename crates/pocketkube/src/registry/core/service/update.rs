//! What an update of a Service keeps, drops and may not change.
//!
//! Mirrors `patchAllocatedValues` and `dropTypeDependentFields` in `pkg/registry/core/service` and
//! `ValidateServiceUpdate` in `pkg/apis/core/validation/validation.go` (v1.35).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    EXTERNAL_NAME, LOAD_BALANCER, is_externally_accessible, is_headless, needs_cluster_ip,
    needs_health_check_port, needs_node_ports, type_of,
};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{elements, elements_mut, integer, is_empty, length, remove, strings, text};
use crate::api::validate::semantically_equal;

/// Puts back what was allocated and the client left out, so that it can send its YAML again.
pub(super) fn keep_allocated(new: &mut Value, old: &Value) {
    if needs_cluster_ip(old) && needs_cluster_ip(new) {
        for field in ["clusterIP", "clusterIPs"] {
            if is_empty(&new[field]) && !is_empty(&old[field]) {
                new[field] = old[field].clone();
            }
        }
    }
    if needs_node_ports(old) && needs_node_ports(new) {
        keep_node_ports(new, old);
    }
    if needs_health_check_port(old)
        && needs_health_check_port(new)
        && integer(new, "healthCheckNodePort") == 0
        && integer(old, "healthCheckNodePort") != 0
    {
        new["healthCheckNodePort"] = old["healthCheckNodePort"].clone();
    }
}

/// Ports are recognized by their names.
fn keep_node_ports(new: &mut Value, old: &Value) {
    let claimed = node_ports(new);
    let by_name: BTreeMap<&str, i64> = elements(&old["ports"])
        .iter()
        .map(|port| (text(port, "name"), integer(port, "nodePort")))
        .collect();
    for port in elements_mut(new, "ports") {
        if integer(port, "nodePort") != 0 {
            continue;
        }
        match by_name.get(text(port, "name")) {
            Some(kept) if *kept != 0 && !claimed.contains(kept) => {
                port["nodePort"] = json!(kept);
            }
            _ => {}
        }
    }
}

fn node_ports(spec: &Value) -> Vec<i64> {
    elements(&spec["ports"])
        .iter()
        .map(|port| integer(port, "nodePort"))
        .filter(|port| *port != 0)
        .collect()
}

/// Removes fields that a new type has no use for, unless the client changed them as well: then
/// validation shall complain.
pub(super) fn drop_what_the_type_does_not_have(new: &mut Value, old: &Value) {
    let lost = |needs: fn(&Value) -> bool, new: &Value| needs(old) && !needs(new);
    let drop_unchanged = |new: &mut Value, field: &str| {
        if semantically_equal(&new[field], &old[field]) {
            remove(new, field);
        }
    };
    if lost(needs_cluster_ip, new) {
        if semantically_equal(&new["clusterIPs"], &old["clusterIPs"]) {
            remove(new, "clusterIP");
            remove(new, "clusterIPs");
        }
        drop_unchanged(new, "ipFamilies");
        drop_unchanged(new, "ipFamilyPolicy");
    }
    if lost(needs_node_ports, new) && node_ports(new) == node_ports(old) {
        for port in elements_mut(new, "ports") {
            remove(port, "nodePort");
        }
    }
    if lost(needs_health_check_port, new) {
        drop_unchanged(new, "healthCheckNodePort");
    }
    if lost(|spec| type_of(spec) == LOAD_BALANCER, new) {
        drop_unchanged(new, "allocateLoadBalancerNodePorts");
        drop_unchanged(new, "loadBalancerClass");
    }
    if lost(is_externally_accessible, new) {
        drop_unchanged(new, "externalTrafficPolicy");
    }
}

/// The mistakes of changing what may not change.
pub(super) fn validate(new: &Value, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    if type_of(new) != EXTERNAL_NAME && type_of(old) != EXTERNAL_NAME {
        errors.extend(validate_addresses(new, old));
        errors.extend(validate_families(new, old));
    }
    if type_of(new) == LOAD_BALANCER
        && type_of(old) == LOAD_BALANCER
        && new["loadBalancerClass"] != old["loadBalancerClass"]
    {
        errors.push(Error::invalid(
            Path::new("spec.loadBalancerClass"),
            new["loadBalancerClass"].clone(),
            "may not change once set",
        ));
    }
    if needs_health_check_port(new)
        && needs_health_check_port(old)
        && new["healthCheckNodePort"] != old["healthCheckNodePort"]
    {
        errors.push(Error::forbidden(
            Path::new("spec.healthCheckNodePort"),
            "field is immutable",
        ));
    }
    errors
}

fn validate_addresses(new: &Value, old: &Value) -> ErrorList {
    if is_headless(old) && is_headless(new) {
        return ErrorList::new();
    }
    let path = Path::new("spec.clusterIPs");
    let changed = |index: usize| {
        Error::invalid(
            path.index(index),
            new["clusterIPs"].clone(),
            "may not change once set",
        )
    };
    let (now, before) = (length(&new["clusterIPs"]), length(&old["clusterIPs"]));
    if now == before {
        return strings(&new["clusterIPs"])
            .zip(strings(&old["clusterIPs"]))
            .enumerate()
            .filter(|(_, (now, before))| now != before)
            .map(|(index, _)| changed(index))
            .collect();
    }
    let mut errors = ErrorList::new();
    if now == 0 {
        errors.push(Error::invalid(
            path.index(0),
            new["clusterIPs"].clone(),
            "primary clusterIP can not be unset",
        ));
    }
    if now > 0 && before > 0 && new["clusterIPs"][0] != old["clusterIPs"][0] {
        errors.push(changed(0));
    }
    if now == 1 && before == 2 {
        errors.extend(must_be_single_stack(
            new,
            "must be set to 'SingleStack' when releasing the secondary clusterIP",
        ));
    }
    errors
}

fn validate_families(new: &Value, old: &Value) -> ErrorList {
    if is_headless(new) || is_headless(old) {
        return ErrorList::new();
    }
    let path = Path::new("spec.ipFamilies").index(0);
    let (now, before) = (length(&new["ipFamilies"]), length(&old["ipFamilies"]));
    let pairs = strings(&new["ipFamilies"]).zip(strings(&old["ipFamilies"]));
    let mut errors: ErrorList = pairs
        .take(if now == before { now } else { 1 })
        .filter(|(now, before)| now != before)
        .map(|_| {
            Error::invalid(
                path.clone(),
                new["ipFamilies"].clone(),
                "may not change once set",
            )
        })
        .collect();
    if now == 1 && before == 2 {
        errors.extend(must_be_single_stack(
            new,
            "must be set to 'SingleStack' when releasing the secondary ipFamily",
        ));
    }
    errors
}

fn must_be_single_stack(new: &Value, why: &str) -> ErrorList {
    match text(new, "ipFamilyPolicy") {
        "SingleStack" => vec![],
        policy => vec![Error::invalid(
            Path::new("spec.ipFamilyPolicy"),
            policy,
            why,
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::texts;

    fn stored(service_type: &str) -> Value {
        json!({
            "type": service_type, "clusterIP": "10.96.5.5", "clusterIPs": ["10.96.5.5"],
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "externalTrafficPolicy": "Cluster",
            "ports": [{"name": "a", "port": 80, "nodePort": 30080}, {"name": "b", "port": 81, "nodePort": 30081}],
        })
    }

    #[test]
    fn the_same_yaml_can_be_sent_again() {
        let old = stored("NodePort");
        let mut new = json!({"type": "NodePort", "ports": [{"name": "b", "port": 81}, {"name": "a", "port": 82}, {"name": "c", "port": 83}]});
        keep_allocated(&mut new, &old);
        assert_eq!(new["clusterIPs"], old["clusterIPs"]);
        assert_eq!(node_ports(&new), [30081, 30080]);
    }

    #[test]
    fn a_node_port_that_moved_to_another_port_is_not_used_twice() {
        let mut new = json!({"type": "NodePort", "ports": [{"name": "b", "port": 81, "nodePort": 30080}, {"name": "a", "port": 80}]});
        keep_allocated(&mut new, &stored("NodePort"));
        assert_eq!(node_ports(&new), [30080]);
    }

    #[test]
    fn becoming_internal_gives_up_the_node_ports() {
        let old = stored("NodePort");
        let mut new = old.clone();
        new["type"] = json!("ClusterIP");
        drop_what_the_type_does_not_have(&mut new, &old);
        assert!(node_ports(&new).is_empty());
        assert!(new["externalTrafficPolicy"].is_null());
    }

    #[test]
    fn becoming_a_name_gives_up_the_address() {
        let old = stored("ClusterIP");
        let mut new = old.clone();
        new["type"] = json!("ExternalName");
        drop_what_the_type_does_not_have(&mut new, &old);
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            assert!(new[field].is_null(), "{field}");
        }
    }

    #[test]
    fn the_address_stays() {
        let old = stored("ClusterIP");
        let mut new = old.clone();
        new["clusterIP"] = json!("None");
        new["clusterIPs"] = json!(["None"]);
        assert_eq!(
            texts(&validate(&new, &old)),
            ["spec.clusterIPs[0]: Invalid value: [\"None\"]: may not change once set"]
        );
        assert!(validate(&old, &old).is_empty());
    }

    #[test]
    fn the_class_of_a_load_balancer_stays() {
        let mut old = stored("LoadBalancer");
        old["loadBalancerClass"] = json!("example.com/a");
        let mut new = old.clone();
        new["loadBalancerClass"] = json!("example.com/b");
        assert_eq!(
            texts(&validate(&new, &old)),
            ["spec.loadBalancerClass: Invalid value: \"example.com/b\": may not change once set"]
        );
    }
}
