//! The network as a container's processes use it: sockets with a kernel's patience, and the
//! resolver of a C library.

mod resolver;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::sockets::{ConnectError, Connection, ListenError, Listener, Sockets};

pub use resolver::{Lookup, LookupError, Resolver};

/// A Pod's place in the network, shared by its containers.
pub struct PodNetwork {
    sockets: Arc<dyn Sockets>,
    clock: Clock,
    ip: IpAddr,
    hostname: String,
}

/// How a connection attempt failed, after the time that takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialError {
    Refused,
    Unreachable,
    /// The kernel gave up, or the caller's own patience ended first.
    TimedOut,
}

/// How long a kernel goes on sending SYN packets.
const KERNEL_PATIENCE: Duration = Duration::from_secs(127);
/// How long it asks around for a machine that is not there.
const ARP_PATIENCE: Duration = Duration::from_millis(3100);

impl PodNetwork {
    pub fn new(sockets: Arc<dyn Sockets>, clock: Clock, ip: IpAddr, hostname: String) -> Arc<Self> {
        Arc::new(Self {
            sockets,
            clock,
            ip,
            hostname,
        })
    }

    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    pub fn sockets(&self) -> &Arc<dyn Sockets> {
        &self.sockets
    }

    pub fn listen(&self, at: SocketAddr) -> Result<Listener, ListenError> {
        self.sockets.listen(self.ip, at)
    }

    /// Connects, waiting for `patience` at most where packets are lost.
    pub async fn dial(
        &self,
        to: SocketAddr,
        patience: Option<Duration>,
    ) -> Result<Connection, DialError> {
        let error = match self.sockets.connect(self.ip, to) {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let (lasts, outcome) = match error {
            ConnectError::Refused => return Err(DialError::Refused),
            ConnectError::Unreachable => (ARP_PATIENCE, DialError::Unreachable),
            ConnectError::Dropped { .. } => (KERNEL_PATIENCE, DialError::TimedOut),
        };
        match patience {
            Some(patience) if patience < lasts => {
                self.clock.sleep(patience).await;
                Err(DialError::TimedOut)
            }
            _ => {
                self.clock.sleep(lasts).await;
                Err(outcome)
            }
        }
    }
}
