//! Tells the network what the API knows: Services, their endpoints, where Pods are, and who may
//! talk to whom.
//!
//! The work of kube-proxy and of a network plugin on every node, done once. Mirrors `pkg/proxy/{service,endpointslicecache}.go`
//! (v1.35).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Service as ServiceObject};
use k8s_openapi::api::discovery::v1::EndpointSlice as SliceObject;

use super::Network;
use super::model::{Endpoint, EndpointPort, EndpointSlice, Protocol, Service, ServicePort};
use super::policy::NetworkPolicies;
use crate::client::{Change, Informers, Kind};

const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";
/// How long `sessionAffinity: ClientIP` lasts where the Service doesn't say.
const DEFAULT_AFFINITY_SECONDS: i32 = 10_800;

impl Network {
    /// Follows Services, EndpointSlices, Pods and NetworkPolicies from now on. Must be called
    /// inside a runtime.
    pub fn follow(&self, informers: &Informers) {
        let policies = NetworkPolicies::following(informers);
        self.set_packet_filter(Some(Arc::new(policies)));
        let network = self.clone();
        informers
            .get::<ServiceObject>()
            .subscribe(move |change| network.service_changed(change));
        let network = self.clone();
        informers
            .get::<SliceObject>()
            .subscribe(move |change| network.slice_changed(change));
        let network = self.clone();
        informers
            .get::<Pod>()
            .subscribe(move |change| network.pod_changed(change));
    }

    fn service_changed(&self, change: &Change<ServiceObject>) {
        let service = change.object();
        match change {
            Change::Deleted(_) => self.remove_service(service.namespace(), service.name()),
            _ => self.set_service(to_service(service)),
        }
    }

    fn slice_changed(&self, change: &Change<SliceObject>) {
        let slice = change.object();
        let service_of = |slice: &SliceObject| slice.labels().get(SERVICE_NAME_LABEL).cloned();
        let (namespace, name) = (slice.namespace(), slice.name());
        // A slice may be given to another Service.
        if let Some(old) = change.old().and_then(|old| service_of(old))
            && Some(&old) != service_of(slice).as_ref()
        {
            self.remove_endpoint_slice(namespace, &old, name);
        }
        let Some(service) = service_of(slice) else {
            return;
        };
        match change {
            Change::Deleted(_) => self.remove_endpoint_slice(namespace, &service, name),
            _ => self.set_endpoint_slice(namespace, &service, to_slice(slice)),
        }
    }

    fn pod_changed(&self, change: &Change<Pod>) {
        let ip = |pod: &Pod| pod.status.as_ref().and_then(|status| status.pod_ip.clone());
        let pod = change.object();
        let is_news = change.old().is_none_or(|old| ip(old) != ip(pod));
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
        let address = ip(pod).and_then(|ip| ip.parse().ok());
        if let (true, Some(node), Some(address), false) =
            (is_news, node, address, matches!(change, Change::Deleted(_)))
        {
            self.set_pod_node(address, node);
        }
    }
}

fn to_service(object: &ServiceObject) -> Service {
    let spec = object.spec.clone().unwrap_or_default();
    let addresses = |list: Option<Vec<String>>| -> Vec<IpAddr> {
        let list = list.into_iter().flatten();
        list.filter_map(|address| address.parse().ok()).collect()
    };
    let ingress = object
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref())
        .and_then(|balancer| balancer.ingress.clone());
    let balancers = ingress.into_iter().flatten().filter_map(|own| own.ip);
    let mut external_ips = addresses(spec.external_ips);
    external_ips.extend(balancers.filter_map(|ip| ip.parse::<IpAddr>().ok()));
    let is_external_name = spec.type_.as_deref() == Some("ExternalName");
    let sticks = spec.session_affinity.as_deref() == Some("ClientIP");
    let lasts = spec
        .session_affinity_config
        .and_then(|config| config.client_ip)
        .and_then(|client| client.timeout_seconds)
        .unwrap_or(DEFAULT_AFFINITY_SECONDS);
    Service {
        namespace: object.namespace().to_owned(),
        name: object.name().to_owned(),
        cluster_ips: addresses(spec.cluster_ips),
        external_ips,
        external_name: spec.external_name.filter(|_| is_external_name),
        ports: spec
            .ports
            .iter()
            .flatten()
            .map(|port| ServicePort {
                name: port.name.clone().unwrap_or_default(),
                protocol: protocol(port.protocol.as_deref()),
                port: number(port.port),
                node_port: port.node_port.filter(|port| *port > 0).map(number),
            })
            .collect(),
        session_affinity: sticks
            .then(|| Duration::from_secs(u64::try_from(lasts).unwrap_or_default())),
        publish_not_ready_addresses: spec.publish_not_ready_addresses.unwrap_or_default(),
        external_traffic_local: spec.external_traffic_policy.as_deref() == Some("Local"),
        internal_traffic_local: spec.internal_traffic_policy.as_deref() == Some("Local"),
    }
}

fn to_slice(object: &SliceObject) -> EndpointSlice {
    let endpoints = object.endpoints.iter().flat_map(|endpoint| {
        let conditions = endpoint.conditions.clone().unwrap_or_default();
        let addresses = endpoint.addresses.iter();
        addresses.filter_map(move |address| {
            let ready = conditions.ready.unwrap_or(true);
            Some(Endpoint {
                ip: address.parse().ok()?,
                ready,
                serving: conditions.serving.unwrap_or(ready),
                terminating: conditions.terminating.unwrap_or_default(),
                hostname: endpoint.hostname.clone(),
                node: endpoint.node_name.clone(),
            })
        })
    });
    let ports = object.ports.iter().flatten().map(|port| EndpointPort {
        name: port.name.clone().unwrap_or_default(),
        protocol: protocol(port.protocol.as_deref()),
        port: port.port.map(number).unwrap_or_default(),
    });
    EndpointSlice {
        name: object.name().to_owned(),
        ports: ports.collect(),
        endpoints: endpoints.collect(),
    }
}

fn protocol(name: Option<&str>) -> Protocol {
    match name {
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => Protocol::Sctp,
        _ => Protocol::Tcp,
    }
}

fn number(port: i32) -> u16 {
    u16::try_from(port).unwrap_or_default()
}
