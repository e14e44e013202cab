//! Who may talk to whom: the place where packets are judged, and NetworkPolicies as the judge.
//!
//! A policy only ever allows; a Pod that no policy selects hears everybody. Answers to a request
//! that was let through are let through, because connections are judged once, when they are made.
//! What policies leave open (Pods on the network of their node) is as in kind: such a Pod is the
//! node. Mirrors `NetworkPolicySpec` of `staging/src/k8s.io/api/networking/v1/types.go` (v1.35).

mod rules;

use std::net::IpAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::api::networking::v1::NetworkPolicy;

use super::model::Protocol;
use crate::client::{Index, Informers, Kind, Lister};
use rules::{Direction, Peer};

/// A connection about to be made, Service addresses already replaced by a Pod's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    pub from: IpAddr,
    pub to: IpAddr,
    pub port: u16,
    pub protocol: Protocol,
}

/// What becomes of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    /// Nobody answers; the reason is for those who ask why.
    Drop {
        reason: String,
    },
}

/// Judges connections, as a network plugin with NetworkPolicy support does.
pub trait PacketFilter: Send + Sync + 'static {
    fn verdict(&self, packet: Packet) -> Verdict;
}

/// Judges by the NetworkPolicies, Pods and Namespaces of the API.
pub(super) struct NetworkPolicies {
    policies: Lister<NetworkPolicy>,
    namespaces: Lister<Namespace>,
    pods: Index<Pod>,
}

impl NetworkPolicies {
    /// Must be called inside a runtime.
    pub(super) fn following(informers: &Informers) -> Self {
        let pods = informers.lister::<Pod>();
        Self {
            policies: informers.lister(),
            namespaces: informers.lister(),
            pods: pods.index("address", addresses),
        }
    }

    fn peer(&self, ip: IpAddr) -> Peer {
        let pod = self.pods.get(&ip.to_string()).into_iter().next();
        let namespace = pod
            .as_ref()
            .and_then(|pod| self.namespaces.get("", pod.namespace()));
        Peer { ip, pod, namespace }
    }

    /// Why the Pod `of` may not talk to `with` (or hear it), as far as its own policies go.
    fn refusal(&self, direction: Direction, of: &Peer, with: &Peer, to: Packet) -> Option<String> {
        let pod = of.pod.as_deref()?;
        let policies = self.policies.list(pod.namespace());
        let isolating: Vec<&Arc<NetworkPolicy>> = policies
            .iter()
            .filter(|policy| rules::isolates(policy, direction, pod))
            .collect();
        let allowed = |policy: &&Arc<NetworkPolicy>| rules::allows(policy, direction, of, with, to);
        if isolating.is_empty() || isolating.iter().any(allowed) {
            return None;
        }
        let names: Vec<&str> = isolating.iter().map(|policy| policy.name()).collect();
        Some(rules::refusal(direction, of, with, to, &names))
    }
}

impl PacketFilter for NetworkPolicies {
    fn verdict(&self, packet: Packet) -> Verdict {
        if self.policies.is_empty() {
            return Verdict::Allow;
        }
        let (from, to) = (self.peer(packet.from), self.peer(packet.to));
        let refusal = self
            .refusal(Direction::Egress, &from, &to, packet)
            .or_else(|| self.refusal(Direction::Ingress, &to, &from, packet));
        match refusal {
            Some(reason) => Verdict::Drop { reason },
            None => Verdict::Allow,
        }
    }
}

/// The addresses that are a Pod's own. A Pod that has ended gives its address back.
fn addresses(pod: &Pod) -> Vec<String> {
    let is_on_host = pod
        .spec
        .as_ref()
        .is_some_and(|spec| spec.host_network == Some(true));
    let Some(status) = pod.status.as_ref().filter(|_| !is_on_host) else {
        return Vec::new();
    };
    if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
        return Vec::new();
    }
    let listed = status.pod_ips.iter().flatten().map(|own| own.ip.clone());
    let listed: Vec<String> = listed.collect();
    match listed.is_empty() {
        true => status.pod_ip.iter().cloned().collect(),
        false => listed,
    }
}
