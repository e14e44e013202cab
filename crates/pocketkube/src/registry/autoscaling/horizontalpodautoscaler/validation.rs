//! The rules that HorizontalPodAutoscalers obey.
//!
//! Mirrors `pkg/apis/autoscaling/validation/validation.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::quantity::Quantity;
use crate::api::tree::text;
use crate::registry::validation::Field;

const MAX_PERIOD_SECONDS: i64 = 1800;
const MAX_STABILIZATION_SECONDS: i64 = 3600;

/// Sources of metrics: how a metric names its type, and the field that goes with it.
const SOURCES: &[(&str, &str)] = &[
    ("Object", "object"),
    ("External", "external"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
];

/// `old` is the spec before a change: what it refers to and stays is not looked at again.
pub fn spec(spec: &Field<'_>, old: Option<&Value>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (least, most) = (spec.child("minReplicas"), spec.child("maxReplicas"));
    if least.is_set() && least.integer() < 1 {
        errors.push(least.invalid("must be greater than or equal to 1"));
    }
    let number = most.integer();
    if number < 1 {
        let path = most.path.clone();
        errors.push(Error::invalid(path, number, "must be greater than 0"));
    }
    if least.is_set() && number < least.integer() {
        let detail = "must be greater than or equal to `minReplicas`";
        errors.push(Error::invalid(most.path.clone(), number, detail));
    }
    let target = spec.child("scaleTargetRef");
    errors.extend(reference(&target));
    let same = |field: &str, old: &Value| text(target.value, field) == text(old, field);
    let is_unchanged = old
        .map(|old| &old["scaleTargetRef"])
        .is_some_and(|old| same("apiVersion", old) && same("kind", old));
    if !is_unchanged {
        // The one kind of the core group that can be scaled.
        let is_core = target.child("kind").text() == "ReplicationController";
        errors.extend(version(&target.child("apiVersion"), is_core));
    }
    let metrics = spec.child("metrics");
    for metric in metrics.items() {
        errors.extend(self::metric(&metric));
    }
    let mut kinds = metrics.items().map(|metric| metric.child("type").text());
    if least.is_set()
        && least.integer() == 0
        && !kinds.any(|kind| matches!(kind, "Object" | "External"))
    {
        errors.push(metrics.forbidden("must specify at least one Object or External metric to support scaling to zero replicas"));
    }
    for direction in ["scaleUp", "scaleDown"] {
        let rules = spec.child("behavior").child(direction);
        if rules.is_set() {
            errors.extend(scaling_rules(&rules));
        }
    }
    errors
}

fn reference(reference: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for field in ["kind", "name"] {
        let field = reference.child(field);
        match field.must_be_set() {
            Some(missing) => errors.push(missing),
            None => errors.extend(field.faults(names::path_segment_name(field.text()))),
        }
    }
    errors
}

/// The group and version of what is referred to.
fn version(version: &Field<'_>, may_be_core: bool) -> Option<Error> {
    let words = version.text();
    let why = match words.split('/').count() {
        1 if may_be_core => return None,
        1 => "apiVersion must specify API group".to_owned(),
        2 => return None,
        _ => format!("unexpected GroupVersion string: {words}"),
    };
    Some(version.invalid_text(&why))
}

fn metric(metric: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let kind = metric.child("type");
    let kinds: Vec<&str> = SOURCES.iter().map(|(kind, _)| *kind).collect();
    if kind.is_empty() {
        errors.push(kind.required("must specify a metric source type"));
    }
    let expected = SOURCES.iter().find(|(known, _)| *known == kind.text());
    if expected.is_none() {
        errors.push(kind.not_supported(&kinds));
    }
    let present: Vec<&str> = SOURCES
        .iter()
        .map(|(_, field)| *field)
        .filter(|field| metric.child(field).is_set())
        .collect();
    if let Some(first) = present.first() {
        errors.extend(source(&metric.child(first), first));
    }
    if let Some((_, field)) = expected
        && !present.contains(field)
    {
        let detail = "must populate information for the given metric source";
        errors.push(metric.child(field).required(detail));
    }
    if present.len() != 1 {
        let others = present
            .iter()
            .filter(|field| expected.is_none_or(|(_, expected)| expected != *field));
        for field in others {
            let detail = "must populate the given metric source only";
            errors.push(metric.child(field).forbidden(detail));
        }
    }
    errors
}

fn source(source: &Field<'_>, kind: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    let target = source.child("target");
    let [value, average, utilization] =
        ["value", "averageValue", "averageUtilization"].map(|field| target.child(field));
    match kind {
        "object" => {
            let described = source.child("describedObject");
            errors.extend(reference(&described));
            errors.extend(version(&described.child("apiVersion"), true));
            errors.extend(identifier(&source.child("metric")));
        }
        "external" | "pods" => errors.extend(identifier(&source.child("metric"))),
        _ => {
            let name = source.child("name");
            if name.is_empty() {
                errors.push(name.required("must specify a resource name"));
            }
            let container = source.child("container");
            if kind == "containerResource" && container.is_empty() {
                errors.push(container.required("must specify a container"));
            }
        }
    }
    errors.extend(metric_target(&target));
    match kind {
        "object" if !value.is_set() && !average.is_set() => {
            let detail = "must set either a target value or averageValue";
            errors.push(average.required(detail));
        }
        "external" if !value.is_set() && !average.is_set() => {
            let detail = "must set either a target value for metric or a per-pod target";
            errors.push(average.required(detail));
        }
        "external" if value.is_set() && average.is_set() => {
            let detail = "may not set both a target value for metric and a per-pod target";
            errors.push(value.forbidden(detail));
        }
        "pods" if !average.is_set() => {
            errors.push(average.required("must specify a positive target averageValue"));
        }
        "resource" | "containerResource" => match (utilization.is_set(), average.is_set()) {
            (false, false) => errors.push(
                utilization.required("must set either a target raw value or a target utilization"),
            ),
            (true, true) => errors.push(
                average.forbidden("may not set both a target raw value and a target utilization"),
            ),
            _ => {}
        },
        _ => {}
    }
    errors
}

fn identifier(metric: &Field<'_>) -> ErrorList {
    let name = metric.child("name");
    if name.is_empty() {
        return vec![name.required("must specify a metric name")];
    }
    name.faults(names::path_segment_name(name.text()))
}

fn metric_target(target: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let kind = target.child("type");
    if kind.is_empty() {
        errors.push(kind.required("must specify a metric target type"));
    }
    if !matches!(kind.text(), "Utilization" | "Value" | "AverageValue") {
        errors.push(kind.invalid_text("must be either Utilization, Value, or AverageValue"));
    }
    for amount in ["value", "averageValue"] {
        let amount = target.child(amount);
        if amount.is_set() && Quantity::of_value(amount.value) <= Quantity::ZERO {
            errors.push(amount.invalid("must be positive"));
        }
    }
    let utilization = target.child("averageUtilization");
    if utilization.is_set() && utilization.integer() < 1 {
        errors.push(utilization.invalid("must be greater than 0"));
    }
    errors
}

fn scaling_rules(rules: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let window = rules.child("stabilizationWindowSeconds");
    if window.integer() < 0 {
        errors.push(window.invalid("must be greater than or equal to zero"));
    }
    if window.integer() > MAX_STABILIZATION_SECONDS {
        let detail = format!("must be less than or equal to {MAX_STABILIZATION_SECONDS}");
        errors.push(window.invalid(&detail));
    }
    let select = rules.child("selectPolicy");
    if select.is_set() {
        errors.extend(select.must_be_one_of(&["Disabled", "Max", "Min"]));
    }
    let policies = rules.child("policies");
    if policies.is_empty() {
        errors.push(policies.required("must specify at least one Policy"));
    }
    for policy in policies.items() {
        errors.extend(policy.child("type").must_be_one_of(&["Percent", "Pods"]));
        for field in ["value", "periodSeconds"] {
            let field = policy.child(field);
            if field.integer() <= 0 {
                let path = field.path.clone();
                let number = field.integer();
                errors.push(Error::invalid(path, number, "must be greater than zero"));
            }
        }
        let period = policy.child("periodSeconds");
        if period.integer() > MAX_PERIOD_SECONDS {
            let detail = format!("must be less than or equal to {MAX_PERIOD_SECONDS}");
            errors.push(period.invalid(&detail));
        }
    }
    let tolerance = rules.child("tolerance");
    if Quantity::of_value(tolerance.value).is_negative() {
        errors.push(tolerance.invalid("must be greater than or equal to 0"));
    }
    errors
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(spec: &Value) -> Vec<String> {
        let errors = super::spec(&Field::new(spec, "spec"), None);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn bounds_and_target_make_sense() {
        assert_eq!(
            texts(
                &json!({"minReplicas": 3, "maxReplicas": 1, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment"}})
            ),
            [
                "spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`",
                "spec.scaleTargetRef.name: Required value",
            ]
        );
    }

    #[test]
    fn targets_have_a_group_unless_they_are_controllers_of_the_core_group() {
        let with = |version: &str, kind: &str| json!({"maxReplicas": 1, "scaleTargetRef": {"apiVersion": version, "kind": kind, "name": "d"}});
        assert_eq!(texts(&with("v1", "ReplicationController")), [""; 0]);
        assert_eq!(
            texts(&with("", "Deployment")),
            [
                "spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must specify API group"
            ]
        );
        assert_eq!(
            texts(&with("a/b/c", "Deployment")),
            [
                "spec.scaleTargetRef.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c"
            ]
        );
        let stored = with("v1", "Deployment");
        let field = Field::new(&stored, "spec");
        assert_eq!(super::spec(&field, Some(&stored)), []);
    }

    #[test]
    fn nothing_is_scaled_to_zero_by_its_own_load() {
        let spec = json!({
            "minReplicas": 0, "maxReplicas": 1, "metrics": [],
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
        });
        assert_eq!(
            texts(&spec),
            [
                "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
                "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
            ]
        );
    }

    #[test]
    fn metrics_have_the_source_they_name() {
        let with = |metric: Value| {
            texts(&json!({
                "maxReplicas": 1, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}, "metrics": [metric],
            }))
        };
        assert_eq!(
            with(json!({"type": "Pods"})),
            [
                "spec.metrics[0].pods: Required value: must populate information for the given metric source"
            ]
        );
        assert_eq!(
            with(
                json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}})
            ),
            [
                "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"
            ]
        );
    }

    #[test]
    fn scaling_rules_are_within_limits() {
        let spec = json!({
            "maxReplicas": 1, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
            "behavior": {"scaleUp": {"stabilizationWindowSeconds": 4000, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 1801}]}},
        });
        assert_eq!(
            texts(&spec),
            [
                "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600",
                "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
            ]
        );
    }
}
