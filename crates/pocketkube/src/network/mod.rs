//! The cluster network: Pod addresses and their listening sockets, Service addresses, DNS.
//!
//! It is told about Services, endpoints and nodes through plain methods (an informer feeds it) and
//! carries connections between containers as in-memory streams. Nothing here waits or parses
//! packets: a connection is made, refused or dropped on the spot.

mod dns;
mod feed;
mod model;
mod policy;
mod proxy;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::sockets::{
    Answer, ConnectError, Connection, ListenError, Listener, RecordType, STREAM_BUFFER, Sockets,
};

pub use model::{Endpoint, EndpointPort, EndpointSlice, Protocol, Service, ServicePort};
pub use policy::{Packet, PacketFilter, Verdict};

use proxy::{Client, ServiceTable};

/// What a network is made of.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// `cluster.local`
    pub cluster_domain: String,
    /// Where Pods find the cluster's DNS. It answers as long as the Service with that address
    /// has ready endpoints, or there is no such Service.
    pub dns_address: IpAddr,
    /// Makes the choice of endpoints repeatable.
    pub seed: u64,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            cluster_domain: "cluster.local".to_owned(),
            dns_address: IpAddr::from([10, 96, 0, 10]),
            seed: 0,
        }
    }
}

/// A handle to the cluster network; clones share it.
#[derive(Clone)]
pub struct Network {
    shared: Arc<Shared>,
}

struct Shared {
    config: NetworkConfig,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    machines: HashMap<IpAddr, Machine>,
    services: ServiceTable,
    /// Address → name of a node.
    nodes: HashMap<IpAddr, String>,
    outside: HashMap<String, IpAddr>,
    filter: Option<Arc<dyn PacketFilter>>,
    random: StdRng,
    next_port: u16,
    next_listener: u64,
}

/// What has an address: a Pod, or a node with the Pods on its network.
#[derive(Default)]
struct Machine {
    /// How many Pods (or the node itself) have it.
    holders: usize,
    /// Name of the node it is on or is.
    node: Option<String>,
    sockets: HashMap<u16, Vec<Socket>>,
}

struct Socket {
    id: u64,
    bound: IpAddr,
    incoming: mpsc::Sender<Connection>,
}

/// Connections that may wait to be accepted.
const BACKLOG: usize = 128;
const FIRST_EPHEMERAL_PORT: u16 = 32_768;

impl Network {
    pub fn new(config: NetworkConfig, clock: Clock) -> Self {
        let state = State {
            machines: HashMap::new(),
            services: ServiceTable::default(),
            nodes: HashMap::new(),
            outside: HashMap::new(),
            filter: None,
            random: StdRng::seed_from_u64(config.seed),
            next_port: FIRST_EPHEMERAL_PORT,
            next_listener: 0,
        };
        Self {
            shared: Arc::new(Shared {
                config,
                clock,
                state: Mutex::new(state),
            }),
        }
    }

    /// Adds or replaces a Service.
    pub fn set_service(&self, service: Service) {
        self.shared.state.lock().services.set(service);
    }

    pub fn remove_service(&self, namespace: &str, name: &str) {
        let key = (namespace.to_owned(), name.to_owned());
        self.shared.state.lock().services.remove(&key);
    }

    /// Adds or replaces a slice of a Service's endpoints.
    pub fn set_endpoint_slice(&self, namespace: &str, service: &str, slice: EndpointSlice) {
        let key = (namespace.to_owned(), service.to_owned());
        self.shared.state.lock().services.set_slice(key, slice);
    }

    pub fn remove_endpoint_slice(&self, namespace: &str, service: &str, slice: &str) {
        let key = (namespace.to_owned(), service.to_owned());
        self.shared.state.lock().services.remove_slice(&key, slice);
    }

    /// Makes a node known: its node ports answer from now on.
    pub fn set_node(&self, name: &str, ip: IpAddr) {
        let mut state = self.shared.state.lock();
        state.nodes.insert(ip, name.to_owned());
        let machine = state.machines.entry(ip).or_default();
        machine.holders += 1;
        machine.node = Some(name.to_owned());
    }

