//! The cluster's DNS: names of Services, their endpoints and Pods, as CoreDNS' kubernetes plugin
//! answers them (`github.com/coredns/coredns/plugin/kubernetes`).

use std::net::{IpAddr, Ipv4Addr};

use super::model::{Endpoint, Service};
use super::proxy::ServiceTable;
use crate::sockets::{Answer, Record, RecordData, RecordType, ResponseCode};

const TTL: u32 = 30;

/// Answers questions from the table of Services.
pub(super) struct Zone<'a> {
    /// `cluster.local`
    pub domain: &'a str,
    pub services: &'a ServiceTable,
    /// Hosts outside of the cluster that exist.
    pub outside: &'a std::collections::HashMap<String, IpAddr>,
}

impl Zone<'_> {
    pub fn answer(&self, name: &str, kind: RecordType) -> Answer {
        let name = name.trim_end_matches('.').to_lowercase();
        match self.records(&name, kind, 0) {
            Some(records) => {
                let is_empty = records.is_empty();
                Answer {
                    code: ResponseCode::NoError,
                    records,
                    authority: is_empty.then(|| self.authority(&name)),
                }
            }
            None => Answer {
                code: ResponseCode::NxDomain,
                records: Vec::new(),
                authority: Some(self.authority(&name)),
            },
        }
    }

    /// The records of a name, or `None` where the name does not exist.
    fn records(&self, name: &str, kind: RecordType, depth: usize) -> Option<Vec<Record>> {
        if let Some(ip) = reverse_address(name) {
            return self.pointer(name, ip, kind);
        }
        let Some(inside) = name.strip_suffix(self.domain) else {
            let ip = self.outside.get(name)?;
            return Some(only(kind, RecordType::A, vec![address(name, *ip)]));
        };
        let labels: Vec<&str> = inside.split('.').filter(|part| !part.is_empty()).collect();
        match labels.as_slice() {
            [] => Some(Vec::new()),
            ["dns-version"] => {
                let text = RecordData::Txt("1.1.0".to_owned());
                Some(only(kind, RecordType::Txt, vec![record(name, text)]))
            }
            ["svc" | "pod"] => Some(Vec::new()),
            [pod, _, "pod"] => {
                let ip = undash(pod)?;
                Some(only(kind, RecordType::A, vec![address(name, ip)]))
            }
            [namespace, "svc"] => self.services.has_namespace(namespace).then(Vec::new),
            [service, namespace, "svc"] => {
                let service = self.service(namespace, service)?;
                Some(self.service_records(name, service, kind, depth))
            }
            [port, protocol, service, namespace, "svc"]
                if port.starts_with('_') && protocol.starts_with('_') =>
            {
                let service = self.service(namespace, service)?;
                self.port_records(name, service, &port[1..], &protocol[1..], kind)
            }
            [host, service, namespace, "svc"] => {
                let service = self.service(namespace, service)?;
                self.host_records(name, service, host, kind)
            }
            _ => None,
        }
    }

    fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        self.services.get(&(namespace.to_owned(), name.to_owned()))
    }

    fn service_records(
        &self,
        name: &str,
        service: &Service,
        kind: RecordType,
        depth: usize,
    ) -> Vec<Record> {
        if let Some(target) = &service.external_name {
            let mut records = vec![record(name, RecordData::Cname(target.clone()))];
            if matches!(kind, RecordType::A | RecordType::Aaaa) && depth < 8 {
                records.extend(self.records(target, kind, depth + 1).unwrap_or_default());
            }
            return records;
        }
        if kind == RecordType::Srv {
            return self.service_ports(name, service, |_, _| true);
        }
        let ips: Vec<IpAddr> = if service.cluster_ips.is_empty() {
            let endpoints = self.published(service);
            endpoints.map(|endpoint| endpoint.ip).collect()
        } else {
            service.cluster_ips.clone()
        };
        let family = |ip: &IpAddr| match kind {
            RecordType::A => ip.is_ipv4(),
            RecordType::Aaaa => ip.is_ipv6(),
            _ => false,
        };
        let ips = ips.into_iter().filter(family);
        ips.map(|ip| address(name, ip)).collect()
    }

    fn port_records(
        &self,
        name: &str,
        service: &Service,
        port: &str,
        protocol: &str,
        kind: RecordType,
    ) -> Option<Vec<Record>> {
        let records = self.service_ports(name, service, |port_name, port_protocol| {
            (port == "*" || port_name == port) && (protocol == "*" || port_protocol == protocol)
        });
        (!records.is_empty()).then(|| only(kind, RecordType::Srv, records))
    }

    fn service_ports(
        &self,
        name: &str,
        service: &Service,
        wanted: impl Fn(&str, &str) -> bool,
    ) -> Vec<Record> {
        let service_name = self.service_name(service);
        let srv = |port: u16, target: String| {
            let data = RecordData::Srv {
                priority: 0,
                weight: 100,
                port,
                target,
            };
            record(name, data)
        };
        if !service.cluster_ips.is_empty() {
            let ports = service.ports.iter();
            let ports = ports.filter(|port| wanted(&port.name, port.protocol.as_str()));
            return ports
                .map(|port| srv(port.port, service_name.clone()))
                .collect();
        }
        let key = (service.namespace.clone(), service.name.clone());
        let mut records = Vec::new();
        for slice in self.services.slices(&key) {
            let ports = slice.ports.iter();
            for port in ports.filter(|port| wanted(&port.name, port.protocol.as_str())) {
                let endpoints = slice.endpoints.iter();
                for endpoint in endpoints.filter(|endpoint| is_published(service, endpoint)) {
                    let target = format!("{}.{service_name}", host_label(endpoint));
                    records.push(srv(port.port, target));
                }
            }
        }
        records
    }

    fn host_records(
        &self,
        name: &str,
        service: &Service,
        host: &str,
        kind: RecordType,
    ) -> Option<Vec<Record>> {
        if !service.cluster_ips.is_empty() {
            return None;
        }
        let endpoints = self.published(service);
        let records: Vec<Record> = endpoints
            .filter(|endpoint| host_label(endpoint) == host)
            .map(|endpoint| address(name, endpoint.ip))
            .collect();
        (!records.is_empty()).then(|| only(kind, RecordType::A, records))
    }

    fn published<'s>(&'s self, service: &'s Service) -> impl Iterator<Item = &'s Endpoint> {
        let key = (service.namespace.clone(), service.name.clone());
        let slices = self.services.slices(&key).iter();
        let endpoints = slices.flat_map(|slice| &slice.endpoints);
        endpoints.filter(|endpoint| is_published(service, endpoint))
    }

    fn pointer(&self, name: &str, ip: IpAddr, kind: RecordType) -> Option<Vec<Record>> {
        let target = match self.services.owner(ip) {
            Some(service) => self.service_name(service),
            None => {
                let (service, endpoint) = self.services.endpoint_owner(ip)?;
                format!("{}.{}", host_label(endpoint), self.service_name(service))
            }
        };
        let records = vec![record(name, RecordData::Ptr(target))];
        Some(only(kind, RecordType::Ptr, records))
    }

    fn service_name(&self, service: &Service) -> String {
        let domain = self.domain;
        format!("{}.{}.svc.{domain}", service.name, service.namespace)
    }

    fn authority(&self, name: &str) -> Record {
        let (zone, primary, mailbox) = if name.ends_with(self.domain) {
            let domain = self.domain;
            (
                domain,
                format!("ns.dns.{domain}"),
                format!("hostmaster.{domain}"),
            )
        } else {
            (
                "",
                "a.root-servers.net".to_owned(),
                "nstld.verisign-grs.com".to_owned(),
            )
        };
        Record {
            name: zone.to_owned(),
            ttl: TTL,
            data: RecordData::Soa {
                primary,
                mailbox,
                serial: 1,
            },
        }
    }
}

