//! What one NetworkPolicy says of one connection. Pure functions.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::model::Protocol;
use super::Packet;
use crate::client::{Kind, Selector};

/// The two kinds of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    fn policy_type(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }
}

/// One end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub ip: IpAddr,
    /// Whose address it is, where it is a Pod's own.
    pub pod: Option<Arc<Pod>>,
    pub namespace: Option<Arc<Namespace>>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pod {
            Some(pod) => write!(f, "pod {}/{}", pod.namespace(), pod.name()),
            None => self.ip.fmt(f),
        }
    }
}

/// Whether the policy shuts a Pod of its namespace off but for what policies allow.
pub(super) fn isolates(policy: &NetworkPolicy, direction: Direction, pod: &Pod) -> bool {
    let Some(spec) = &policy.spec else {
        return false;
    };
    let has_type = spec
        .policy_types
        .iter()
        .flatten()
        .any(|own| own == direction.policy_type());
    has_type
        && match &spec.pod_selector {
            // Absent and empty mean the same here.
            None => true,
            selector => Selector::from_label_selector(selector.as_ref()).matches(pod.labels()),
        }
}

/// Whether a rule of the policy lets the Pod `of` hear `with`, or talk to it.
pub(super) fn allows(
    policy: &NetworkPolicy,
    direction: Direction,
    of: &Peer,
    with: &Peer,
    packet: Packet,
) -> bool {
    let Some(spec) = &policy.spec else {
        return false;
    };
    // Named ports are those of the Pod that is talked to.
    let server = match direction {
        Direction::Ingress => of,
        Direction::Egress => with,
    };
    let matches = |peers: Option<&Vec<NetworkPolicyPeer>>,
                   ports: Option<&Vec<NetworkPolicyPort>>| {
        let is_any = |count: Option<usize>| count.unwrap_or_default() == 0;
        let peer_fits = is_any(peers.map(Vec::len))
            || peers
                .into_iter()
                .flatten()
                .any(|peer| is_peer(peer, policy.namespace(), with));
        let port_fits = is_any(ports.map(Vec::len))
            || ports
                .into_iter()
                .flatten()
                .any(|port| is_port(port, server, packet));
        peer_fits && port_fits
    };
    match direction {
        Direction::Ingress => spec
            .ingress
            .iter()
            .flatten()
            .any(|rule| matches(rule.from.as_ref(), rule.ports.as_ref())),
        Direction::Egress => spec
            .egress
            .iter()
            .flatten()
            .any(|rule| matches(rule.to.as_ref(), rule.ports.as_ref())),
    }
}

fn is_peer(rule: &NetworkPolicyPeer, policy_namespace: &str, peer: &Peer) -> bool {
    if let Some(block) = &rule.ip_block {
        return is_in(block, peer.ip);
    }
    let Some(pod) = &peer.pod else {
        return false;
    };
    let is_near = match &rule.namespace_selector {
        None => pod.namespace() == policy_namespace,
        selector => peer.namespace.as_ref().is_some_and(|namespace| {
            Selector::from_label_selector(selector.as_ref()).matches(namespace.labels())
        }),
    };
    let is_meant = match &rule.pod_selector {
        None => rule.namespace_selector.is_some(),
        selector => Selector::from_label_selector(selector.as_ref()).matches(pod.labels()),
    };
    is_near && is_meant
}

fn is_in(block: &IPBlock, ip: IpAddr) -> bool {
    let holds = |range: &str| range.parse::<IpNet>().is_ok_and(|net| net.contains(&ip));
    let excepts = block.except.iter().flatten();
    holds(&block.cidr) && !excepts.into_iter().any(|except| holds(except))
}

fn is_port(rule: &NetworkPolicyPort, server: &Peer, packet: Packet) -> bool {
    let protocol = rule.protocol.as_deref().unwrap_or("TCP");
    if !protocol.eq_ignore_ascii_case(packet.protocol.as_str()) {
        return false;
    }
    let port = i32::from(packet.port);
    match &rule.port {
        None => true,
        Some(IntOrString::Int(first)) => (*first..=rule.end_port.unwrap_or(*first)).contains(&port),
        Some(IntOrString::String(name)) => is_named(name, protocol, server, port),
    }
}

/// Whether one of the containers of the Pod calls this port by that name.
fn is_named(name: &str, protocol: &str, server: &Peer, port: i32) -> bool {
    let spec = server.pod.as_ref().and_then(|pod| pod.spec.as_ref());
    let containers = spec.into_iter().flat_map(|spec| {
        let restartable = spec.init_containers.iter().flatten();
        spec.containers.iter().chain(restartable)
    });
    containers
        .flat_map(|container| container.ports.iter().flatten())
        .any(|own| {
            own.name.as_deref() == Some(name)
                && own.container_port == port
                && own.protocol.as_deref().unwrap_or("TCP") == protocol
        })
}

/// In words: which policies leave the connection out.
pub(super) fn refusal(
    direction: Direction,
    of: &Peer,
    with: &Peer,
    packet: Packet,
    policies: &[&str],
) -> String {
    let names = policies.join(", ");
    let port = match packet.port {
        0 => "ICMP".to_owned(),
        port => format!("{port}/{}", protocol_name(packet.protocol)),
    };
    match direction {
        Direction::Ingress => {
            format!("no NetworkPolicy of {of} lets {with} in at {port}: {names}")
        }
        Direction::Egress => {
            format!("no NetworkPolicy of {of} lets it out to {with} at {port}: {names}")
        }
    }
}

