//! `autoscaling/v1` over `autoscaling/v2` objects.
//!
//! Mirrors `pkg/apis/autoscaling/v1/conversion.go` (v1.35).

use serde_json::{Value, json};

use crate::api::meta::{annotation, map_at};
use crate::api::tree::{elements, is_empty, remove, text};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

const CPU_TARGET: &str = "targetCPUUtilizationPercentage";
const CPU_CURRENT: &str = "currentCPUUtilizationPercentage";

/// What a client of v1 sent, as it is stored.
pub fn to_storage(mut autoscaler: Value) -> Value {
    autoscaler["apiVersion"] = json!("autoscaling/v2");
    let mut metrics = Vec::new();
    if let Some(utilization) = autoscaler["spec"][CPU_TARGET].as_i64() {
        metrics.push(cpu("target", "Utilization", utilization));
    }
    metrics.extend(from_annotation(&autoscaler, METRICS).into_iter().flatten());
    let behavior =
        annotation(&autoscaler, BEHAVIOR).and_then(|text| serde_json::from_str(text).ok());
    let conditions = from_annotation(&autoscaler, CONDITIONS);
    let mut current = Vec::new();
    if let Some(utilization) = autoscaler["status"][CPU_CURRENT].as_i64() {
        current.push(cpu("current", "", utilization));
    }
    if let Some(more) = from_annotation(&autoscaler, CURRENT_METRICS) {
        current = more;
    }
    if autoscaler["spec"].is_object() {
        let spec = &mut autoscaler["spec"];
        remove(spec, CPU_TARGET);
        if !metrics.is_empty() {
            spec["metrics"] = Value::Array(metrics);
        }
        if let Some(Value::Object(behavior)) = behavior {
            spec["behavior"] = Value::Object(behavior);
        }
    }
    if autoscaler["status"].is_object() {
        let status = &mut autoscaler["status"];
        remove(status, CPU_CURRENT);
        if !current.is_empty() {
            status["currentMetrics"] = Value::Array(current);
        }
        if let Some(conditions) = conditions {
            status["conditions"] = Value::Array(conditions);
        }
    }
    for name in [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR] {
        remove(&mut autoscaler["metadata"]["annotations"], name);
    }
    if is_empty(&autoscaler["metadata"]["annotations"]) {
        remove(&mut autoscaler["metadata"], "annotations");
    }
    autoscaler
}

/// What is stored, as a client of v1 sees it.
pub fn from_storage(stored: &Value) -> Value {
    let mut autoscaler = stored.clone();
    autoscaler["apiVersion"] = json!("autoscaling/v1");
    let spec = &mut autoscaler["spec"];
    remove(spec, "metrics");
    remove(spec, "behavior");
    let metrics = elements(&stored["spec"]["metrics"]);
    if let Some(utilization) = metrics
        .iter()
        .find_map(|metric| cpu_utilization(metric, "target"))
    {
        spec[CPU_TARGET] = json!(utilization);
    }
    let others: Vec<&Value> = metrics
        .iter()
        .filter(|metric| cpu_utilization(metric, "target").is_none())
        .collect();
    let status = &mut autoscaler["status"];
    if status.is_object() {
        remove(status, "currentMetrics");
        remove(status, "conditions");
        let current = elements(&stored["status"]["currentMetrics"]);
        let measured = current
            .iter()
            .find_map(|metric| cpu_utilization(metric, "current"));
        if let Some(utilization) = measured {
            status[CPU_CURRENT] = json!(utilization);
        }
    }
    let mut keep = |name: &str, value: Value| {
        if !is_empty(&value) {
            map_at(&mut autoscaler["metadata"], "annotations")
                .insert(name.to_owned(), json!(value.to_string()));
        }
    };
    keep(METRICS, json!(others));
    keep(CURRENT_METRICS, stored["status"]["currentMetrics"].clone());
    keep(CONDITIONS, stored["status"]["conditions"].clone());
    keep(BEHAVIOR, stored["spec"]["behavior"].clone());
    autoscaler
}

fn cpu(side: &str, kind: &str, utilization: i64) -> Value {
    let mut amount = json!({"averageUtilization": utilization});
    if !kind.is_empty() {
        amount["type"] = json!(kind);
    }
    json!({"type": "Resource", "resource": {"name": "cpu", (side): amount}})
}

fn cpu_utilization(metric: &Value, side: &str) -> Option<i64> {
    let resource = &metric["resource"];
    (text(metric, "type") == "Resource" && text(resource, "name") == "cpu")
        .then(|| resource[side]["averageUtilization"].as_i64())
        .flatten()
}

fn from_annotation(autoscaler: &Value, name: &str) -> Option<Vec<Value>> {
    serde_json::from_str(annotation(autoscaler, name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_has_a_field_and_the_rest_survives_in_annotations() {
        let stored = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
            "spec": {"maxReplicas": 3, "metrics": [
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}},
                {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "10"}}},
            ]},
            "status": {"desiredReplicas": 1},
        });
        let served = from_storage(&stored);
        assert_eq!(served["apiVersion"], "autoscaling/v1");
        assert_eq!(served["spec"], json!({"maxReplicas": 3, CPU_TARGET: 80}));
        assert_eq!(to_storage(served), stored);
    }
}
