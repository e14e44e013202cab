//! Finds the Pods of a Service and the Services of a Pod without looking at all of them.
//!
//! Both directions go through indexes over single labels; the candidates are then matched in full.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, Service};

use super::pods::selector;
use crate::client::{Index, Kind, Lister, ObjectKey, Selector};

/// The value under which one label of a namespace's objects is indexed.
fn pair(namespace: &str, (key, value): (&String, &String)) -> String {
    format!("{namespace}\0{key}\0{value}")
}

/// Pods by each of their labels.
#[derive(Clone)]
pub(in super::super) struct PodsOfServices {
    by_label: Index<Pod>,
}

impl PodsOfServices {
    pub(in super::super) fn new(pods: &Lister<Pod>) -> Self {
        let by_label = pods.index("label", |pod: &Pod| {
            let pairs = pod.labels().iter();
            pairs.map(|label| pair(pod.namespace(), label)).collect()
        });
        Self { by_label }
    }

    /// The Pods of a namespace that have all of these labels; none where there are no labels.
    pub(in super::super) fn with_labels(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Vec<Arc<Pod>> {
        let values = labels.iter().map(|label| pair(namespace, label));
        let Some(rarest) = values.min_by_key(|value| self.by_label.count(value)) else {
            return Vec::new();
        };
        let selector = Selector::from_map(labels);
        let mut pods = self.by_label.get(&rarest);
        pods.retain(|pod| selector.matches(pod.labels()));
        pods
    }
}

/// Services by the first label that they select.
pub(in super::super) struct ServicesOfPods {
    by_first_label: Index<Service>,
}

impl ServicesOfPods {
    pub(in super::super) fn new(services: &Lister<Service>) -> Self {
        let by_first_label = services.index("first selected label", |service: &Service| {
            let first = selector(service).and_then(|labels| labels.iter().next());
            let values = first.map(|label| pair(service.namespace(), label));
            values.into_iter().collect()
        });
        Self { by_first_label }
    }

    /// The Services that select a Pod.
    pub(in super::super) fn of(&self, pod: &Pod) -> Vec<ObjectKey> {
        let labels = pod.labels();
        let values = labels.iter().map(|label| pair(pod.namespace(), label));
        let candidates = values.flat_map(|value| self.by_first_label.get(&value));
        candidates
            .filter(|service| {
                let wanted = selector(service);
                wanted.is_some_and(|wanted| Selector::from_map(wanted).matches(labels))
            })
            .map(|service| service.key())
            .collect()
    }
}
