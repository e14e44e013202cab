//! Creates Pods from a template and deletes them, with the Events that users know.
//!
//! Mirrors `RealPodControl` of `pkg/controller/controller_utils.go` (v1.35).

use std::future::Future;

use futures::future::join_all;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::StatusError;
use crate::client::{Client, DeleteOptions, EventRecorder, EventType, Kind, controller_reference};

/// Longest prefix of a generated Pod name.
const LONGEST_PREFIX: usize = 253;

/// Creates and deletes the Pods of workloads.
#[derive(Clone)]
pub(super) struct PodControl {
    pub(super) client: Client,
    pub(super) recorder: EventRecorder,
}

impl PodControl {
    /// Creates a Pod of `owner` from its template. Failures are told in an Event, unless the
    /// namespace is being deleted.
    pub(super) async fn create<K: Kind>(
        &self,
        owner: &K,
        template: &PodTemplateSpec,
    ) -> Result<Pod, StatusError> {
        self.create_pod(owner, pod_from_template(owner, template))
            .await
    }

    /// Like [`PodControl::create`], for a Pod that the caller has completed.
    pub(super) async fn create_pod<K: Kind>(
        &self,
        owner: &K,
        pod: Pod,
    ) -> Result<Pod, StatusError> {
        match self.client.create(&pod).await {
            Ok(created) => {
                let message = format!("Created pod: {}", created.name());
                let (normal, reason) = (EventType::Normal, "SuccessfulCreate");
                self.recorder.event(owner, normal, reason, message);
                Ok(created)
            }
            Err(error) => {
                if !is_namespace_terminating(&error) {
                    let message = format!("Error creating: {error}");
                    let (warning, reason) = (EventType::Warning, "FailedCreate");
                    self.recorder.event(owner, warning, reason, message);
                }
                Err(error)
            }
        }
    }

    /// Deletes a Pod of `owner`. One that is gone already is an error without an Event.
    pub(super) async fn delete<K: Kind>(&self, owner: &K, pod: &Pod) -> Result<(), StatusError> {
        let options = DeleteOptions::default();
        let deleted = self
            .client
            .delete::<Pod>(pod.namespace(), pod.name(), &options);
        match deleted.await {
            Ok(()) => {
                let message = format!("Deleted pod: {}", pod.name());
                let (normal, reason) = (EventType::Normal, "SuccessfulDelete");
                self.recorder.event(owner, normal, reason, message);
                Ok(())
            }
            Err(error) => {
                if !error.is_not_found() {
                    let message = format!("Error deleting: {error}");
                    let (warning, reason) = (EventType::Warning, "FailedDelete");
                    self.recorder.event(owner, warning, reason, message);
                }
                Err(error)
            }
        }
    }
}

/// A Pod that `owner` manages, still to be named by the server.
pub(super) fn pod_from_template<K: Kind>(owner: &K, template: &PodTemplateSpec) -> Pod {
    let metadata = template.metadata.clone().unwrap_or_default();
    let mut prefix = format!("{}-", owner.name());
    if prefix.len() > LONGEST_PREFIX {
        prefix = owner.name().to_owned();
    }
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(prefix),
            namespace: Some(owner.namespace().to_owned()),
            labels: metadata.labels,
            annotations: metadata.annotations,
            finalizers: metadata.finalizers,
            owner_references: Some(vec![controller_reference(owner)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// Whether a create failed because its namespace is being deleted, so that trying again is vain.
pub(super) fn is_namespace_terminating(error: &StatusError) -> bool {
    let details = error.details.as_ref();
    details.is_some_and(|details| {
        let mut causes = details.causes.iter();
        causes.any(|cause| cause.reason == "NamespaceTerminating")
    })
}

/// Does `count` things in batches of 1, 2, 4, … and stops after the first batch in which one
/// fails, so that a doomed workload costs one failure and not hundreds. Returns how many
/// succeeded, and the first failure.
pub(super) async fn slow_start<F, E>(
    count: usize,
    mut step: impl FnMut() -> F,
) -> (usize, Result<(), E>)
where
    F: Future<Output = Result<(), E>>,
{
    let (mut succeeded, mut size) = (0, 1);
    while succeeded < count {
        let batch = size.min(count - succeeded);
        let outcomes = join_all((0..batch).map(|_| step())).await;
        succeeded += outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        if let Some(failure) = outcomes.into_iter().find_map(Result::err) {
            return (succeeded, Err(failure));
        }
        size *= 2;
    }
    (succeeded, Ok(()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn a_slow_start_stops_after_the_batch_that_fails() {
        let tried = Cell::new(0);
        let outcome = slow_start(100, || {
            tried.set(tried.get() + 1);
            let number = tried.get();
            async move { if number == 3 { Err(number) } else { Ok(()) } }
        });
        assert_eq!(outcome.await, (2, Err(3)));
        assert_eq!(tried.get(), 3);
    }

    #[tokio::test]
    async fn a_slow_start_does_all_when_nothing_fails() {
        let tried = Cell::new(0);
        let outcome: (_, Result<(), ()>) = slow_start(100, || {
            tried.set(tried.get() + 1);
            async { Ok(()) }
        })
        .await;
        assert_eq!((outcome, tried.get()), ((100, Ok(())), 100));
    }
}
