//! Reading objects as trees. An absent field reads as zero or as no text.

use serde_json::Value;

pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub fn number(value: &Value, pointer: &str) -> i64 {
    value
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

pub fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// The workload that an object belongs to, however indirectly.
pub fn app(object: &Value) -> &str {
    text(object, "/metadata/labels/app")
}

pub fn is_terminating(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

pub fn controller(object: &Value) -> &str {
    let owners = list(object, "/metadata/ownerReferences");
    let owner = owners.iter().find(|owner| owner["controller"] == true);
    owner.map(|owner| text(owner, "/uid")).unwrap_or_default()
}

/// How many Pods a workload asks for.
pub fn replicas(workload: &Value) -> i64 {
    let replicas = workload["spec"]["replicas"].as_i64();
    replicas.unwrap_or(1)
}

pub fn phase(pod: &Value) -> &str {
    text(pod, "/status/phase")
}

pub fn is_terminal(pod: &Value) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Whether a Pod counts for whoever wants replicas.
pub fn is_active(pod: &Value) -> bool {
    !is_terminal(pod) && !is_terminating(pod)
}

pub fn has_condition(object: &Value, kind: &str) -> bool {
    let conditions = list(object, "/status/conditions");
    let mut conditions = conditions.iter();
    conditions.any(|own| own["type"] == kind && own["status"] == "True")
}

/// Whether a Job has come to its end.
pub fn is_over(job: &Value) -> bool {
    has_condition(job, "Complete") || has_condition(job, "Failed")
}

pub fn is_ready(pod: &Value) -> bool {
    has_condition(pod, "Ready")
}

pub fn node_of(pod: &Value) -> &str {
    text(pod, "/spec/nodeName")
}

/// A number, or a percentage of `whole` rounded up or down.
pub fn share(value: &Value, whole: i64, up: bool) -> i64 {
    let Some(percentage) = value.as_str().and_then(|text| text.strip_suffix('%')) else {
        return value.as_i64().unwrap_or_default();
    };
    let parts = percentage.parse::<i64>().unwrap_or_default() * whole;
    if up { (parts + 99) / 100 } else { parts / 100 }
}

/// Processor time in thousandths.
pub fn millicores(quantity: &Value) -> i64 {
    let Some(text) = quantity.as_str() else {
        return quantity.as_i64().unwrap_or_default() * 1000;
    };
    match text.strip_suffix('m') {
        Some(thousandths) => thousandths.parse().unwrap_or_default(),
        None => text.parse::<i64>().unwrap_or_default() * 1000,
    }
}
