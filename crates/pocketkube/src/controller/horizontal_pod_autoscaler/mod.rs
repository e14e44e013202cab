//! Sizes workloads by what their Pods use.
//!
//! Every 15 s [`replicas`] works out from the usage of Pods how many there should be, and
//! [`behavior`] how fast that may be reached. Metrics of resources are known; those of Pods,
//! objects and the world outside would need an adapter. Mirrors `pkg/controller/podautoscaler`
//! (v1.35).

mod behavior;
mod metrics;
mod replicas;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus,
};
use k8s_openapi::api::core::v1::Pod;
use parking_lot::Mutex;
use serde_json::{Value, json};

use self::behavior::History;
use self::status::{ABLE_TO_SCALE, SCALING_ACTIVE, SCALING_LIMITED, set_condition};
use super::conditions::{FALSE, TRUE};
use super::{Controller, ControllerContext, SyncError, run};
use crate::api::GroupVersionKind;
use crate::api::selector::LabelSelector;
use crate::client::{
    Client, EventRecorder, EventType, Kind, Lister, ObjectKey, Patch, ResourceRef, WorkQueue, time,
};
use crate::clock::Clock;
use crate::component_helpers::usage::Sampler;
use crate::registry::ResourceTable;

const WORKERS: usize = 2;
const COMPONENT: &str = "horizontal-pod-autoscaler";
/// How often sizes are looked at.
const PERIOD: Duration = Duration::from_secs(15);

struct Autoscaler {
    autoscalers: Lister<HorizontalPodAutoscaler>,
    pods: Lister<Pod>,
    resources: Arc<ResourceTable>,
    sampler: Sampler,
    histories: Mutex<HashMap<ObjectKey, History>>,
    client: Client,
    recorder: EventRecorder,
    queue: Arc<WorkQueue<ObjectKey>>,
    clock: Clock,
}

pub(super) fn start(context: ControllerContext) {
    let autoscalers = context.informers.get::<HorizontalPodAutoscaler>();
    let pods = context.informers.get::<Pod>();
    let controller = Arc::new(Autoscaler {
        autoscalers: autoscalers.lister(),
        pods: pods.lister(),
        resources: context.options.resources.clone(),
        sampler: Sampler::new(context.options.metrics.clone(), context.clock.clone()),
        histories: Mutex::default(),
        client: context.client.clone(),
        recorder: context.recorder(COMPONENT),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let queue = controller.queue.clone();
    autoscalers.subscribe(move |change| {
        let spec_changed = change
            .old()
            .is_none_or(|old| old.spec != change.object().spec);
        if spec_changed {
            queue.add(change.object().key());
        }
    });
    let queue = (controller.queue.clone(), WORKERS);
    run(&context, COMPONENT, queue, controller, async move {
        autoscalers.wait_synced().await;
        pods.wait_synced().await;
    });
}

/// The size of a workload.
struct Scale {
    resource: ResourceRef,
    replicas: i32,
    selector: String,
}

/// What one sync knows and finds out.
struct Sync<'a> {
    autoscaler: &'a HorizontalPodAutoscaler,
    spec: HorizontalPodAutoscalerSpec,
    status: HorizontalPodAutoscalerStatus,
    now: Timestamp,
}

impl Sync<'_> {
    fn condition(&mut self, type_: &str, status: &str, reason: &str, message: &str) {
        let list = self.status.conditions.get_or_insert_default();
        set_condition(list, type_, (status, reason, message), self.now);
    }

    fn least(&self) -> i32 {
        self.spec.min_replicas.unwrap_or(1)
    }
}

/// What the metrics ask for.
struct Wish {
    replicas: i32,
    /// The metric that asks for most.
    metric: String,
}

impl Autoscaler {
    fn warn(&self, sync: &Sync<'_>, reason: &str, message: &str) {
        let warning = EventType::Warning;
        self.recorder
            .event(sync.autoscaler, warning, reason, message);
    }

