//! The node agent: it takes Pods through their life on a simulated node.

pub mod runtime;
