//! How many Pods a metric asks for. Pure.
//!
//! Pods without numbers count as busy when the workload would shrink and as idle when it would
//! grow, so that ignorance never drives a change. Mirrors
//! `pkg/controller/podautoscaler/replica_calculator.go` (v1.35).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerBehavior;
use k8s_openapi::api::core::v1::Pod;

use super::super::conditions::{FALSE, TRUE};
use super::super::pod;
use crate::api::quantity::Quantity;
use crate::client::Kind;

/// How long a Pod's CPU is only believed while the Pod is ready.
const INITIALIZATION: SignedDuration = SignedDuration::from_mins(5);
/// A Pod that was never ready for so long after its start was only slow to begin.
const INITIAL_READINESS: SignedDuration = SignedDuration::from_secs(30);
const TOLERANCE: f64 = 0.1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Percent of what the Pods request.
    Utilization(i32),
    /// Thousandths of the resource's unit, for each Pod.
    AverageValue(i64),
}

/// How far off the target nothing is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerances {
    up: f64,
    down: f64,
}

impl Tolerances {
    pub(super) fn of(behavior: Option<&HorizontalPodAutoscalerBehavior>) -> Self {
        let tolerance = |rules: Option<&k8s_openapi::api::autoscaling::v2::HPAScalingRules>| {
            let text = rules.and_then(|rules| rules.tolerance.as_ref());
            let value =
                text.map(|text| Quantity::of_value(&serde_json::Value::from(text.0.as_str())));
            value.map_or(TOLERANCE, |value| value.as_f64())
        };
        Self {
            up: tolerance(behavior.and_then(|behavior| behavior.scale_up.as_ref())),
            down: tolerance(behavior.and_then(|behavior| behavior.scale_down.as_ref())),
        }
    }

    fn allow(self, ratio: f64) -> bool {
        (1.0 - self.down..=1.0 + self.up).contains(&ratio)
    }
}

/// What Pods use, in thousandths.
pub(super) struct Measured<'a> {
    pub(super) resource: &'a str,
    pub(super) container: Option<&'a str>,
    pub(super) by_pod: BTreeMap<String, i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) replicas: i32,
    pub(super) utilization: Option<i32>,
    /// What a Pod uses on average, in thousandths.
    pub(super) average: i64,
}

/// Pods by what their numbers are worth.
#[derive(Default)]
struct Groups {
    ready: usize,
    unready: Vec<String>,
    missing: Vec<String>,
    ignored: Vec<String>,
}

/// # Errors
/// Why no number can be told, in words for the autoscaler's user.
pub(super) fn propose(
    current: i32,
    pods: &[Arc<Pod>],
    measured: &Measured<'_>,
    target: Target,
    tolerances: Tolerances,
    now: Timestamp,
) -> Result<Proposal, String> {
    let resource = measured.resource;
    if measured.by_pod.is_empty() {
        return Err(format!(
            "unable to get metrics for resource {resource}: no metrics returned from resource metrics API"
        ));
    }
    if pods.is_empty() {
        return Err("no pods returned by selector while calculating replica count".to_owned());
    }
    let groups = group(pods, measured, now);
    let mut usage = measured.by_pod.clone();
    usage.retain(|name, _| !groups.ignored.contains(name) && !groups.unready.contains(name));
    if usage.is_empty() {
        let message = "did not receive metrics for targeted pods (pods might be unready)";
        return Err(message.to_owned());
    }
    // What a Pod should use: its share of its request, or the same for all.
    let mut wanted = BTreeMap::new();
    for pod in pods {
        let value = match target {
            Target::AverageValue(value) => value,
            Target::Utilization(_) => request(pod, measured)?,
        };
        wanted.insert(pod.name().to_owned(), value);
    }
    let measure = |usage: &BTreeMap<String, i64>| ratio(usage, &wanted, target);
    let (first, utilization) = measure(&usage)?;
    let average = usage.values().sum::<i64>() / i64::try_from(usage.len()).unwrap_or(1).max(1);
    let proposal = |replicas| Proposal {
        replicas,
        utilization,
        average,
    };
    let grows_with_unready = !groups.unready.is_empty() && first > 1.0;
    if !grows_with_unready && groups.missing.is_empty() {
        let replicas = match tolerances.allow(first) {
            true => current,
            false => ceil(first * groups.ready as f64),
        };
        return Ok(proposal(replicas));
    }
    for name in &groups.missing {
        let full = wanted.get(name).copied().unwrap_or(0);
        let value = match (first < 1.0, target) {
            (false, _) => 0,
            (true, Target::Utilization(percent)) => full * i64::from(percent.max(100)) / 100,
            (true, Target::AverageValue(_)) => full,
        };
        usage.insert(name.clone(), value);
    }
    if grows_with_unready {
        usage.extend(groups.unready.iter().map(|name| (name.clone(), 0)));
    }
    let (second, _) = measure(&usage)?;
    let turned = (first < 1.0 && second > 1.0) || (first > 1.0 && second < 1.0);
    if tolerances.allow(second) || turned {
        return Ok(proposal(current));
    }
    let replicas = ceil(second * usage.len() as f64);
    let is_absurd = (second < 1.0 && replicas > current) || (second > 1.0 && replicas < current);
    Ok(proposal(if is_absurd { current } else { replicas }))
}

