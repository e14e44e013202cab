//! What simulated containers and the cluster network have in common: connections, listeners,
//! name lookups, and the trait through which a container reaches the network.
//!
//! A leaf of the crate, so that the kubelet (whose containers use [`Sockets`]) and the network
//! (which implements it) need not know each other.

use std::net::{IpAddr, SocketAddr};

use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Bytes an idle connection may hold in each direction.
pub const STREAM_BUFFER: usize = 16 * 1024;

/// One end of an established TCP connection.
#[derive(Debug)]
pub struct Connection {
    pub stream: DuplexStream,
    pub local: SocketAddr,
    /// The other end as this end sees it: behind a Service it is the Pod, not the VIP.
    pub peer: SocketAddr,
}

/// Why a connection could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Somebody answered, and nobody listens (or the Service has no ready endpoints).
    #[error("connection refused")]
    Refused,
    /// No machine has the address.
    #[error("no route to host")]
    Unreachable,
    /// The packets vanish, and the caller waits for as long as it can bear to.
    #[error("connection timed out ({reason})")]
    Dropped { reason: String },
}

/// Why a port could not be listened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    #[error("address already in use")]
    AddressInUse,
    #[error("cannot assign requested address")]
    AddressNotAvailable,
}

/// A port somebody listens on; it is free again once this is dropped.
pub struct Listener {
    incoming: mpsc::Receiver<Connection>,
    _release: Release,
}

struct Release(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            release();
        }
    }
}

impl Listener {
    /// A listener fed by `incoming`, which calls `release` when it goes away.
    pub fn new(
        incoming: mpsc::Receiver<Connection>,
        release: impl FnOnce() + Send + Sync + 'static,
    ) -> Self {
        Self {
            incoming,
            _release: Release(Some(Box::new(release))),
        }
    }

    /// The next connection; pending forever once the network is gone.
    pub async fn accept(&mut self) -> Connection {
        match self.incoming.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }
}

/// The kinds of DNS record the cluster knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordType {
    A,
    Aaaa,
    Cname,
    Ns,
    Ptr,
    Soa,
    Srv,
    Txt,
}

/// The data of a DNS record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    Address(IpAddr),
    Cname(String),
    Ptr(String),
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        target: String,
    },
    Txt(String),
    Soa {
        primary: String,
        mailbox: String,
        serial: u32,
    },
}

/// A DNS record; names carry no final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub name: String,
    pub ttl: u32,
    pub data: RecordData,
}

/// How a DNS server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseCode {
    NoError,
    NxDomain,
    ServFail,
    Refused,
}

/// A DNS server's answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub code: ResponseCode,
    pub records: Vec<Record>,
    /// The SOA record that comes with negative answers.
    pub authority: Option<Record>,
}

/// The cluster network as a Pod sees it.
///
/// Nothing here waits: a caller told [`ConnectError::Dropped`] waits by itself, on the cluster's
/// clock, for as long as its own timeouts say.
pub trait Sockets: Send + Sync + 'static {
    /// Gives the address to a Pod: from now on somebody is there to refuse connections.
    fn attach(&self, pod: IpAddr);

    /// The Pod is gone, and so are its listeners.
    fn detach(&self, pod: IpAddr);

    /// Listens inside the Pod `pod` at `at`, whose address is the Pod's, unspecified or loopback.
    fn listen(&self, pod: IpAddr, at: SocketAddr) -> Result<Listener, ListenError>;

    /// Connects from the Pod or machine `from` to an address: of a Pod, a Service, a node.
    fn connect(&self, from: IpAddr, to: SocketAddr) -> Result<Connection, ConnectError>;

    /// Asks the DNS server at `server` for the records of one fully qualified name.
    fn query(
        &self,
        from: IpAddr,
        server: SocketAddr,
        name: &str,
        kind: RecordType,
    ) -> Result<Answer, ConnectError>;

    /// Sends an ICMP echo.
    fn ping(&self, from: IpAddr, to: IpAddr) -> Result<(), ConnectError>;
}
