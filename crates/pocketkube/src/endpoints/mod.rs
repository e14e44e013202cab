//! The way of a request: from route and body to a stored object and back.

mod call;

pub use call::{Call, CallOptions, ListOptions, ListReply, PatchType, Reply, WatchEvent};