fn protocol_name(protocol: Protocol) -> String {
    protocol.as_str().to_uppercase()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn peer(namespace: &str, labels: Value, ports: Value) -> Peer {
        let pod = json!({"metadata": {"name": "p", "namespace": namespace, "labels": labels},
            "spec": {"containers": [{"name": "c", "ports": ports}]}});
        let named = json!({"metadata": {"name": namespace,
            "labels": {"kubernetes.io/metadata.name": namespace}}});
        Peer {
            ip: "10.244.1.9".parse().expect("an address"),
            pod: Some(Arc::new(serde_json::from_value(pod).expect("a Pod"))),
            namespace: Some(Arc::new(
                serde_json::from_value(named).expect("a Namespace"),
            )),
        }
    }

    fn outside(ip: &str) -> Peer {
        Peer {
            ip: ip.parse().expect("an address"),
            pod: None,
            namespace: None,
        }
    }

    /// Whether a policy of the namespace `shop` with this one rule lets `from` in at a port of
    /// a Pod whose container calls 8080 `web`.
    #[track_caller]
    fn check(rule: Value, from: &Peer, port: u16, expected: bool) {
        let policy = json!({"metadata": {"name": "own", "namespace": "shop"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [rule]}});
        let policy: NetworkPolicy = serde_json::from_value(policy).expect("a policy");
        let to = peer(
            "shop",
            json!({}),
            json!([{"name": "web", "containerPort": 8080}]),
        );
        let packet = Packet {
            from: from.ip,
            to: to.ip,
            port,
            protocol: Protocol::Tcp,
        };
        let found = allows(&policy, Direction::Ingress, &to, from, packet);
        assert_eq!(found, expected, "{rule} from {from} at {port}");
    }

    #[test]
    fn an_empty_rule_allows_everybody_and_no_rule_nobody() {
        check(json!({}), &outside("8.8.8.8"), 80, true);
        check(
            json!({"from": [], "ports": []}),
            &outside("8.8.8.8"),
            80,
            true,
        );
    }

    #[test]
    fn a_pod_selector_alone_means_the_policys_own_namespace() {
        let rule = json!({"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]});
        check(
            rule.clone(),
            &peer("shop", json!({"app": "web"}), json!([])),
            80,
            true,
        );
        check(
            rule.clone(),
            &peer("shop", json!({"app": "db"}), json!([])),
            80,
            false,
        );
        check(
            rule,
            &peer("other", json!({"app": "web"}), json!([])),
            80,
            false,
        );
    }

    #[test]
    fn selectors_of_one_peer_must_both_hold_and_those_of_two_peers_either() {
        let other = json!({"matchLabels": {"kubernetes.io/metadata.name": "other"}});
        let web = json!({"matchLabels": {"app": "web"}});
        let both = json!({"from": [{"namespaceSelector": other, "podSelector": web}]});
        let either = json!({"from": [{"namespaceSelector": other}, {"podSelector": web}]});
        let stranger = peer("other", json!({"app": "db"}), json!([]));
        check(both.clone(), &stranger, 80, false);
        check(either.clone(), &stranger, 80, true);
        let friend = peer("other", json!({"app": "web"}), json!([]));
        check(both, &friend, 80, true);
        check(
            either,
            &peer("shop", json!({"app": "web"}), json!([])),
            80,
            true,
        );
    }

    #[test]
    fn blocks_of_addresses_leave_out_their_exceptions() {
        let rule =
            json!({"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]});
        check(rule.clone(), &outside("10.2.3.4"), 80, true);
        check(rule.clone(), &outside("10.1.3.4"), 80, false);
        check(rule, &outside("11.0.0.1"), 80, false);
    }

    #[test]
    fn ports_are_numbers_ranges_or_names_of_the_server() {
        let from = outside("8.8.8.8");
        check(json!({"ports": [{"port": 80}]}), &from, 80, true);
        check(json!({"ports": [{"port": 80}]}), &from, 81, false);
        check(
            json!({"ports": [{"port": 80, "endPort": 90}]}),
            &from,
            85,
            true,
        );
        check(
            json!({"ports": [{"port": 80, "endPort": 90}]}),
            &from,
            91,
            false,
        );
        check(json!({"ports": [{"port": "web"}]}), &from, 8080, true);
        check(json!({"ports": [{"port": "web"}]}), &from, 80, false);
        check(
            json!({"ports": [{"port": 80, "protocol": "UDP"}]}),
            &from,
            80,
            false,
        );
        check(json!({"ports": [{"protocol": "TCP"}]}), &from, 7, true);
    }

    #[test]
    fn only_policies_of_the_direction_isolate() {
        let policy = json!({"metadata": {"name": "own", "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Egress"]}});
        let policy: NetworkPolicy = serde_json::from_value(policy).expect("a policy");
        let pod = peer("shop", json!({"app": "db"}), json!([]))
            .pod
            .expect("a Pod");
        assert!(isolates(&policy, Direction::Egress, &pod));
        assert!(!isolates(&policy, Direction::Ingress, &pod));
        let other = peer("shop", json!({"app": "web"}), json!([]))
            .pod
            .expect("a Pod");
        assert!(!isolates(&policy, Direction::Egress, &other));
    }
}
