//! Pods: what the API server knows about them.

pub mod connect;