fn is_published(service: &Service, endpoint: &Endpoint) -> bool {
    endpoint.ready || service.publish_not_ready_addresses
}

/// The label of an endpoint under its Service: its hostname, or its address with dashes.
fn host_label(endpoint: &Endpoint) -> String {
    let dashed = || endpoint.ip.to_string().replace(['.', ':'], "-");
    endpoint.hostname.clone().unwrap_or_else(dashed)
}

fn undash(label: &str) -> Option<IpAddr> {
    label.replace('-', ".").parse().ok()
}

fn reverse_address(name: &str) -> Option<IpAddr> {
    let digits = name.strip_suffix(".in-addr.arpa")?;
    let bytes: Vec<u8> = digits
        .split('.')
        .rev()
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let bytes: [u8; 4] = bytes.try_into().ok()?;
    Some(IpAddr::V4(Ipv4Addr::from(bytes)))
}

/// The records, if they are of the kind asked for.
fn only(asked: RecordType, kind: RecordType, records: Vec<Record>) -> Vec<Record> {
    if asked == kind { records } else { Vec::new() }
}

fn record(name: &str, data: RecordData) -> Record {
    Record {
        name: name.to_owned(),
        ttl: TTL,
        data,
    }
}

fn address(name: &str, ip: IpAddr) -> Record {
    record(name, RecordData::Address(ip))
}