    async fn scale(&self, sync: &Sync<'_>) -> Result<Scale, String> {
        let target = &sync.spec.scale_target_ref;
        let version = target.api_version.clone().unwrap_or_default();
        let (group, version) = version.split_once('/').unwrap_or(("", &version));
        let kind = GroupVersionKind::new(group, version, &target.kind);
        let Some(row) = self.resources.by_kind(&kind) else {
            let kind = &target.kind;
            return Err(format!("no matches for kind {kind:?} in group {group:?}"));
        };
        let resource = ResourceRef::from(&*row);
        let namespace = sync.autoscaler.namespace();
        let scale = self
            .client
            .get_subresource(&resource, (namespace, &target.name, "scale"));
        let scale = scale.await.map_err(|error| error.to_string())?;
        let scale = scale.value();
        let number = |value: &Value| value.as_i64().and_then(|own| i32::try_from(own).ok());
        Ok(Scale {
            resource,
            replicas: number(&scale["spec"]["replicas"]).unwrap_or(0),
            selector: scale["status"]["selector"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// The Pods that a workload's metrics are about.
    fn pods_of(&self, namespace: &str, selector: &LabelSelector) -> Vec<Arc<Pod>> {
        let mut pods = self.pods.list(namespace);
        pods.retain(|pod| {
            let labels = pod.labels().iter();
            let labels = labels.map(|(key, value)| (key.clone(), json!(value)));
            selector.matches(Some(&labels.collect()))
        });
        pods
    }

    /// What all metrics together ask for; an error where too many of them are unknown.
    fn wish(&self, sync: &mut Sync<'_>, scale: &Scale) -> Result<Wish, String> {
        let selector = LabelSelector::parse(&scale.selector);
        let selector = match selector {
            Ok(selector) if !scale.selector.is_empty() => selector,
            _ => {
                let message = "selector is required";
                self.warn(sync, "SelectorRequired", message);
                let message = "the HPA target's scale is missing a selector";
                sync.condition(SCALING_ACTIVE, FALSE, "InvalidSelector", message);
                return Err(message.to_owned());
            }
        };
        let pods = self.pods_of(sync.autoscaler.namespace(), &selector);
        let specs = sync.spec.metrics.clone().unwrap_or_default();
        let mut wish: Option<Wish> = None;
        let mut failures = Vec::new();
        let mut statuses = Vec::new();
        for spec in &specs {
            let question = metrics::Question {
                spec,
                behavior: sync.spec.behavior.as_ref(),
                current: scale.replicas,
                pods: &pods,
                now: sync.now,
            };
            match metrics::answer(&question, &self.sampler) {
                Ok(answer) => {
                    statuses.push(answer.status);
                    let replicas = answer.replicas;
                    if wish.as_ref().is_none_or(|wish| replicas > wish.replicas) {
                        let metric = answer.metric;
                        wish = Some(Wish { replicas, metric });
                    }
                }
                Err(failure) => {
                    self.warn(sync, failure.reason, &failure.cause);
                    failures.push(failure);
                }
            }
        }
        sync.status.current_metrics = Some(statuses).filter(|list| !list.is_empty());
        let shrinks = wish
            .as_ref()
            .is_none_or(|wish| wish.replicas < scale.replicas);
        match (failures.first(), wish) {
            (Some(first), wish) if wish.is_none() || shrinks => {
                let cause = &first.cause;
                let message = format!("the HPA was unable to compute the replica count: {cause}");
                sync.condition(SCALING_ACTIVE, FALSE, first.reason, &message);
                let (invalid, all) = (failures.len(), specs.len());
                Err(format!(
                    "invalid metrics ({invalid} invalid out of {all}), first error is: {}",
                    first.message
                ))
            }
            (_, Some(wish)) => {
                let metric = &wish.metric;
                let message = format!(
                    "the HPA was able to successfully calculate a replica count from {metric}"
                );
                sync.condition(SCALING_ACTIVE, TRUE, "ValidMetricFound", &message);
                Ok(wish)
            }
            (_, None) => Ok(Wish {
                replicas: scale.replicas,
                metric: String::new(),
            }),
        }
    }

    /// The size to have now, and why; `None` where it can't be said.
    fn decide(&self, sync: &mut Sync<'_>, scale: &Scale) -> Option<(i32, String)> {
        let (current, least, most) = (scale.replicas, sync.least(), sync.spec.max_replicas);
        if current == 0 && least != 0 {
            let message = "scaling is disabled since the replica count of the target is zero";
            sync.condition(SCALING_ACTIVE, FALSE, "ScalingDisabled", message);
            return Some((0, String::new()));
        }
        if current > most {
            let reason = "Current number of replicas above Spec.MaxReplicas";
            return Some((most, reason.to_owned()));
        }
        if current < least {
            let reason = "Current number of replicas below Spec.MinReplicas";
            return Some((least, reason.to_owned()));
        }
        let wish = match self.wish(sync, scale) {
            Ok(wish) => wish,
            Err(why) => {
                self.warn(sync, "FailedComputeMetricsReplicas", &why);
                return None;
            }
        };
        let reason = match wish.replicas > current {
            true => format!("{} above target", wish.metric),
            false => "All metrics below target".to_owned(),
        };
        let mut histories = self.histories.lock();
        let history = histories.entry(sync.autoscaler.key()).or_default();
        history.begin(current, sync.now);
        let limits = behavior::Limits {
            behavior: sync.spec.behavior.as_ref(),
            least,
            most,
        };
        let verdict = history.limit(&limits, (current, wish.replicas), sync.now);
        drop(histories);
        let [able, limited] = verdict.conditions;
        sync.condition(ABLE_TO_SCALE, TRUE, able.0, able.1);
        let state = if verdict.is_limited { TRUE } else { FALSE };
        sync.condition(SCALING_LIMITED, state, limited.0, limited.1);
        Some((verdict.replicas, reason))
    }

    async fn rescale(
        &self,
        sync: &mut Sync<'_>,
        scale: &Scale,
        (wanted, reason): (i32, &str),
    ) -> Result<(), SyncError> {
        let (namespace, name) = (
            sync.autoscaler.namespace(),
            sync.spec.scale_target_ref.name.clone(),
        );
        let patch = Patch::Merge(json!({"spec": {"replicas": wanted}}));
        let target = (namespace, name.as_str(), "scale");
        let patched = self.client.patch_object(&scale.resource, target, patch);
        if let Err(error) = patched.await {
            let message = format!("New size: {wanted}; reason: {reason}; error: {error}");
            self.warn(sync, "FailedRescale", &message);
            let message =
                format!("the HPA controller was unable to update the target scale: {error}");
            sync.condition(ABLE_TO_SCALE, FALSE, "FailedUpdateScale", &message);
            return Err(error.into());
        }
        let message = format!("the HPA controller was able to update the target scale to {wanted}");
        sync.condition(ABLE_TO_SCALE, TRUE, "SucceededRescale", &message);
        let message = format!("New size: {wanted}; reason: {reason}");
        let event = (EventType::Normal, "SuccessfulRescale");
        self.recorder
            .event(sync.autoscaler, event.0, event.1, message);
        let mut histories = self.histories.lock();
        let history = histories.entry(sync.autoscaler.key()).or_default();
        history.note(scale.replicas, wanted, sync.now);
        sync.status.last_scale_time = Some(time(sync.now));
        Ok(())
    }

    async fn reconcile(&self, sync: &mut Sync<'_>) -> Result<(), SyncError> {
        let scale = match self.scale(sync).await {
            Ok(scale) => scale,
            Err(why) => {
                self.warn(sync, "FailedGetScale", &why);
                let message = format!(
                    "the HPA controller was unable to get the target's current scale: {why}"
                );
                sync.condition(ABLE_TO_SCALE, FALSE, "FailedGetScale", &message);
                return Ok(());
            }
        };
        let message = "the HPA controller was able to get the target's current scale";
        sync.condition(ABLE_TO_SCALE, TRUE, "SucceededGetScale", message);
        sync.status.current_replicas = Some(scale.replicas);
        let Some((wanted, reason)) = self.decide(sync, &scale) else {
            return Ok(());
        };
        sync.status.desired_replicas = wanted;
        if wanted != scale.replicas {
            return self.rescale(sync, &scale, (wanted, &reason)).await;
        }
        Ok(())
    }
}

#[async_trait]
impl Controller for Autoscaler {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(autoscaler) = self.autoscalers.get_key(key) else {
            self.histories.lock().remove(key);
            return Ok(());
        };
        let mut sync = Sync {
            autoscaler: &autoscaler,
            spec: autoscaler.spec.clone().unwrap_or_default(),
            status: autoscaler.status.clone().unwrap_or_default(),
            now: self.clock.now(),
        };
        let outcome = self.reconcile(&mut sync).await;
        self.queue.add_after(key.clone(), PERIOD);
        sync.status.observed_generation = Some(autoscaler.generation()).filter(|own| *own != 0);
        if autoscaler.status.as_ref() != Some(&sync.status) {
            let mut changed = HorizontalPodAutoscaler::clone(&autoscaler);
            changed.status = Some(sync.status);
            match self.client.update_status(&changed).await {
                Err(error) if !error.is_not_found() => return Err(error.into()),
                _ => {}
            }
        }
        outcome
    }
}
