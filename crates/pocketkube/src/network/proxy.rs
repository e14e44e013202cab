//! Service addresses and which endpoint a connection to one goes to: kube-proxy.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::model::{Endpoint, EndpointSlice, Protocol, Service, ServicePort};
use crate::sockets::ConnectError;

/// Namespace and name.
pub(super) type ServiceKey = (String, String);

/// Everything known about Services.
#[derive(Default)]
pub(super) struct ServiceTable {
    services: HashMap<ServiceKey, Service>,
    slices: HashMap<ServiceKey, Vec<EndpointSlice>>,
    by_address: HashMap<IpAddr, ServiceKey>,
    by_node_port: HashMap<u16, ServiceKey>,
    affinity: HashMap<(ServiceKey, IpAddr), (IpAddr, Timestamp)>,
}

/// Where a connection enters the cluster's Services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    ClusterIp,
    /// A node port or an external address.
    Outside,
}

/// A client and the node it talks through.
pub(super) struct Client<'a> {
    pub ip: IpAddr,
    pub node: Option<&'a str>,
    pub now: Timestamp,
}

impl ServiceTable {
    pub fn set(&mut self, service: Service) {
        let key = (service.namespace.clone(), service.name.clone());
        self.remove(&key);
        for ip in service.cluster_ips.iter().chain(&service.external_ips) {
            self.by_address.insert(*ip, key.clone());
        }
        for port in service.ports.iter().filter_map(|port| port.node_port) {
            self.by_node_port.insert(port, key.clone());
        }
        self.services.insert(key, service);
    }

    pub fn remove(&mut self, key: &ServiceKey) {
        self.services.remove(key);
        self.by_address.retain(|_, owner| owner != key);
        self.by_node_port.retain(|_, owner| owner != key);
        self.affinity.retain(|(service, _), _| service != key);
    }

    pub fn set_slice(&mut self, key: ServiceKey, slice: EndpointSlice) {
        let slices = self.slices.entry(key).or_default();
        slices.retain(|existing| existing.name != slice.name);
        slices.push(slice);
    }

    pub fn remove_slice(&mut self, key: &ServiceKey, name: &str) {
        if let Some(slices) = self.slices.get_mut(key) {
            slices.retain(|slice| slice.name != name);
            if slices.is_empty() {
                self.slices.remove(key);
            }
        }
    }

    pub fn get(&self, key: &ServiceKey) -> Option<&Service> {
        self.services.get(key)
    }

