//! A spec, and what is wrong with it.

use serde_json::json;

use super::super::defaults;
use super::*;
use crate::registry::testing::texts;

fn check(spec: Value, wanted: &[&str]) {
    let mut service = json!({"spec": spec});
    defaults::set(&mut service);
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
