//! Carries decisions out: binds Pods, reports refusals, and evicts victims.
//!
//! Everything runs in tasks of its own, so that the next decision need not wait for the API;
//! how a binding went comes back to the scheduler as news. Mirrors the binding cycle of
//! `pkg/scheduler/schedule_one.go` and `plugins/defaultbinder` (v1.35).

use k8s_openapi::api::core::v1::{Binding, ObjectReference, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::pod_info::PodInfo;
use super::preemption::Candidate;
use super::queue::QueuedPod;
use super::volume_bind::{ClaimWatch, bind_volumes};
use super::volumes::VolumePlan;
use super::{NAME, News};
use crate::api::{StatusError, meta};
use crate::cause::{self, Causes};
use crate::client::{Client, DeleteOptions, EventRecorder, EventType, Kind, Patch};
use crate::clock::Clock;
use crate::tasks::Tasks;

/// Longest message of an Event.
const LONGEST_MESSAGE: usize = 1024;

/// How a binding went.
pub(super) struct Outcome {
    pub queued: QueuedPod,
    pub volumes: VolumePlan,
    pub result: Result<(), StatusError>,
}

pub(super) struct Binder {
    pub client: Client,
    pub recorder: EventRecorder,
    pub clock: Clock,
    pub tasks: Tasks,
    pub news: mpsc::UnboundedSender<News>,
    pub claims: ClaimWatch,
}

impl Binder {
    /// Binds a Pod to its node, after its claims.
    pub fn bind(&self, queued: QueuedPod, node: String, volumes: VolumePlan) {
        let client = self.client.clone();
        let recorder = self.recorder.clone();
        let news = self.news.clone();
        let (claims, clock) = (self.claims.clone(), self.clock.clone());
        let causes = causes_of(&queued.info);
        let binding = async move {
            let pod = &queued.info.pod;
            let mut result = Ok(());
            if !volumes.is_empty() {
                result = bind_volumes(&client, &volumes, &node).await;
                if result.is_ok() {
                    result = claims.wait_bound(&volumes, &clock).await;
                }
            }
            if result.is_ok() {
                result = bind_pod(&client, &recorder, pod, &node).await;
            }
            let outcome = Outcome {
                queued,
                volumes,
                result,
            };
            let _ = news.send(News::Outcome(Box::new(outcome)));
        };
        let binding = cause::because(causes, binding);
        self.tasks.spawn("binding of a pod", binding);
    }

    /// Tells that a Pod fits nowhere, by Event and condition.
    pub fn report_unschedulable(&self, pod: &PodInfo, message: &str, nominated: Option<String>) {
        self.report(pod, "Unschedulable", message, nominated);
    }

    /// Tells that a Pod could not be bound.
    pub fn report_error(&self, pod: &PodInfo, error: &StatusError) {
        let message = format!("binding rejected: {error}");
        self.report(pod, "SchedulerError", &message, None);
    }

    fn report(&self, info: &PodInfo, reason: &str, message: &str, nominated: Option<String>) {
        let pod = info.pod.clone();
        let event = truncated(message);
        self.recorder
            .event(&*pod, EventType::Warning, "FailedScheduling", event);
        let mut status = json!({});
        if !has_condition(&pod, reason, message) {
            let now = meta::format_time(self.clock.now());
            status["conditions"] = json!([scheduled_condition(&pod, reason, message, &now)]);
        }
        if let Some(node) = nominated {
            status["nominatedNodeName"] = json!(node);
        }
        if status == json!({}) {
            return;
        }
        let client = self.client.clone();
        let causes = causes_of(info);
        let report = async move {
            let uid = json!({"metadata": {"uid": pod.uid()}, "status": status});
            let patch = Patch::Strategic(uid);
            let patched = client
                .patch_status::<Pod>(pod.namespace(), pod.name(), patch)
                .await;
            if let Err(error) = patched
                && !error.is_not_found()
                && !error.is_conflict()
            {
                tracing::warn!(%error, pod = %pod.key(), "could not report a pod as unschedulable");
            }
        };
        let report = cause::because(causes, report);
        self.tasks.spawn("status of an unschedulable pod", report);
    }

    /// Removes the victims of a preemption.
    pub fn evict(&self, preemptor: &PodInfo, candidate: Candidate) {
        let client = self.client.clone();
        let recorder = self.recorder.clone();
        let clock = self.clock.clone();
        let uid = preemptor.uid().to_owned();
        let causes = causes_of(preemptor);
        let eviction = async move {
            for victim in &candidate.victims {
                let pod = &victim.pod;
                let (namespace, name) = (pod.namespace(), pod.name());
                let condition = disruption(pod, &meta::format_time(clock.now()));
                let patch = json!({"status": {"conditions": [condition]}});
                let marked = client
                    .patch_status::<Pod>(namespace, name, Patch::Strategic(patch))
                    .await;
                let options = DeleteOptions::of_uid(pod.uid());
                let deleted = match marked {
                    Ok(_) => client.delete::<Pod>(namespace, name, &options).await,
                    Err(error) => Err(error),
                };
                match deleted {
                    Ok(()) => {
                        let message = format!("Preempted by pod {uid} on node {}", candidate.node);
                        recorder.event(&**pod, EventType::Normal, "Preempted", message);
                    }
                    Err(error) if error.is_not_found() => {}
                    Err(error) => {
                        tracing::warn!(%error, pod = %pod.key(), "could not preempt a pod");
                    }
                }
            }
        };
        let eviction = cause::because(causes, eviction);
        self.tasks.spawn("preemption for a pod", eviction);
    }
}

/// What is known of a Pod is what makes the scheduler act for it.
fn causes_of(pod: &PodInfo) -> Causes {
    Causes::of_version(pod.pod.resource_version())
}

async fn bind_pod(
    client: &Client,
    recorder: &EventRecorder,
    pod: &Pod,
    node: &str,
) -> Result<(), StatusError> {
    let (namespace, name) = (pod.namespace(), pod.name());
    let body = binding(pod, node);
    client
        .post::<Pod, _>(namespace, name, "binding", &body)
        .await?;
    let message = format!("Successfully assigned {namespace}/{name} to {node}");
    recorder.event(pod, EventType::Normal, "Scheduled", message);
    Ok(())
}

fn binding(pod: &Pod, node: &str) -> Binding {
    Binding {
        metadata: ObjectMeta {
            name: Some(pod.name().to_owned()),
            namespace: Some(pod.namespace().to_owned()),
            uid: Some(pod.uid().to_owned()),
            ..ObjectMeta::default()
        },
        target: ObjectReference {
            kind: Some("Node".to_owned()),
            name: Some(node.to_owned()),
            ..ObjectReference::default()
        },
    }
}

fn scheduled_condition(pod: &Pod, reason: &str, message: &str, now: &str) -> Value {
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    let old = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    let since = old.and_then(|old| old.last_transition_time.as_ref());
    json!({
        "type": "PodScheduled",
        "status": "False",
        "reason": reason,
        "message": message,
        "observedGeneration": pod.generation(),
        "lastProbeTime": null,
        "lastTransitionTime": since.map_or(now.to_owned(), |since| meta::format_time(since.0)),
    })
}

fn has_condition(pod: &Pod, reason: &str, message: &str) -> bool {
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some(reason)
            && condition.message.as_deref() == Some(message)
    })
}

fn disruption(pod: &Pod, now: &str) -> Value {
    json!({
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "PreemptionByScheduler",
        "message": format!("{NAME}: preempting to accommodate a higher priority pod"),
        "observedGeneration": pod.generation(),
        "lastTransitionTime": now,
    })
}

fn truncated(message: &str) -> String {
    if message.len() <= LONGEST_MESSAGE {
        return message.to_owned();
    }
    let suffix = " ...";
    let mut end = LONGEST_MESSAGE - suffix.len();
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &message[..end])
}
