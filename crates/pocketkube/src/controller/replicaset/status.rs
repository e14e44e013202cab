//! Counts the Pods that are there.
//!
//! Pure. Mirrors `calculateStatus` in `pkg/controller/replicaset/replica_set_utils.go` (v1.35).

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::super::pod;
use super::owner::ReplicaOwner;
use crate::api::StatusError;
use crate::client::{Kind, Selector, time};

/// What both kinds report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Status {
    pub(super) replicas: i32,
    pub(super) fully_labeled: i32,
    pub(super) ready: i32,
    pub(super) available: i32,
    /// Not reported by ReplicationControllers.
    pub(super) terminating: Option<i32>,
    pub(super) observed_generation: i64,
    pub(super) failure: Option<Failure>,
}

/// Why Pods could not be created or deleted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) since: Option<Time>,
}

pub(super) fn compute<O: ReplicaOwner>(
    owner: &O,
    active: &[Arc<Pod>],
    shutting_down: usize,
    managed: &Result<(), StatusError>,
    now: Timestamp,
) -> Status {
    let labels = owner.template().metadata.as_ref();
    let labels = labels.and_then(|metadata| metadata.labels.as_ref());
    let labelled = labels.map(Selector::from_map).unwrap_or_default();
    let min_ready = owner.min_ready_seconds();
    let number = |matches: &dyn Fn(&Pod) -> bool| {
        let count = active.iter().filter(|pod| matches(pod)).count();
        i32::try_from(count).unwrap_or(i32::MAX)
    };
    let replicas = number(&|_| true);
    Status {
        replicas,
        fully_labeled: number(&|pod| labelled.matches(pod.labels())),
        ready: number(&pod::is_ready),
        available: number(&|pod| pod::is_available(pod, min_ready, now)),
        terminating: O::COUNTS_TERMINATING
            .then(|| i32::try_from(shutting_down).unwrap_or(i32::MAX)),
        observed_generation: owner.generation(),
        failure: failure(owner, replicas, managed, now),
    }
}

/// The first failure stays until Pods can be managed again.
fn failure<O: ReplicaOwner>(
    owner: &O,
    replicas: i32,
    managed: &Result<(), StatusError>,
    now: Timestamp,
) -> Option<Failure> {
    let error = managed.as_ref().err()?;
    let known = owner.status().failure;
    known.or_else(|| {
        let reason = match replicas < owner.wanted() {
            true => "FailedCreate",
            false => "FailedDelete",
        };
        Some(Failure {
            reason: reason.to_owned(),
            message: error.to_string(),
            since: Some(time(now)),
        })
    })
}
