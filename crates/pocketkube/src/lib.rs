//! A Kubernetes cluster inside your process.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod api;
pub mod cause;
pub mod clock;
pub mod sockets;
pub mod tasks;

pub mod admission;
pub mod authentication;
pub mod authorization;
pub mod client;
mod component_helpers;
pub mod controller;
pub mod endpoints;
pub mod kubelet;
pub mod network;
pub mod outbound;
pub mod printers;
pub mod registry;
pub mod scheduler;
pub mod server;
pub mod storage;

mod bootstrap;
mod cluster;
mod fleet;
mod insight;
mod nodes;
mod rewind;
mod skip;
mod trace;

pub use cluster::{Cluster, ClusterBuilder, NextTimer, StartError};
pub use fleet::{Fleet, FleetError, NodeSpec};
pub use insight::Insight;
pub use kubelet::runtime::image::{Catalogue, CatalogueError};
pub use rewind::{Rewinder, Rewound, UndoError};
pub use storage::RewindError;
pub use trace::{TraceError, Traced};