    pub fn remove_node(&self, ip: IpAddr) {
        let mut state = self.shared.state.lock();
        state.nodes.remove(&ip);
        state.machines.remove(&ip);
    }

    /// Says on which node a Pod is, which traffic policies want to know.
    pub fn set_pod_node(&self, pod: IpAddr, node: &str) {
        let mut state = self.shared.state.lock();
        if let Some(machine) = state.machines.get_mut(&pod) {
            machine.node = Some(node.to_owned());
        }
    }

    /// Makes a name outside of the cluster resolve.
    pub fn set_outside_host(&self, name: &str, ip: IpAddr) {
        let mut state = self.shared.state.lock();
        state.outside.insert(name.to_lowercase(), ip);
    }

    /// Puts in who judges connections.
    pub fn set_packet_filter(&self, filter: Option<Arc<dyn PacketFilter>>) {
        self.shared.state.lock().filter = filter;
    }

    /// Whether the cluster's DNS server answers at `server`.
    fn is_dns_up(&self, state: &State, server: SocketAddr) -> bool {
        server.ip() == self.shared.config.dns_address
            && server.port() == 53
            && state.services.is_served(server.ip(), 53).unwrap_or(true)
    }

    /// The endpoint behind a Service address.
    fn choose(
        &self,
        state: &mut State,
        from: IpAddr,
        to: SocketAddr,
    ) -> Option<Result<SocketAddr, ConnectError>> {
        let is_node = state.nodes.contains_key(&to.ip());
        let node = match is_node {
            true => state.nodes.get(&to.ip()).cloned(),
            false => state.machines.get(&from).and_then(|m| m.node.clone()),
        };
        let client = Client {
            ip: from,
            node: node.as_deref(),
            now: self.shared.clock.now(),
        };
        let State {
            services, random, ..
        } = state;
        services.choose(to, is_node, &client, random)
    }
}

impl State {
    fn judge(&self, from: IpAddr, to: SocketAddr, protocol: Protocol) -> Result<(), ConnectError> {
        let Some(filter) = &self.filter else {
            return Ok(());
        };
        // A node always reaches the Pods that run on it; else its kubelet could not probe them.
        let node_of = |ip: IpAddr| {
            self.machines
                .get(&ip)
                .and_then(|machine| machine.node.as_ref())
        };
        let node = self.nodes.get(&from);
        if node.is_some() && node == node_of(to.ip()) {
            return Ok(());
        }
        let packet = Packet {
            from,
            to: to.ip(),
            port: to.port(),
            protocol,
        };
        match filter.verdict(packet) {
            Verdict::Allow => Ok(()),
            Verdict::Drop { reason } => Err(ConnectError::Dropped { reason }),
        }
    }

    fn ephemeral_port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = match port.checked_add(1) {
            Some(next) if next < 61_000 => next,
            _ => FIRST_EPHEMERAL_PORT,
        };
        port
    }
}

impl Sockets for Network {
    fn attach(&self, pod: IpAddr) {
        let mut state = self.shared.state.lock();
        state.machines.entry(pod).or_default().holders += 1;
    }

    fn detach(&self, pod: IpAddr) {
        let mut state = self.shared.state.lock();
        if let Some(machine) = state.machines.get_mut(&pod) {
            machine.holders = machine.holders.saturating_sub(1);
            if machine.holders == 0 {
                state.machines.remove(&pod);
            }
        }
    }

