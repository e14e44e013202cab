//! Which change of a Pod or Service made endpoints change, for those who measure how long it
//! takes to reach the nodes.
//!
//! Mirrors `staging/src/k8s.io/endpointslice/trackers/trigger_time_tracker.go` (v1.35).

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Service};
use parking_lot::Mutex;

use super::super::pod;
use crate::client::{Kind, ObjectKey};

/// The annotation that carries the moment.
pub(in super::super) const LAST_CHANGE: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// What was known of each Service when its endpoints were computed last.
#[derive(Default)]
pub(in super::super) struct TriggerTimes {
    known: Mutex<HashMap<ObjectKey, HashMap<String, Timestamp>>>,
}

impl TriggerTimes {
    /// The earliest change since the last call for this Service, as the annotation's text; `None`
    /// where nothing changed that has a time.
    pub(in super::super) fn take(&self, service: &Service, pods: &[Arc<Pod>]) -> Option<String> {
        let times = pods.iter().filter_map(|pod| {
            let ready = pod::condition(pod, "Ready")?;
            let moment = ready.last_transition_time.as_ref()?.0;
            Some((pod.name().to_owned(), moment))
        });
        let times: HashMap<String, Timestamp> = times.collect();
        let mut known = self.known.lock();
        let moment = match known.get(&service.key()) {
            None => service.created_at(),
            Some(known) => times
                .iter()
                .filter(|(name, moment)| known.get(*name).is_none_or(|known| known < *moment))
                .map(|(_, moment)| *moment)
                .min(),
        };
        known.insert(service.key(), times);
        moment.map(|moment| moment.to_string())
    }

    /// Forgets a Service that is gone.
    pub(in super::super) fn forget(&self, service: &ObjectKey) {
        self.known.lock().remove(service);
    }
}
