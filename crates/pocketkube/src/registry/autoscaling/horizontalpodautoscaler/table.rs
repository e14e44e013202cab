//! The columns of HorizontalPodAutoscalers.
//!
//! Mirrors `printHorizontalPodAutoscaler` and `formatHPAMetrics` in
//! `pkg/printers/internalversion/printers.go` (v1.35).

use serde_json::{Value, json};

use crate::api::meta;
use crate::api::tree::{elements, integer, text};
use crate::printers::{Column, RowContext, TableDef, age_cell};
use crate::registry::core::resources::show;

/// More targets than this are only counted.
const MAX_TARGETS: usize = 2;

pub fn table() -> TableDef {
    let columns = vec![
        Column::name(),
        Column::text("Reference"),
        Column::text("Targets"),
        Column::text("MinPods"),
        Column::integer("MaxPods"),
        Column::integer("Replicas"),
        Column::age(),
    ];
    TableDef::new(columns, cells)
}

fn cells(autoscaler: &Value, context: RowContext) -> Vec<Value> {
    let (spec, status) = (&autoscaler["spec"], &autoscaler["status"]);
    let target = &spec["scaleTargetRef"];
    let least = match spec["minReplicas"].as_i64() {
        Some(number) => number.to_string(),
        None => "<unset>".to_owned(),
    };
    vec![
        json!(meta::name(autoscaler)),
        json!(format!("{}/{}", text(target, "kind"), text(target, "name"))),
        json!(targets(&spec["metrics"], &status["currentMetrics"])),
        json!(least),
        json!(integer(spec, "maxReplicas")),
        json!(integer(status, "currentReplicas")),
        json!(age_cell(autoscaler, context.now)),
    ]
}

fn targets(metrics: &Value, current: &Value) -> String {
    let metrics = elements(metrics);
    if metrics.is_empty() {
        return "<none>".to_owned();
    }
    let current = elements(current);
    let shown: Vec<String> = metrics
        .iter()
        .enumerate()
        .take(MAX_TARGETS)
        .map(|(index, metric)| target(metric, current.get(index).unwrap_or(&Value::Null)))
        .collect();
    let shown = shown.join(", ");
    match metrics.len().saturating_sub(MAX_TARGETS) {
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}

/// What is measured against what is wanted: `cpu: 12%/50%`.
fn target(metric: &Value, status: &Value) -> String {
    let (source, named) = match text(metric, "type") {
        "External" => ("external", false),
        "Pods" => ("pods", false),
        "Object" => ("object", false),
        "Resource" => ("resource", true),
        "ContainerResource" => ("containerResource", true),
        _ => return "<unknown type>".to_owned(),
    };
    let wanted = &metric[source]["target"];
    let measured = &status[source]["current"];
    let (field, note) = match (source, wanted["averageValue"].is_null()) {
        ("pods", _) | ("resource" | "containerResource", false) => ("averageValue", ""),
        ("resource" | "containerResource", true) => ("averageUtilization", ""),
        (_, false) => ("averageValue", " (avg)"),
        (_, true) => ("value", ""),
    };
    let unit = if field == "averageUtilization" {
        "%"
    } else {
        ""
    };
    let amount = |value: &Value, absent: &str| match value {
        Value::Null => absent.to_owned(),
        value => format!("{}{unit}", show(value)),
    };
    let words = format!(
        "{}/{}{note}",
        amount(&measured[field], "<unknown>"),
        amount(&wanted[field], "<auto>")
    );
    if named {
        format!("{}: {words}", text(&metric[source], "name"))
    } else {
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_show_measured_and_wanted() {
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}});
        let pods = json!({"type": "Pods", "pods": {"target": {"averageValue": "10"}}});
        let object = json!({"type": "Object", "object": {"target": {"averageValue": "5"}}});
        assert_eq!(targets(&json!([cpu]), &Value::Null), "cpu: <unknown>/80%");
        assert_eq!(
            targets(
                &json!([cpu]),
                &json!([{"resource": {"current": {"averageUtilization": 12}}}])
            ),
            "cpu: 12%/80%"
        );
        assert_eq!(
            targets(&json!([object, pods, cpu]), &Value::Null),
            "<unknown>/5 (avg), <unknown>/10 + 1 more..."
        );
    }
}
