//! What the controllers of Endpoints and EndpointSlices share: which Pods are behind a Service,
//! under which addresses and ports, and since when.
//!
//! Nothing here writes. Mirrors `staging/src/k8s.io/endpointslice/util` (v1.35).

mod lookup;
mod pods;
mod trigger;

pub(super) use lookup::{PodsOfServices, ServicesOfPods};
pub(super) use pods::{
    addresses, belongs, find_port, hostname, is_headless, matters, selector, target_reference,
};
pub(super) use trigger::{LAST_CHANGE, TriggerTimes};
