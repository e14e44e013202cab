//! The latest events, newest first.

use serde_json::Value;

use super::super::view::EventView;
use super::{Material, moment, text};

/// A screen shows no more.
const MOST: usize = 50;

pub(super) fn events(material: &Material) -> Vec<EventView> {
    let mut events: Vec<EventView> = material.all("Event").into_iter().map(view).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events.truncate(MOST);
    events
}

fn view(event: &Value) -> EventView {
    let at = [
        "/series/lastObservedTime",
        "/lastTimestamp",
        "/eventTime",
        "/metadata/creationTimestamp",
    ];
    let count = event
        .pointer("/series/count")
        .or_else(|| event.get("count"))
        .and_then(Value::as_i64);
    EventView {
        at: at.iter().find_map(|pointer| moment(event, pointer)),
        warning: event["type"] == "Warning",
        reason: text(event, "/reason"),
        object: format!(
            "{}/{}",
            text(event, "/involvedObject/kind").to_lowercase(),
            text(event, "/involvedObject/name")
        ),
        message: text(event, "/message"),
        count: count.unwrap_or(1),
    }
}
