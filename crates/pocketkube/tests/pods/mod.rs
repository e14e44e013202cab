//! Pods on a whole cluster, in virtual time: scheduled, pulled, started, probed, restarted,
//! stopped; judged by what `kubectl` would show.

mod configuration;
mod failures;
mod ingress;
mod lifecycle;
mod network_policies;
mod probes;
mod support;
mod system;
mod usage;
