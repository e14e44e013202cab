//! The EndpointSlices of a Service name exactly the Pods that are there, each once.

use super::{Invariant, ensure};
use crate::properties::objects::{
    app, is_active, is_ready, is_terminal, list, name, namespace, text,
};
use crate::properties::state::State;

pub struct EndpointSlices;

impl Invariant for EndpointSlices {
    fn settled(&mut self, state: &State) -> Result<(), String> {
        for service in state.all("services").filter(|own| !app(own).is_empty()) {
            let mut named = addresses(state, service, false);
            let count = named.len();
            named.dedup();
            ensure(count == named.len(), || {
                format!("{} names a Pod twice", name(service))
            })?;
        }
        Ok(())
    }

    fn quiet(&mut self, state: &State) -> Result<(), String> {
        for service in state.all("services").filter(|own| !app(own).is_empty()) {
            let pods = state
                .all("pods")
                .filter(|pod| namespace(pod) == namespace(service) && app(pod) == name(service));
            let ready = pods.filter(|pod| is_active(pod) && is_ready(pod) && !is_terminal(pod));
            let mut expected: Vec<&str> = ready.map(|pod| text(pod, "/status/podIP")).collect();
            expected.sort_unstable();
            let named = addresses(state, service, true);
            ensure(named == expected, || {
                format!(
                    "{} leads to {named:?}, {expected:?} are ready",
                    name(service)
                )
            })?;
        }
        Ok(())
    }
}

/// The addresses that a Service leads to, sorted.
fn addresses<'a>(state: &'a State, service: &serde_json::Value, ready: bool) -> Vec<&'a str> {
    let slices = state.all("endpointslices").filter(|slice| {
        namespace(slice) == namespace(service)
            && text(slice, "/metadata/labels/kubernetes.io~1service-name") == name(service)
    });
    let endpoints = slices.flat_map(|slice| list(slice, "/endpoints"));
    let wanted = endpoints.filter(|own| !ready || own["conditions"]["ready"] == true);
    let mut addresses: Vec<&str> = wanted.map(|own| text(own, "/addresses/0")).collect();
    addresses.sort_unstable();
    addresses
}
