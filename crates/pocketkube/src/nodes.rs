//! The nodes of a cluster: how many, how they are called, and what connects them.
//!
//! Wires scheduler, network and kubelets together, which do not know each other.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::api::StatusError;
use crate::authentication::UserInfo;
use crate::client::{Client, Informers};
use crate::clock::Clock;
use crate::endpoints::ApiServer;
use crate::kubelet::runtime::{Catalogue, ImagePolicy};
use crate::kubelet::{Kubelets, KubeletsConfig, MetricsServer, NodeConfig};
use crate::network::{Network, NetworkConfig};
use crate::scheduler::{self, Decisions};
use crate::sockets::{Listener, Sockets};
use crate::tasks::Tasks;

/// Where the control plane is, and the API server on it.
const CONTROL_PLANE: Ipv4Addr = Ipv4Addr::new(172, 18, 0, 2);
const API_SERVER_PORT: u16 = 6443;
const ZONES: [&str; 3] = ["zone-a", "zone-b", "zone-c"];

/// What makes Pods run.
pub(crate) struct Nodes {
    /// Why Pods are where they are.
    pub decisions: Decisions,
    pub kubelets: Arc<Kubelets>,
    pub network: Network,
}

impl Nodes {
    /// The API server's place in the network of the Pods; none on a cluster without nodes.
    pub fn listen_as_api_server(&self) -> Option<Listener> {
        let address = SocketAddr::from((CONTROL_PLANE, API_SERVER_PORT));
        self.network.listen(address.ip(), address).ok()
    }
}

/// What the nodes are connected to.
pub(crate) struct Surroundings<'a> {
    pub server: &'a ApiServer,
    pub informers: &'a Informers,
    pub clock: &'a Clock,
    pub tasks: &'a Tasks,
    /// The cluster's name, which those of its nodes begin with.
    pub name: &'a str,
    /// What the registries have.
    pub catalogue: Arc<Catalogue>,
}

/// Starts the scheduler, the network and `count` nodes; they are ready when this returns.
pub(crate) async fn start(
    surroundings: &Surroundings<'_>,
    count: usize,
) -> Result<Nodes, StatusError> {
    let Surroundings {
        server,
        informers,
        clock,
        tasks,
        name,
        catalogue,
    } = surroundings;
    let client = |user: UserInfo, manager: &str| {
        Client::new(Arc::new(ApiServer::clone(server)), user, manager)
    };
    let of_scheduler = UserInfo::component("system:kube-scheduler");
    let of_scheduler = client(of_scheduler, "kube-scheduler");
    let decisions = scheduler::start(&of_scheduler, informers, clock, tasks);
    let config = NetworkConfig::default();
    let (cluster_dns, cluster_domain) = (config.dns_address, config.cluster_domain.clone());
    let network = Network::new(config, Clock::clone(clock));
    network.follow(informers);
    let kubelets = Kubelets::new(KubeletsConfig {
        client: client(UserInfo::node(name), "kubelet"),
        informers: Informers::clone(informers),
        clock: Clock::clone(clock),
        tasks: Tasks::clone(tasks),
        sockets: Arc::new(network.clone()),
        catalogue: catalogue.clone(),
        image_policy: ImagePolicy::Strict,
        cluster_dns,
        cluster_domain,
    });
    for config in node_configs(name, count) {
        network.set_node(&config.name, config.ip);
        kubelets.add_node(config).await?;
    }
    kubelets.run();
    server.connect_nodes(kubelets.clone());
    let metrics = MetricsServer::new(kubelets.clone(), informers, Clock::clone(clock));
    server.connect_usage(Arc::new(metrics));
    Ok(Nodes {
        decisions,
        kubelets,
        network,
    })
}

/// Names, addresses and zones as kind gives them: a control plane, and workers.
fn node_configs(cluster: &str, count: usize) -> Vec<NodeConfig> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    (0..count)
        .map(|at| {
            let name = match at {
                0 => format!("{cluster}-control-plane"),
                1 => format!("{cluster}-worker"),
                _ => format!("{cluster}-worker{at}"),
            };
            let zone = ZONES[(at.saturating_sub(1) as usize) % ZONES.len()];
            NodeConfig {
                name,
                ip: nth_address(at),
                pod_cidr: nth_pod_cidr(at),
                zone: zone.to_owned(),
                region: "region-1".to_owned(),
                is_control_plane: at == 0,
                // A control plane without workers takes Pods itself.
                is_tainted: at == 0 && count > 1,
                labels: BTreeMap::new(),
                taints: Vec::new(),
                cpu: "4".to_owned(),
                memory: "8139392Ki".to_owned(),
                pods: 110,
            }
        })
        .collect()
}

/// The address of a node, counted from the control plane.
pub(crate) fn nth_address(at: u32) -> IpAddr {
    IpAddr::V4(nth(CONTROL_PLANE, at))
}

/// Where the Pods of that node get their addresses from.
pub(crate) fn nth_pod_cidr(at: u32) -> Ipv4Net {
    let network = nth(Ipv4Addr::new(10, 244, 0, 0), at.saturating_mul(256));
    Ipv4Net::new(network, 24).expect("24 is a length of a prefix")
}

fn nth(first: Ipv4Addr, at: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(first).saturating_add(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_called_as_kind_calls_them() {
        let configs = node_configs("kubekata", 3);
        let names: Vec<_> = configs.iter().map(|config| config.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "kubekata-control-plane",
                "kubekata-worker",
                "kubekata-worker2"
            ]
        );
        assert_eq!(configs[2].pod_cidr.to_string(), "10.244.2.0/24");
        assert!(configs[0].is_tainted);
        assert!(!node_configs("kubekata", 1)[0].is_tainted);
    }
}
