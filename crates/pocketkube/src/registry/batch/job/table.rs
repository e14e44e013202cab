//! The columns of Jobs.
//!
//! Mirrors `printJob` in `pkg/printers/internalversion/printers.go` (v1.35).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::meta;
use crate::api::tree::{elements, integer, text};
use crate::printers::{
    Column, RowContext, TableDef, age_cell, container_cells, human_duration, label_selector_cell,
};

pub fn table() -> TableDef {
    let columns = vec![
        Column::name(),
        Column::text("Status"),
        Column::text("Completions"),
        Column::text("Duration"),
        Column::age(),
        Column::text("Containers").wide(),
        Column::text("Images").wide(),
        Column::text("Selector").wide(),
    ];
    TableDef::new(columns, cells)
}

pub fn cells(job: &Value, context: RowContext) -> Vec<Value> {
    let spec = &job["spec"];
    let [names, images] = container_cells(&spec["template"]["spec"]["containers"]);
    vec![
        json!(meta::name(job)),
        json!(status(job)),
        json!(completions(job)),
        json!(duration(&job["status"], context.now)),
        json!(age_cell(job, context.now)),
        json!(names),
        json!(images),
        json!(label_selector_cell(&spec["selector"])),
    ]
}

fn status(job: &Value) -> &'static str {
    let is = |condition| has_condition(&job["status"], condition);
    if is("Complete") {
        "Complete"
    } else if is("Failed") {
        "Failed"
    } else if meta::is_terminating(job) {
        "Terminating"
    } else if is("Suspended") {
        "Suspended"
    } else if is("FailureTarget") {
        "FailureTarget"
    } else {
        "Running"
    }
}

fn completions(job: &Value) -> String {
    let (spec, succeeded) = (&job["spec"], integer(&job["status"], "succeeded"));
    match (spec["completions"].as_i64(), integer(spec, "parallelism")) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, at_once) if at_once > 1 => format!("{succeeded}/1 of {at_once}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

/// From start to end, or until now; empty before the start.
fn duration(status: &Value, now: Timestamp) -> String {
    let Ok(start) = text(status, "startTime").parse::<Timestamp>() else {
        return String::new();
    };
    let end = text(status, "completionTime").parse().unwrap_or(now);
    let span = Duration::try_from(end.duration_since(start)).unwrap_or_default();
    human_duration(span)
}

/// Whether a condition is there and true.
pub fn has_condition(status: &Value, condition: &str) -> bool {
    elements(&status["conditions"])
        .iter()
        .any(|c| text(c, "type") == condition && text(c, "status") == "True")
}
