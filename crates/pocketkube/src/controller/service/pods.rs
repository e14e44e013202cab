//! What a Pod looks like behind a Service. Pure functions.

use std::collections::BTreeMap;

use k8s_openapi::Resource;
use k8s_openapi::api::core::v1::{ObjectReference, Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::pod;
use crate::client::Kind;

/// The labels that a Service selects; `None` for Services whose endpoints others write.
pub(in super::super) fn selector(service: &Service) -> Option<&BTreeMap<String, String>> {
    let spec = service.spec.as_ref()?;
    if spec.type_.as_deref() == Some("ExternalName") {
        return None;
    }
    spec.selector.as_ref().filter(|labels| !labels.is_empty())
}

/// Whether a Service has no address of its own.
pub(in super::super) fn is_headless(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    let address = spec.and_then(|spec| spec.cluster_ip.as_deref());
    matches!(address, None | Some("" | "None"))
}

/// Every address of a Pod, of both families.
pub(in super::super) fn addresses(pod: &Pod) -> Vec<&str> {
    let Some(status) = &pod.status else {
        return Vec::new();
    };
    let listed = status.pod_ips.iter().flatten();
    let listed: Vec<&str> = listed.map(|address| address.ip.as_str()).collect();
    match listed.is_empty() {
        true => status.pod_ip.as_deref().into_iter().collect(),
        false => listed,
    }
}

/// Whether a Pod can be reached at all: it has an address and has not ended.
pub(in super::super) fn belongs(pod: &Pod, with_terminating: bool) -> bool {
    !pod::is_terminal(pod)
        && !addresses(pod).is_empty()
        && (with_terminating || !pod.is_terminating())
}

/// The name by which a Pod of a headless Service is known in DNS, if it has one.
pub(in super::super) fn hostname(pod: &Pod, service: &Service) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let hostname = spec.hostname.as_deref().filter(|name| !name.is_empty())?;
    let is_known =
        spec.subdomain.as_deref() == Some(service.name()) && pod.namespace() == service.namespace();
    is_known.then(|| hostname.to_owned())
}

/// The number that a Service's port leads to in a Pod; a name is looked up among the ports of its
/// containers.
pub(in super::super) fn find_port(pod: &Pod, port: &ServicePort) -> Option<i32> {
    let name = match &port.target_port {
        None | Some(IntOrString::Int(0)) => return Some(port.port),
        Some(IntOrString::Int(number)) => return Some(*number),
        Some(IntOrString::String(name)) => name,
    };
    let protocol = |protocol: &Option<String>| protocol.as_deref().unwrap_or("TCP").to_owned();
    let wanted = protocol(&port.protocol);
    let spec = pod.spec.as_ref()?;
    let sidecars = spec.init_containers.iter().flatten();
    let sidecars = sidecars.filter(|own| own.restart_policy.as_deref() == Some("Always"));
    let mut ports = spec
        .containers
        .iter()
        .chain(sidecars)
        .flat_map(|container| container.ports.iter().flatten());
    ports
        .find(|own| own.name.as_ref() == Some(name) && protocol(&own.protocol) == wanted)
        .map(|own| own.container_port)
}

pub(in super::super) fn target_reference(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: Some(Pod::KIND.to_owned()),
        namespace: Some(pod.namespace().to_owned()),
        name: Some(pod.name().to_owned()),
        uid: Some(pod.uid().to_owned()),
        ..ObjectReference::default()
    }
}

/// Whether a change of a Pod can change the endpoints of Services.
pub(in super::super) fn matters(old: &Pod, new: &Pod) -> bool {
    let names = |pod: &Pod| {
        let spec = pod.spec.as_ref();
        spec.map(|spec| {
            (
                spec.node_name.clone(),
                spec.hostname.clone(),
                spec.subdomain.clone(),
            )
        })
    };
    old.uid() != new.uid()
        || old.labels() != new.labels()
        || old.is_terminating() != new.is_terminating()
        || pod::is_terminal(old) != pod::is_terminal(new)
        || pod::is_ready(old) != pod::is_ready(new)
        || addresses(old) != addresses(new)
        || names(old) != names(new)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_named_port_is_looked_up_in_the_pod() {
        let pod: Pod = serde_json::from_value(json!({"metadata": {}, "spec": {
            "containers": [{"name": "a", "ports": [
                {"name": "web", "containerPort": 53, "protocol": "UDP"},
                {"name": "web", "containerPort": 8080},
            ]}],
        }}))
        .expect("a pod");
        let port = |target: serde_json::Value| -> ServicePort {
            serde_json::from_value(json!({"port": 80, "targetPort": target})).expect("a port")
        };
        assert_eq!(find_port(&pod, &port(json!("web"))), Some(8080));
        assert_eq!(find_port(&pod, &port(json!("metrics"))), None);
        assert_eq!(find_port(&pod, &port(json!(9000))), Some(9000));
    }
}
