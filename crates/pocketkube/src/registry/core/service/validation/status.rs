//! Where load balancers say that a Service can be reached. Mirrors `ValidateLoadBalancerStatus`.

use serde_json::Value;

use super::super::{LOAD_BALANCER, type_of};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names;
use crate::api::tree::{elements, text};
use crate::api::validate::{by_rule, choice, ip};

const IP_MODES: &[&str] = &["Proxy", "VIP"];

/// Every mistake in the status.
pub(in super::super) fn validate_status(service: &Value) -> ErrorList {
    let ingresses = elements(&service["status"]["loadBalancer"]["ingress"]);
    let path = Path::new("status.loadBalancer.ingress");
    if !ingresses.is_empty() && type_of(&service["spec"]) != LOAD_BALANCER {
        let why = "may only be used when `spec.type` is 'LoadBalancer'";
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::texts;

    #[test]
    fn only_load_balancers_have_an_ingress() {
        let service = |kind: &str, ingress: Value| json!({"spec": {"type": kind}, "status": {"loadBalancer": {"ingress": [ingress]}}});
        assert_eq!(
            texts(&validate_status(&service(
                "ClusterIP",
                json!({"ip": "203.0.113.1"})
            ))),
            [
                "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"
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
