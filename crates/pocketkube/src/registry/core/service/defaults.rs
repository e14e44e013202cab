//! What a Service means by what it leaves out.
//!
//! Mirrors `SetDefaults_Service` in `pkg/apis/core/v1/defaults.go` (v1.35). Addresses, families
//! and node ports are not defaults: the allocator hands them out.

use serde_json::{Value, json};

use super::{CLUSTER_IP, LOAD_BALANCER, is_externally_accessible, needs_node_ports, type_of};
use crate::api::tree::{elements_mut, fill, remove, text};

/// How long a client stays with its Pod: three hours.
const AFFINITY_SECONDS: i64 = 10_800;

pub(super) fn set(service: &mut Value) {
    let spec = &mut service["spec"];
    if spec.is_null() {
        *spec = json!({});
    }
    set_affinity(spec);
    fill(spec, "type", CLUSTER_IP);
    for port in elements_mut(spec, "ports") {
        set_port(port);
    }
    if is_externally_accessible(spec) {
        fill(spec, "externalTrafficPolicy", "Cluster");
    }
    if needs_node_ports(spec) || type_of(spec) == CLUSTER_IP {
        fill(spec, "internalTrafficPolicy", "Cluster");
    }
    if type_of(spec) == LOAD_BALANCER {
        fill(spec, "allocateLoadBalancerNodePorts", true);
        for ingress in service
            .get_mut("status")
            .and_then(|status| status.get_mut("loadBalancer"))
            .map(|balancer| elements_mut(balancer, "ingress"))
            .unwrap_or_default()
        {
            if !text(ingress, "ip").is_empty() {
                fill(ingress, "ipMode", "VIP");
            }
        }
    }
}

fn set_affinity(spec: &mut Value) {
    fill(spec, "sessionAffinity", "None");
    match text(spec, "sessionAffinity") {
        "None" => remove(spec, "sessionAffinityConfig"),
        "ClientIP" => {
            let timeout = &spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"];
            if timeout.is_null() {
                spec["sessionAffinityConfig"] =
                    json!({"clientIP": {"timeoutSeconds": AFFINITY_SECONDS}});
            }
        }
        _ => {}
    }
}

fn set_port(port: &mut Value) {
    fill(port, "protocol", "TCP");
    let target = &port["targetPort"];
    if target.is_null() || *target == json!(0) || *target == json!("") {
        port["targetPort"] = port["port"].clone();
    }
    // Zero is how a client says that it wants one to be chosen.
    for optional in ["nodePort"] {
        if port[optional] == json!(0) {
            remove(port, optional);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaulted(spec: Value) -> Value {
        let mut service = json!({"spec": spec});
        set(&mut service);
        let once = service.clone();
        set(&mut service);
        assert_eq!(service, once, "defaulting is idempotent");
        service["spec"].take()
    }

    #[test]
    fn a_plain_service_is_internal_and_speaks_tcp() {
        assert_eq!(
            defaulted(json!({"ports": [{"port": 80}]})),
            json!({
                "type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
                "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
            })
        );
    }

    #[test]
    fn what_is_reachable_from_outside_has_a_policy() {
        let policy = |spec: Value| defaulted(spec)["externalTrafficPolicy"].clone();
        assert_eq!(policy(json!({"type": "NodePort"})), "Cluster");
        assert_eq!(policy(json!({"externalIPs": ["203.0.113.1"]})), "Cluster");
        assert_eq!(policy(json!({})), Value::Null);
        assert_eq!(
            policy(json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local"})),
            "Local"
        );
    }

    #[test]
    fn a_load_balancer_takes_node_ports() {
        let spec = defaulted(json!({"type": "LoadBalancer"}));
        assert_eq!(spec["allocateLoadBalancerNodePorts"], true);
        let spec =
            defaulted(json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false}));
        assert_eq!(spec["allocateLoadBalancerNodePorts"], false);
    }

    #[test]
    fn clients_stay_for_three_hours() {
        let spec = defaulted(json!({"sessionAffinity": "ClientIP"}));
        assert_eq!(
            spec["sessionAffinityConfig"],
            json!({"clientIP": {"timeoutSeconds": 10800}})
        );
        let spec = defaulted(json!({"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 1}}}));
        assert_eq!(spec["sessionAffinityConfig"], Value::Null);
    }

    #[test]
    fn an_external_name_is_only_a_name() {
        assert_eq!(
            defaulted(json!({"type": "ExternalName", "externalName": "example.com"})),
            json!({"type": "ExternalName", "externalName": "example.com", "sessionAffinity": "None"})
        );
    }
}