    pub fn slices(&self, key: &ServiceKey) -> &[EndpointSlice] {
        self.slices.get(key).map_or(&[], Vec::as_slice)
    }

    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.services.keys().any(|(of, _)| of == namespace)
    }

    /// Some ready endpoint behind a DNS server's address.
    pub fn udp_backend(&self, server: SocketAddr) -> Option<SocketAddr> {
        let key = self.by_address.get(&server.ip())?;
        self.slices(key).iter().find_map(|slice| {
            let port = slice.ports.iter().find(|p| p.protocol == Protocol::Udp)?;
            let endpoint = slice.endpoints.iter().find(|endpoint| endpoint.ready)?;
            Some(SocketAddr::new(endpoint.ip, port.port))
        })
    }

    /// The Service an address belongs to.
    pub fn owner(&self, ip: IpAddr) -> Option<&Service> {
        self.services.get(self.by_address.get(&ip)?)
    }

    /// The name an endpoint address has under a headless Service, for reverse lookups.
    pub fn endpoint_owner(&self, ip: IpAddr) -> Option<(&Service, &Endpoint)> {
        self.services.iter().find_map(|(key, service)| {
            let mut endpoints = self.slices(key).iter().flat_map(|slice| &slice.endpoints);
            let endpoint = endpoints.find(|endpoint| endpoint.ip == ip)?;
            service
                .cluster_ips
                .is_empty()
                .then_some((service, endpoint))
        })
    }

    /// Whether anybody would answer behind a Service address, over any protocol.
    pub fn is_served(&self, ip: IpAddr, port: u16) -> Option<bool> {
        let key = self.by_address.get(&ip)?;
        let service = self.services.get(key)?;
        let port = service.ports.iter().find(|p| p.port == port);
        Some(port.is_some_and(|port| !self.candidates(key, port, None).is_empty()))
    }

    /// The endpoint a connection to `to` goes to; `None` where `to` is no Service's address.
    pub fn choose(
        &mut self,
        to: SocketAddr,
        is_node: bool,
        client: &Client<'_>,
        random: &mut StdRng,
    ) -> Option<Result<SocketAddr, ConnectError>> {
        let (key, entry, port) = self.find(to, is_node)?;
        let service = self.services.get(&key)?;
        let Some(port) = port else {
            return Some(Err(ConnectError::Dropped {
                reason: format!("Service {}/{} has no port {}", key.0, key.1, to.port()),
            }));
        };
        let is_local = match entry {
            Entry::ClusterIp => service.internal_traffic_local,
            Entry::Outside => service.external_traffic_local,
        };
        let candidates = self.candidates(&key, &port, is_local.then_some(client.node));
        if candidates.is_empty() {
            // Without endpoints kube-proxy rejects; without local ones it drops.
            let elsewhere = is_local && !self.candidates(&key, &port, None).is_empty();
            return Some(Err(if elsewhere {
                ConnectError::Dropped {
                    reason: format!(
                        "Service {}/{} keeps traffic on its node, which has no ready endpoint",
                        key.0, key.1
                    ),
                }
            } else {
                ConnectError::Refused
            }));
        }
        let affinity = service.session_affinity;
        let remembered = affinity.and_then(|lasts| {
            let (ip, since) = self.affinity.get(&(key.clone(), client.ip))?;
            let age = client.now.duration_since(*since);
            (age.unsigned_abs() < lasts)
                .then(|| candidates.iter().find(|candidate| candidate.ip() == *ip))
                .flatten()
        });
        let chosen = *remembered.or_else(|| candidates.choose(random))?;
        if affinity.is_some() {
            self.affinity
                .insert((key, client.ip), (chosen.ip(), client.now));
        }
        Some(Ok(chosen))
    }

    fn find(
        &self,
        to: SocketAddr,
        is_node: bool,
    ) -> Option<(ServiceKey, Entry, Option<ServicePort>)> {
        if let Some(key) = self.by_address.get(&to.ip()) {
            let service = self.services.get(key)?;
            let entry = if service.cluster_ips.contains(&to.ip()) {
                Entry::ClusterIp
            } else {
                Entry::Outside
            };
            let port = tcp_ports(service).find(|port| port.port == to.port());
            return Some((key.clone(), entry, port.cloned()));
        }
        if is_node {
            let key = self.by_node_port.get(&to.port())?;
            let service = self.services.get(key)?;
            let port = tcp_ports(service).find(|port| port.node_port == Some(to.port()))?;
            return Some((key.clone(), Entry::Outside, Some(port.clone())));
        }
        None
    }

    /// Ready endpoints, or, if there are none, those that still serve while they terminate.
    fn candidates(
        &self,
        key: &ServiceKey,
        port: &ServicePort,
        only_on: Option<Option<&str>>,
    ) -> Vec<SocketAddr> {
        let of = |usable: fn(&Endpoint) -> bool| -> Vec<SocketAddr> {
            let slices = self.slices(key).iter();
            let pairs = slices.filter_map(|slice| {
                let target = slice.ports.iter().find(|p| p.name == port.name)?;
                Some((slice, target.port))
            });
            let addresses = pairs.flat_map(|(slice, target)| {
                let endpoints = slice.endpoints.iter().filter(move |endpoint| {
                    usable(endpoint) && only_on.is_none_or(|node| endpoint.node.as_deref() == node)
                });
                endpoints.map(move |endpoint| SocketAddr::new(endpoint.ip, target))
            });
            addresses.collect()
        };
        let ready = of(|endpoint| endpoint.ready);
        if ready.is_empty() {
            of(|endpoint| endpoint.serving && endpoint.terminating)
        } else {
            ready
        }
    }
}

fn tcp_ports(service: &Service) -> impl Iterator<Item = &ServicePort> {
    let ports = service.ports.iter();
    ports.filter(|port| port.protocol == Protocol::Tcp)
}
