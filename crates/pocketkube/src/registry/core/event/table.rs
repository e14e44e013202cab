//! How `kubectl get events` shows events of both forms.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::tree::{integer, text};
use crate::printers::{Column, RowContext, TableDef, since_cell};

pub(crate) fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::text("Last Seen"),
            Column::text("Type"),
            Column::text("Reason"),
            Column::text("Object"),
            Column::text("Subobject").wide(),
            Column::text("Source").wide(),
            Column::text("Message"),
            Column::text("First Seen").wide(),
            Column::text("Count").wide(),
            Column::name().wide(),
        ],
        cells,
    )
}

fn cells(event: &Value, context: RowContext) -> Vec<Value> {
    let since = |moment: Option<Timestamp>| since_cell(moment, context.now);
    let first = moment(event, "firstTimestamp").or_else(|| moment(event, "eventTime"));
    let series = &event["series"];
    let (last, count) = if series.is_null() {
        // Events of the newer form that happened once have no count.
        let count = integer(event, "count").max(1);
        (moment(event, "lastTimestamp").or(first), count)
    } else {
        (moment(series, "lastObservedTime"), integer(series, "count"))
    };
    vec![
        json!(since(last)),
        event["type"].clone(),
        event["reason"].clone(),
        json!(target(&event["involvedObject"])),
        json!(text(&event["involvedObject"], "fieldPath")),
        json!(source(event)),
        json!(text(event, "message").trim()),
        json!(since(first)),
        json!(count),
        event["metadata"]["name"].clone(),
    ]
}

fn moment(value: &Value, field: &str) -> Option<Timestamp> {
    text(value, field).parse().ok()
}

/// `pod/web-0`.
fn target(object: &Value) -> String {
    let kind = text(object, "kind").to_lowercase();
    match text(object, "name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

/// `kubelet, node-1`.
fn source(event: &Value) -> String {
    let first_of = |one: &str, other: &str| if one.is_empty() { other } else { one }.to_owned();
    let component = first_of(
        text(&event["source"], "component"),
        text(event, "reportingComponent"),
    );
    let instance = first_of(
        text(&event["source"], "host"),
        text(event, "reportingInstance"),
    );
    if instance.is_empty() {
        component
    } else {
        format!("{component}, {instance}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::row;

    #[test]
    fn the_older_form_shows_first_and_last_time() {
        let event = json!({
            "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{c}"},
            "reason": "BackOff", "type": "Warning", "message": " Back-off \n", "count": 4,
            "source": {"component": "kubelet", "host": "node-1"},
            "firstTimestamp": "2025-01-01T00:00:00Z", "lastTimestamp": "2025-01-01T00:04:30Z",
        });
        assert_eq!(
            row(&super::super::resource(), &event),
            [
                "30s",
                "Warning",
                "BackOff",
                "pod/p",
                "spec.containers{c}",
                "kubelet, node-1",
                "Back-off",
                "5m",
                "4",
                "e"
            ]
        );
    }

    #[test]
    fn the_newer_form_counts_in_series() {
        let mut event = json!({
            "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "p"},
            "reason": "Scheduled", "type": "Normal", "message": "m", "reportingComponent": "default-scheduler",
            "eventTime": "2025-01-01T00:00:00.500000Z",
        });
        let shown = row(&super::super::resource(), &event);
        assert_eq!((shown[0].as_str(), shown[8].as_str()), ("4m59s", "1"));
        assert_eq!(shown[5], "default-scheduler");
        event["series"] = json!({"count": 3, "lastObservedTime": "2025-01-01T00:04:59.000000Z"});
        let shown = row(&super::super::resource(), &event);
        assert_eq!((shown[0].as_str(), shown[8].as_str()), ("1s", "3"));
    }
}
