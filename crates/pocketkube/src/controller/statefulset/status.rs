//! What a StatefulSet says of its Pods. Pure.
//!
//! Mirrors `updateStatus` and `completeRollingUpdate` of `pkg/controller/statefulset` (v1.35).

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetStatus};

use super::super::pod;
use super::identity::{ordinals, revision_of};
use super::plan::View;
use crate::client::Kind;

fn number(count: usize) -> Option<i32> {
    i32::try_from(count).ok().filter(|count| *count != 0)
}

/// Counts the Pods as they are.
pub(super) fn count(status: &mut StatefulSetStatus, view: &View<'_>) {
    let pods = || view.pods.iter().filter(|pod| !pod::phase(pod).is_empty());
    let is_ready = |pod: &&std::sync::Arc<_>| pod::phase(pod) == "Running" && pod::is_ready(pod);
    let of = |revision: &str| {
        let pods = pods().filter(|pod| !pod.is_terminating());
        number(pods.filter(|pod| revision_of(pod) == revision).count())
    };
    let available = pods().filter(is_ready).filter(|pod| view.is_available(pod));
    status.observed_generation = Some(view.set.generation());
    status.replicas = number(pods().count()).unwrap_or(0);
    status.ready_replicas = number(pods().filter(is_ready).count());
    status.available_replicas = Some(number(available.count()).unwrap_or(0));
    status.current_replicas = of(view.current.name());
    status.updated_replicas = of(view.update.name());
    status.current_revision = Some(view.current.name().to_owned());
    status.update_revision = Some(view.update.name().to_owned());
}

/// Ends an update that has reached every Pod: what was new is current from now on.
pub(super) fn complete(status: &mut StatefulSetStatus, set: &StatefulSet) {
    let wanted = i32::try_from(ordinals(set).len()).unwrap_or(i32::MAX);
    let strategy = set.spec.as_ref();
    let strategy = strategy.and_then(|spec| spec.update_strategy.as_ref());
    let rolls = strategy.is_none_or(|own| own.type_.as_deref() != Some("OnDelete"));
    let is_all = |count: Option<i32>| count.unwrap_or(0) == wanted;
    if rolls
        && status.replicas == wanted
        && is_all(status.updated_replicas)
        && is_all(status.ready_replicas)
    {
        status.current_replicas = status.updated_replicas;
        status.current_revision = status.update_revision.clone();
    }
}
