//! Plain connections to where a target is: into the cluster's network, or to the machine that the
//! cluster runs on.
//!
//! The way out leads to the loopback interface and no further, as containers have no way out
//! either (LIMITATIONS ADM-3). Seen from the cluster's network that machine is the gateway,
//! 172.18.0.1, as it is with kind: an EndpointSlice may name it, where Kubernetes forbids
//! loopback addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::Ipv4Net;
use tokio::net::TcpStream;

use super::resolve::{self, Endpoint};
use super::{Place, Shared, Target};
use crate::registry::core::pod::connect::Connection;

/// The machine that the cluster runs on, seen from its nodes.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 18, 0, 1);
/// What containers of Docker Desktop call it.
const GATEWAY_NAME: &str = "host.docker.internal";
/// Pods, Services and nodes.
const INSIDE: [Ipv4Net; 3] = [
    Ipv4Net::new_assert(Ipv4Addr::new(10, 244, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(10, 96, 0, 0), 12),
    Ipv4Net::new_assert(Ipv4Addr::new(172, 18, 0, 0), 16),
];

/// Connects to the target. The error is Go's.
pub(super) async fn dial(shared: &Shared, target: &Target) -> Result<Box<dyn Connection>, String> {
    match &target.place {
        Place::Url { .. } => host(shared, &target.server_name(), target.place.port()).await,
        Place::Service { .. } => match resolve::endpoint(&shared.registry, &target.place)? {
            Endpoint::Inside(address) => connect(shared, address).await,
            Endpoint::Outside { host: name, port } => host(shared, &name, port).await,
        },
    }
}

/// Tries the addresses of a name in their order; the first failure is told.
async fn host(shared: &Shared, name: &str, port: u16) -> Result<Box<dyn Connection>, String> {
    if let Ok(ip) = name.parse::<IpAddr>() {
        return connect(shared, SocketAddr::new(ip, port)).await;
    }
    if name.eq_ignore_ascii_case(GATEWAY_NAME) {
        return connect(shared, SocketAddr::new(GATEWAY.into(), port)).await;
    }
    let unknown = || format!("dial tcp: lookup {name}: no such host");
    let addresses = tokio::net::lookup_host((name, port)).await;
    let mut failure = None;
    for address in addresses.map_err(|_| unknown())? {
        match connect(shared, address).await {
            Ok(connection) => return Ok(connection),
            Err(why) => failure = failure.or(Some(why)),
        }
    }
    Err(failure.unwrap_or_else(unknown))
}

async fn connect(shared: &Shared, address: SocketAddr) -> Result<Box<dyn Connection>, String> {
    let ip = address.ip();
    if ip == IpAddr::V4(GATEWAY) || ip.is_loopback() {
        let own = match ip {
            IpAddr::V4(GATEWAY) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
            _ => address,
        };
        return match TcpStream::connect(own).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            Err(error) => Err(format!("dial tcp {address}: connect: {}", words(&error))),
        };
    }
    let is_inside = matches!(ip, IpAddr::V4(ip) if INSIDE.iter().any(|net| net.contains(&ip)));
    match shared.nodes.get() {
        Some(nodes) if is_inside => nodes.dial(address).await.map_err(|error| error.to_string()),
        _ => Err(format!(
            "dial tcp {address}: connect: network is unreachable"
        )),
    }
}

/// The system's error as Go prints it.
fn words(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::ConnectionReset => "connection reset by peer".to_owned(),
        ErrorKind::TimedOut => "connection timed out".to_owned(),
        ErrorKind::HostUnreachable => "no route to host".to_owned(),
        ErrorKind::NetworkUnreachable => "network is unreachable".to_owned(),
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => "EOF".to_owned(),
        _ => error.to_string(),
    }
}

/// Why a server that was reached gave no answer.
pub(super) fn http_words(error: &hyper::Error) -> String {
    if error.is_parse() {
        return "net/http: HTTP/1.x transport connection broken: malformed HTTP response"
            .to_owned();
    }
    let source = std::error::Error::source(error);
    match source.and_then(|source| source.downcast_ref::<std::io::Error>()) {
        Some(error) => words(error),
        None => "EOF".to_owned(),
    }
}

/// Why a handshake failed below TLS.
pub(super) fn io_words(error: &std::io::Error) -> String {
    words(error)
}