/// Usage relative to the target, and in percent of the requests.
fn ratio(
    usage: &BTreeMap<String, i64>,
    wanted: &BTreeMap<String, i64>,
    target: Target,
) -> Result<(f64, Option<i32>), String> {
    let used: i64 = usage.values().sum();
    let of_wanted = usage.keys().filter_map(|name| wanted.get(name));
    let all: i64 = of_wanted.sum();
    if all == 0 {
        return Err("no metrics returned matched known pods".to_owned());
    }
    Ok(match target {
        Target::Utilization(percent) => {
            let utilization = i32::try_from(used * 100 / all).unwrap_or(i32::MAX);
            let ratio = f64::from(utilization) / f64::from(percent.max(1));
            (ratio, Some(utilization))
        }
        Target::AverageValue(_) => (used as f64 / all as f64, None),
    })
}

fn ceil(replicas: f64) -> i32 {
    // A cast from a float is clamped.
    replicas.ceil() as i32
}

fn group(pods: &[Arc<Pod>], measured: &Measured<'_>, now: Timestamp) -> Groups {
    let mut groups = Groups::default();
    for pod in pods {
        let name = pod.name().to_owned();
        if pod.is_terminating() || pod::phase(pod) == "Failed" {
            groups.ignored.push(name);
        } else if pod::phase(pod) == "Pending" {
            groups.unready.push(name);
        } else if !measured.by_pod.contains_key(&name) {
            groups.missing.push(name);
        } else if measured.resource == "cpu" && is_starting(pod, now) {
            groups.unready.push(name);
        } else {
            groups.ready += 1;
        }
    }
    groups
}

/// Whether a Pod's CPU is still that of its start.
fn is_starting(pod: &Pod, now: Timestamp) -> bool {
    let started = pod
        .status
        .as_ref()
        .and_then(|status| status.start_time.as_ref());
    let (Some(ready), Some(started)) = (pod::condition(pod, "Ready"), started) else {
        return true;
    };
    let changed = ready.last_transition_time.as_ref().map(|time| time.0);
    let age = now.duration_since(started.0);
    if age < INITIALIZATION {
        return ready.status != TRUE;
    }
    let grace = started.0.saturating_add(INITIAL_READINESS);
    ready.status == FALSE && changed.is_none_or(|changed| grace.is_ok_and(|grace| grace > changed))
}

/// What a Pod requests, in thousandths.
fn request(pod: &Pod, measured: &Measured<'_>) -> Result<i64, String> {
    let (resource, only) = (measured.resource, measured.container);
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut sum = 0;
    for container in containers.filter(|own| only.is_none_or(|only| only == own.name)) {
        let requests = container.resources.as_ref();
        let requests = requests.and_then(|resources| resources.requests.as_ref());
        let Some(text) = requests.and_then(|requests| requests.get(resource)) else {
            let (container, pod) = (&container.name, pod.name());
            return Err(format!(
                "missing request for {resource} in container {container} of Pod {pod}"
            ));
        };
        sum += Quantity::of_value(&serde_json::Value::from(text.0.as_str())).milli_value();
    }
    Ok(sum)
}
