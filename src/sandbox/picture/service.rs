//! Services and how many of their endpoints are ready.

use serde_json::Value;

use super::super::view::{EndpointView, Health, ServiceView};
use super::{Material, is_leaving, list, number, optional, text};

pub(super) fn services(material: &Material) -> Vec<ServiceView> {
    let slices = material.all("EndpointSlice");
    material
        .all("Service")
        .into_iter()
        .map(|service| view(service, &slices))
        .collect()
}

fn view(service: &Value, slices: &[&Value]) -> ServiceView {
    let namespace = text(service, "/metadata/namespace");
    let name = text(service, "/metadata/name");
    let own = slices.iter().filter(|slice| {
        slice.pointer("/metadata/labels/kubernetes.io~1service-name") == Some(&name.as_str().into())
            && text(slice, "/metadata/namespace") == namespace
    });
    let endpoints: Vec<&Value> = own.flat_map(|slice| list(slice, "/endpoints")).collect();
    let ready = endpoints
        .iter()
        .filter(|endpoint| endpoint.pointer("/conditions/ready") != Some(&Value::Bool(false)))
        .count();
    let kind = text(service, "/spec/type");
    let health = if is_leaving(service) {
        Health::Leaving
    } else if ready > 0 || kind == "ExternalName" {
        Health::Good
    } else if endpoints.is_empty() {
        Health::Bad
    } else {
        Health::Progressing
    };
    ServiceView {
        namespace,
        name,
        kind,
        cluster_ip: optional(service, "/spec/clusterIP"),
        ports: list(service, "/spec/ports").iter().map(port).collect(),
        ready_endpoints: ready,
        all_endpoints: endpoints.len(),
        selector: selector(service),
        endpoints: endpoints.into_iter().map(endpoint).collect(),
        health,
    }
}

/// `app=web`, one each.
fn selector(service: &Value) -> Vec<String> {
    let labels = service.pointer("/spec/selector").and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect()
}

fn endpoint(endpoint: &Value) -> EndpointView {
    let addresses = list(endpoint, "/addresses");
    let address = addresses.first().and_then(Value::as_str);
    EndpointView {
        address: address.unwrap_or_default().to_owned(),
        ready: endpoint.pointer("/conditions/ready") != Some(&Value::Bool(false)),
        leaving: endpoint.pointer("/conditions/terminating") == Some(&Value::Bool(true)),
        pod: optional(endpoint, "/targetRef/name")
            .filter(|_| endpoint.pointer("/targetRef/kind") == Some(&"Pod".into())),
        node: optional(endpoint, "/nodeName"),
    }
}

fn port(port: &Value) -> String {
    let number = number(port, "/port");
    let target = match port.get("targetPort") {
        Some(Value::String(name)) => format!("→{name}"),
        Some(target) if target.as_i64() != Some(number) => format!("→{target}"),
        _ => String::new(),
    };
    let node_port = match port["nodePort"].as_i64() {
        Some(node_port) => format!(":{node_port}"),
        None => String::new(),
    };
    let protocol = optional(port, "/protocol").unwrap_or_else(|| "TCP".to_owned());
    format!("{number}{target}{node_port}/{protocol}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_without_endpoints_is_not_well() {
        let service = json!({"metadata": {"name": "web", "namespace": "a"},
            "spec": {"type": "ClusterIP", "ports": [{"port": 80, "targetPort": 8080}]}});
        let slice = json!({
            "metadata": {"namespace": "a", "labels": {"kubernetes.io/service-name": "web"}},
            "endpoints": [{"conditions": {"ready": true}}, {"conditions": {"ready": false}}]});
        let alone = view(&service, &[]);
        assert_eq!(
            (alone.health, alone.ports[0].as_str()),
            (Health::Bad, "80→8080/TCP")
        );
        let served = view(&service, &[&slice]);
        assert_eq!(
            (served.health, served.ready_endpoints, served.all_endpoints),
            (Health::Good, 1, 2)
        );
    }
}