    fn listen(&self, pod: IpAddr, at: SocketAddr) -> Result<Listener, ListenError> {
        let mut state = self.shared.state.lock();
        let id = state.next_listener;
        state.next_listener += 1;
        let is_own = at.ip().is_unspecified() || at.ip().is_loopback() || at.ip() == pod;
        let machine = state.machines.get_mut(&pod).filter(|_| is_own);
        let machine = machine.ok_or(ListenError::AddressNotAvailable)?;
        let sockets = machine.sockets.entry(at.port()).or_default();
        let conflicts =
            |bound: IpAddr| bound == at.ip() || bound.is_unspecified() || at.ip().is_unspecified();
        if sockets.iter().any(|socket| conflicts(socket.bound)) {
            return Err(ListenError::AddressInUse);
        }
        let (sender, incoming) = mpsc::channel(BACKLOG);
        sockets.push(Socket {
            id,
            bound: at.ip(),
            incoming: sender,
        });
        let shared = Arc::downgrade(&self.shared);
        let port = at.port();
        Ok(Listener::new(incoming, move || {
            let Some(shared) = shared.upgrade() else {
                return;
            };
            let mut state = shared.state.lock();
            if let Some(machine) = state.machines.get_mut(&pod)
                && let Some(sockets) = machine.sockets.get_mut(&port)
            {
                sockets.retain(|socket| socket.id != id);
                if sockets.is_empty() {
                    machine.sockets.remove(&port);
                }
            }
        }))
    }

    fn connect(&self, from: IpAddr, to: SocketAddr) -> Result<Connection, ConnectError> {
        let mut state = self.shared.state.lock();
        let target = if to.ip().is_loopback() || to.ip().is_unspecified() {
            SocketAddr::new(from, to.port())
        } else {
            self.choose(&mut state, from, to).unwrap_or(Ok(to))?
        };
        if target.ip() != from {
            state.judge(from, target, Protocol::Tcp)?;
        }
        let client = SocketAddr::new(from, state.ephemeral_port());
        let machine = state.machines.get(&target.ip());
        let machine = machine.ok_or(ConnectError::Unreachable)?;
        let sockets = machine.sockets.get(&target.port());
        let hears = |bound: IpAddr| match to.ip() {
            ip if ip.is_loopback() => bound.is_loopback() || bound.is_unspecified(),
            _ => !bound.is_loopback(),
        };
        let socket = sockets
            .and_then(|sockets| sockets.iter().find(|socket| hears(socket.bound)))
            .ok_or(ConnectError::Refused)?;
        let (ours, theirs) = tokio::io::duplex(STREAM_BUFFER);
        let accepted = Connection {
            stream: theirs,
            local: target,
            peer: client,
        };
        socket
            .incoming
            .try_send(accepted)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => ConnectError::Dropped {
                    reason: "the server accepts no more connections".to_owned(),
                },
                mpsc::error::TrySendError::Closed(_) => ConnectError::Refused,
            })?;
        Ok(Connection {
            stream: ours,
            local: client,
            peer: to,
        })
    }

    fn query(
        &self,
        from: IpAddr,
        server: SocketAddr,
        name: &str,
        kind: RecordType,
    ) -> Result<Answer, ConnectError> {
        let mut state = self.shared.state.lock();
        if !self.is_dns_up(&state, server) {
            return Err(ConnectError::Dropped {
                reason: format!("no DNS server answers at {server}"),
            });
        }
        if let Some(backend) = state.services.udp_backend(server) {
            state.judge(from, backend, Protocol::Udp)?;
        }
        let zone = dns::Zone {
            domain: &self.shared.config.cluster_domain,
            services: &state.services,
            outside: &state.outside,
        };
        let mut answer = zone.answer(name, kind);
        if answer.records.len() > 1 && !has_alias(&answer) {
            answer.records.shuffle(&mut state.random);
        }
        Ok(answer)
    }

    fn ping(&self, from: IpAddr, to: IpAddr) -> Result<(), ConnectError> {
        let state = self.shared.state.lock();
        if to.is_loopback() || to == from {
            return Ok(());
        }
        if let Some(service) = state.services.owner(to) {
            // Service addresses are rules, not machines: nobody answers an echo.
            return Err(ConnectError::Dropped {
                reason: format!(
                    "{to} is the address of Service {}/{}, which only has ports",
                    service.namespace, service.name
                ),
            });
        }
        state.judge(from, SocketAddr::new(to, 0), Protocol::Tcp)?;
        match state.machines.contains_key(&to) {
            true => Ok(()),
            false => Err(ConnectError::Unreachable),
        }
    }
}

fn has_alias(answer: &Answer) -> bool {
    let mut records = answer.records.iter();
    records.any(|record| matches!(record.data, crate::sockets::RecordData::Cname(_)))
}
