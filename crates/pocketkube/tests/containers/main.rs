//! Containers as the kubelet meets them: the runtime and the network together, in virtual time.
#![allow(clippy::unwrap_used)]

mod exec;
mod files;
mod lifecycle;
mod network;
mod node;
mod resources;
mod servers;
mod shell;
