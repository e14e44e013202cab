//! The latest events, newest first.

use serde_json::Value;

use super::super::reference::Reference;
use super::super::view::EventView;
use super::{Material, moment, text};

/// A screen shows no more.
const MOST: usize = 300;

pub(super) fn events(material: &Material) -> Vec<EventView> {
    let mut events: Vec<EventView> = material.all("Event").into_iter().map(view).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events.truncate(MOST);
    events
}

/// One event.
pub fn view(event: &Value) -> EventView {
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
    let about = |field: &str| text(event, &format!("/involvedObject/{field}"));
    EventView {
        at: at.iter().find_map(|pointer| moment(event, pointer)),
        warning: event["type"] == "Warning",
        reason: text(event, "/reason"),
        object: format!("{}/{}", about("kind").to_lowercase(), about("name")),
        message: text(event, "/message"),
        count: count.unwrap_or(1),
        about: Some(Reference::new(
            &about("apiVersion"),
            &about("kind"),
            &about("namespace"),
            &about("name"),
        )),
    }
}
