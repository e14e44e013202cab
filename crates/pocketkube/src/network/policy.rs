//! The place where packets are judged. Who judges is put in with
//! [`Network::set_packet_filter`](super::Network::set_packet_filter).

use std::net::IpAddr;

use super::model::Protocol;

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
