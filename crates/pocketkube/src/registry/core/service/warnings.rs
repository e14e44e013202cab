//! What a Service says in vain, or in a form that will not do for ever.
//!
//! Mirrors `pkg/api/service/warnings.go` (v1.35).

use serde_json::Value;

use super::validation::{TOPOLOGY_HINTS, TOPOLOGY_MODE};
use super::{CLUSTER_IP, EXTERNAL_NAME, NONE, is_headless, type_of};
use crate::api::meta;
use crate::api::tree::{is_empty, text};
use crate::api::validate::{cidr_warnings, ip_warnings};
use crate::registry::validation::Field;

/// Sentences about a new or changed Service.
pub(super) fn warnings(service: &Value) -> Vec<String> {
    let spec = Field::new(&service["spec"], "spec");
    let mut warnings = Vec::new();
    if meta::annotation(service, TOPOLOGY_HINTS).is_some() {
        warnings.push(format!(
            "annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead"
        ));
    }
    if !is_headless(spec.value) {
        warnings.extend(each_address(&spec.child("clusterIPs")));
    }
    warnings.extend(ignored_when_headless(spec.value));
    warnings.extend(each_address(&spec.child("externalIPs")));
    let balancer = spec.child("loadBalancerIP");
    warnings.extend(ip_warnings(balancer.text(), &balancer.path));
    for range in spec.child("loadBalancerSourceRanges").items() {
        warnings.extend(cidr_warnings(range.text(), &range.path));
    }
    warnings.extend(ignored_by_type(spec.value));
    if text(spec.value, "trafficDistribution") == "PreferClose" {
        let words =
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"";
        warnings.push(words.to_owned());
    }
    warnings
}

fn each_address(list: &Field<'_>) -> Vec<String> {
    list.items()
        .filter_map(|address| ip_warnings(address.text(), &address.path))
        .collect()
}

fn ignored_when_headless(spec: &Value) -> Vec<String> {
    if type_of(spec) != CLUSTER_IP || text(spec, "clusterIP") != NONE {
        return Vec::new();
    }
    [
        (!is_empty(&spec["loadBalancerIP"]), "spec.loadBalancerIP"),
        (!is_empty(&spec["externalIPs"]), "spec.externalIPs"),
        (
            text(spec, "sessionAffinity") != "None",
            "spec.SessionAffinity",
        ),
    ]
    .into_iter()
    .filter(|(is_set, _)| *is_set)
    .map(|(_, field)| format!("{field} is ignored for headless services"))
    .collect()
}

fn ignored_by_type(spec: &Value) -> Option<String> {
    let is_name = type_of(spec) == EXTERNAL_NAME;
    if is_name && !is_empty(&spec["externalIPs"]) {
        return Some(format!(
            "spec.externalIPs is ignored when spec.type is {EXTERNAL_NAME:?}"
        ));
    }
    (!is_name && !is_empty(&spec["externalName"]))
        .then(|| format!("spec.externalName is ignored when spec.type is not {EXTERNAL_NAME:?}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(spec: Value, wanted: &[&str]) {
        assert_eq!(warnings(&json!({"spec": spec})), wanted, "{spec}");
    }

    #[test]
    fn headless_services_are_not_balanced() {
        check(
            json!({"type": "ClusterIP", "clusterIP": "None", "clusterIPs": ["None"], "sessionAffinity": "ClientIP"}),
            &["spec.SessionAffinity is ignored for headless services"],
        );
    }

    #[test]
    fn names_and_addresses_do_not_go_together() {
        check(
            json!({"type": "ExternalName", "externalIPs": ["203.0.113.1"]}),
            &["spec.externalIPs is ignored when spec.type is \"ExternalName\""],
        );
        check(
            json!({"type": "ClusterIP", "externalName": "a.test"}),
            &["spec.externalName is ignored when spec.type is not \"ExternalName\""],
        );
    }

    #[test]
    fn addresses_have_one_spelling() {
        check(
            json!({"type": "LoadBalancer", "externalIPs": ["203.0.113.001"], "loadBalancerSourceRanges": ["10.0.0.1/8"]}),
            &[
                "spec.externalIPs[0]: non-standard IP address \"203.0.113.001\" will be considered invalid in a future Kubernetes release: use \"203.0.113.1\"",
                "spec.loadBalancerSourceRanges[0]: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)",
            ],
        );
    }
}
