//! The downward API: a Pod's own fields and its containers' resources as text.
//!
//! Mirrors `pkg/fieldpath` and `pkg/api/v1/resource` (v1.35).

use k8s_openapi::api::core::v1::{Container, Pod, ResourceFieldSelector};

use super::environment::NodeFacts;
use crate::api::quantity::Quantity;
use crate::client::Kind;

/// The value of a field such as `metadata.name` or `metadata.labels['app']`.
pub fn field(pod: &Pod, path: &str, facts: &NodeFacts) -> Result<String, String> {
    let spec = pod.spec.as_ref();
    Ok(match path {
        "metadata.name" => pod.name().to_owned(),
        "metadata.namespace" => pod.namespace().to_owned(),
        "metadata.uid" => pod.uid().to_owned(),
        "metadata.labels" => lines(pod.labels()),
        "metadata.annotations" => lines(pod.annotations()),
        "spec.nodeName" => facts.node_name.clone(),
        "spec.serviceAccountName" => spec
            .and_then(|spec| spec.service_account_name.clone())
            .unwrap_or_default(),
        "status.hostIP" | "status.hostIPs" => facts.host_ip.clone(),
        "status.podIP" | "status.podIPs" => facts.pod_ip.clone(),
        _ => match subscript(path) {
            Some(("metadata.labels", key)) => pod.labels().get(key).cloned().unwrap_or_default(),
            Some(("metadata.annotations", key)) => {
                pod.annotations().get(key).cloned().unwrap_or_default()
            }
            _ => return Err(format!("unsupported fieldPath: {path}")),
        },
    })
}

/// `metadata.labels['key']` taken apart.
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (map, rest) = path.split_once("['")?;
    Some((map, rest.strip_suffix("']")?))
}

/// A map as the downward API writes it to a file: `key="value"` lines.
fn lines(map: &std::collections::BTreeMap<String, String>) -> String {
    let lines: Vec<String> = map
        .iter()
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    lines.join("\n")
}

/// The value of `requests.cpu`, `limits.memory` and the like, divided as asked.
pub fn resource(
    pod: &Pod,
    selector: &ResourceFieldSelector,
    own: &Container,
    facts: &NodeFacts,
) -> Result<String, String> {
    let container = match selector.container_name.as_deref().unwrap_or_default() {
        "" => own,
        name => find(pod, name).ok_or_else(|| format!("container {name} not found"))?,
    };
    let (list, name) = selector
        .resource
        .split_once('.')
        .ok_or_else(|| format!("unsupported container resource : {}", selector.resource))?;
    let resources = container.resources.as_ref();
    let limit = resources
        .and_then(|own| own.limits.as_ref())
        .and_then(|limits| limits.get(name));
    let request = resources
        .and_then(|own| own.requests.as_ref())
        .and_then(|requests| requests.get(name));
    let declared = match list {
        "limits" => limit,
        "requests" => request,
        _ => {
            return Err(format!(
                "unsupported container resource : {}",
                selector.resource
            ));
        }
    };
    let declared: Option<Quantity> = declared.and_then(|text| text.0.parse().ok());
    let divisor: Option<Quantity> = selector.divisor.as_ref().and_then(|d| d.0.parse().ok());
    let divisor = divisor.filter(|divisor| !divisor.is_zero());
    let is_limit = list == "limits";
    Ok(match name {
        "cpu" => {
            let default = if is_limit {
                facts.allocatable_milli_cpu
            } else {
                0
            };
            let amount = declared.map_or(default, |amount| amount.milli_value());
            let divisor = divisor.map_or(1000, |divisor| divisor.milli_value());
            divide(amount, divisor)
        }
        _ => {
            let default = match (is_limit, name) {
                (true, "memory") => facts.allocatable_memory,
                (true, "ephemeral-storage") => facts.allocatable_ephemeral_storage,
                _ => 0,
            };
            let amount = declared.map_or(default, |amount| amount.value());
            divide(amount, divisor.map_or(1, |divisor| divisor.value()))
        }
    })
}

fn divide(amount: i64, divisor: i64) -> String {
    let divisor = divisor.max(1);
    (amount / divisor + i64::from(amount % divisor != 0)).to_string()
}

fn find<'a>(pod: &'a Pod, name: &str) -> Option<&'a Container> {
    let spec = pod.spec.as_ref()?;
    let init = spec.init_containers.iter().flatten();
    spec.containers
        .iter()
        .chain(init)
        .find(|container| container.name == name)
}
