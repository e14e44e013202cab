//! What the network is told about the cluster: small structs, independent of the API's types.

use std::net::IpAddr;
use std::time::Duration;

/// A Service as kube-proxy and the DNS see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    pub namespace: String,
    pub name: String,
    /// None for a headless Service.
    pub cluster_ips: Vec<IpAddr>,
    /// Addresses from outside that lead to it: external IPs, load balancers.
    pub external_ips: Vec<IpAddr>,
    /// The target of a Service of type ExternalName.
    pub external_name: Option<String>,
    pub ports: Vec<ServicePort>,
    /// How long a client stays with one endpoint, where `sessionAffinity` is `ClientIP`.
    pub session_affinity: Option<Duration>,
    pub publish_not_ready_addresses: bool,
    /// `externalTrafficPolicy: Local`
    pub external_traffic_local: bool,
    /// `internalTrafficPolicy: Local`
    pub internal_traffic_local: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePort {
    /// Empty for the only port of a Service.
    pub name: String,
    pub protocol: Protocol,
    pub port: u16,
    pub node_port: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    #[default]
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    /// As in SRV names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

/// Some of a Service's endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointSlice {
    pub name: String,
    pub ports: Vec<EndpointPort>,
    pub endpoints: Vec<Endpoint>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointPort {
    pub name: String,
    pub protocol: Protocol,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub ip: IpAddr,
    pub ready: bool,
    pub serving: bool,
    pub terminating: bool,
    pub hostname: Option<String>,
    pub node: Option<String>,
}

impl Endpoint {
    pub fn ready(ip: IpAddr) -> Self {
        Self {
            ip,
            ready: true,
            serving: true,
            terminating: false,
            hostname: None,
            node: None,
        }
    }
}
