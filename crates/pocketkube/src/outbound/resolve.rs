//! From a Service to one of the endpoints behind it.
//!
//! The API server goes to endpoints itself, as it does with `--enable-aggregator-routing`: who has
//! none is told so, where a cluster IP would only refuse the connection. Mirrors
//! `ResolveEndpoint` in `apiserver/pkg/util/proxy/proxy.go` (v1.35).

use std::net::{IpAddr, SocketAddr};

use rand::seq::IndexedRandom;
use serde_json::Value;

use super::Place;
use crate::api::tree::{elements, text};
use crate::api::{GroupResource, meta};
use crate::registry::{Objects, Registry};

const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

/// Where a Service sends its callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// An address in the cluster's network.
    Inside(SocketAddr),
    /// A host of the world outside: the Service is an ExternalName.
    Outside { host: String, port: u16 },
}

/// A ready endpoint of the Service, a random one where there are several.
pub(super) fn endpoint(registry: &Registry, place: &Place) -> Result<Endpoint, String> {
    let Place::Service {
        namespace,
        name,
        port,
    } = place
    else {
        return Err("no service is meant".to_owned());
    };
    let services = GroupResource::new("", "services");
    let service = Objects::get(registry, &services, namespace, name)
        .ok_or_else(|| format!("service {name:?} not found"))?;
    let spec = &service.value()["spec"];
    if text(spec, "type") == "ExternalName" {
        return Ok(Endpoint::Outside {
            host: text(spec, "externalName").to_owned(),
            port: *port,
        });
    }
    let own = elements(&spec["ports"])
        .iter()
        .find(|own| own["port"].as_u64() == Some(u64::from(*port)))
        .ok_or_else(|| format!("no service port {port} found for service {name:?}"))?;
    let slices = GroupResource::new("discovery.k8s.io", "endpointslices");
    let slices = Objects::list(registry, &slices, namespace);
    let ready: Vec<SocketAddr> = slices
        .iter()
        .map(|slice| slice.value())
        .filter(|slice| meta::label(slice, SERVICE_NAME_LABEL) == Some(name))
        .flat_map(|slice| ready(slice, text(own, "name")))
        .collect();
    ready
        .choose(&mut rand::rng())
        .map(|address| Endpoint::Inside(*address))
        .ok_or_else(|| format!("no endpoints available for service {name:?}"))
}

/// The ready addresses of a slice, with its port of that name.
fn ready(slice: &Value, port: &str) -> Vec<SocketAddr> {
    let port = elements(&slice["ports"])
        .iter()
        .find(|own| text(own, "name") == port)
        .and_then(|own| u16::try_from(own["port"].as_u64()?).ok());
    let Some(port) = port else {
        return Vec::new();
    };
    elements(&slice["endpoints"])
        .iter()
        .filter(|endpoint| endpoint["conditions"]["ready"] != false)
        .flat_map(|endpoint| elements(&endpoint["addresses"]))
        .filter_map(|address| address.as_str()?.parse::<IpAddr>().ok())
        .map(|ip| SocketAddr::new(ip, port))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_ready_addresses_of_the_port_are_called() {
        let slice = json!({
            "ports": [{"name": "web", "port": 80}, {"name": "hook", "port": 8443}],
            "endpoints": [
                {"addresses": ["10.244.1.2"], "conditions": {"ready": true}},
                {"addresses": ["10.244.1.3"], "conditions": {"ready": false}},
                {"addresses": ["172.18.0.1"]},
            ],
        });
        let addresses: Vec<String> = ready(&slice, "hook")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(addresses, ["10.244.1.2:8443", "172.18.0.1:8443"]);
        assert!(ready(&slice, "other").is_empty());
    }
}
