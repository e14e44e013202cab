//! Containers as the kubelet meets them: the runtime and the network together, in virtual time.

#![allow(clippy::disallowed_methods, reason = "tests end with their runtime")]
#![allow(clippy::unwrap_used)]

mod exec;
mod files;
mod lifecycle;
mod network;
mod node;
mod resources;
mod servers;
mod shell;
