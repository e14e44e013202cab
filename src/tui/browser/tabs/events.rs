//! What happened, newest first.

use super::super::row::{Body, EventRow, Row};
use crate::sandbox::{ClusterView, EventView};
use crate::tui::browser::words;

pub(super) fn rows(view: &ClusterView) -> Vec<Row> {
    if view.events.is_empty() {
        let words = words::NO_EVENTS.to_owned();
        return vec![Row::plain(Body::Words(words))];
    }
    view.events.iter().map(row).collect()
}

/// One event, with the object it is about.
pub(super) fn row(event: &EventView) -> Row {
    let message = event.message.lines().next().unwrap_or_default();
    Row {
        target: event.about.clone(),
        body: Body::Event(EventRow {
            at: event.at,
            warning: event.warning,
            reason: event.reason.clone(),
            count: event.count,
            object: event.object.clone(),
            message: message.to_owned(),
        }),
    }
}
