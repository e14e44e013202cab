//! One metric of an autoscaler: the question it asks, and the answer. Pure but for the sampler.
//!
//! Mirrors `computeReplicasForMetric` of `pkg/controller/podautoscaler/horizontal.go` (v1.35).

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricStatus, HorizontalPodAutoscalerBehavior, MetricSpec, MetricStatus,
    MetricTarget, MetricValueStatus, ResourceMetricStatus,
};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;

use super::replicas::{self, Measured, Target, Tolerances};
use crate::api::quantity::{Format, Quantity};
use crate::component_helpers::usage::Sampler;

pub(super) struct Question<'a> {
    pub(super) spec: &'a MetricSpec,
    pub(super) behavior: Option<&'a HorizontalPodAutoscalerBehavior>,
    pub(super) current: i32,
    pub(super) pods: &'a [Arc<Pod>],
    pub(super) now: Timestamp,
}

pub(super) struct Answer {
    pub(super) replicas: i32,
    /// What the metric is called in reasons.
    pub(super) metric: String,
    pub(super) status: MetricStatus,
}

/// Why a metric has no answer.
pub(super) struct Failure {
    pub(super) reason: &'static str,
    /// For the condition and the Event about the metric.
    pub(super) cause: String,
    /// For the Event about the whole.
    pub(super) message: String,
}

pub(super) fn answer(question: &Question<'_>, sampler: &Sampler) -> Result<Answer, Failure> {
    let spec = question.spec;
    if let Some(source) = &spec.resource {
        let resource = Resource {
            name: &source.name,
            container: None,
            target: &source.target,
        };
        return resource.answer(question, sampler);
    }
    if let Some(source) = &spec.container_resource {
        let resource = Resource {
            name: &source.name,
            container: Some(&source.container),
            target: &source.target,
        };
        return resource.answer(question, sampler);
    }
    let (reason, api) = match spec.type_.as_str() {
        "External" => ("FailedGetExternalMetric", "external"),
        "Object" => ("FailedGetObjectMetric", "custom"),
        _ => ("FailedGetPodsMetric", "custom"),
    };
    let cause = format!(
        "unable to get {} metric: unable to fetch metrics from {api} metrics API: the server could not find the requested resource",
        spec.type_.to_lowercase()
    );
    Err(Failure {
        reason,
        message: format!(
            "failed to get {} metric value: {cause}",
            spec.type_.to_lowercase()
        ),
        cause,
    })
}

struct Resource<'a> {
    name: &'a str,
    container: Option<&'a str>,
    target: &'a MetricTarget,
}

impl Resource<'_> {
    fn answer(&self, question: &Question<'_>, sampler: &Sampler) -> Result<Answer, Failure> {
        let name = self.name;
        let target = match (self.target.average_utilization, &self.target.average_value) {
            (_, Some(value)) => {
                let value = Quantity::of_value(&serde_json::Value::from(value.0.as_str()));
                Target::AverageValue(value.milli_value())
            }
            (Some(percent), None) => Target::Utilization(percent),
            (None, None) => Target::Utilization(80),
        };
        let measured = sampler.measure(question.pods, name, self.container);
        let outcome = replicas::propose(
            question.current,
            question.pods,
            &Measured {
                resource: name,
                container: self.container,
                by_pod: measured,
            },
            target,
            Tolerances::of(question.behavior),
            question.now,
        );
        let proposal = outcome.map_err(|why| {
            let what = match target {
                Target::Utilization(_) => "utilization",
                Target::AverageValue(_) => "usage",
            };
            let cause = format!("failed to get {name} {what}: {why}");
            let (reason, kind) = match self.container {
                Some(_) => ("FailedGetContainerResourceMetric", "container"),
                None => ("FailedGetResourceMetric", "resource"),
            };
            Failure {
                reason,
                message: format!("failed to get {name} {kind} metric value: {cause}"),
                cause,
            }
        })?;
        let value = MetricValueStatus {
            average_utilization: proposal.utilization,
            average_value: Some(QuantityText(amount(name, proposal.average))),
            value: None,
        };
        let metric = match target {
            Target::Utilization(_) => {
                format!("{name} resource utilization (percentage of request)")
            }
            Target::AverageValue(_) => format!("{name} resource"),
        };
        Ok(Answer {
            replicas: proposal.replicas,
            metric,
            status: self.status(value),
        })
    }

    fn status(&self, current: MetricValueStatus) -> MetricStatus {
        let name = self.name.to_owned();
        match self.container {
            Some(container) => MetricStatus {
                type_: "ContainerResource".to_owned(),
                container_resource: Some(ContainerResourceMetricStatus {
                    container: container.to_owned(),
                    current,
                    name,
                }),
                ..MetricStatus::default()
            },
            None => MetricStatus {
                type_: "Resource".to_owned(),
                resource: Some(ResourceMetricStatus { current, name }),
                ..MetricStatus::default()
            },
        }
    }
}

/// Thousandths as users write them: `250m` CPUs, `65536` bytes.
fn amount(resource: &str, milli: i64) -> String {
    match resource {
        "memory" => Quantity::whole(milli / 1000, Format::DecimalSI).to_string(),
        _ => Quantity::milli(milli, Format::DecimalSI).to_string(),
    }
}
