//! Containers as the kubelet meets them: the runtime and the network together, in virtual time.
#![allow(clippy::unwrap_used)]

mod lifecycle;
#[allow(dead_code)]
mod node;
