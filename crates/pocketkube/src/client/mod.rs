//! In-process clients with an identity, and what controllers are built from.

mod transport;

pub use transport::{Transport, WatchReceiver};
