//! Events as `events.k8s.io/v1` names their fields, over the objects of the core group.
//!
//! Mirrors `pkg/apis/events/v1/conversion.go` (v1.35).

use serde_json::Value;

use crate::api::GroupResource;
use crate::registry::core::event::{EventStrategy, Rules, selectable_fields, table};
use crate::registry::{Conversion, ResourceDef};

/// Fields that the versions name differently: as stored, and as served here.
const RENAMED: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

pub fn resource() -> ResourceDef {
    let strategy = EventStrategy {
        rules: Rules::Strict,
    };
    ResourceDef::namespaced("events.k8s.io", "v1", "Event", "events", strategy)
        .short_names(&["ev"])
        .table(table())
        .selectable(selectable_fields("regarding", "reportingController"))
        .stored_as(
            GroupResource::new("", "events"),
            Conversion::new(to_storage, |event| Some(from_storage(event))),
        )
}

fn to_storage(mut event: Value) -> Value {
    rename(
        &mut event,
        RENAMED.iter().map(|(stored, served)| (*served, *stored)),
    );
    event["apiVersion"] = "v1".into();
    event
}

fn from_storage(event: &Value) -> Value {
    let mut event = event.clone();
    rename(&mut event, RENAMED.iter().copied());
    event["apiVersion"] = "events.k8s.io/v1".into();
    event
}

fn rename<'a>(event: &mut Value, names: impl Iterator<Item = (&'a str, &'a str)>) {
    let Some(fields) = event.as_object_mut() else {
        return;
    };
    for (from, to) in names {
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_groups_show_the_same_event() {
        let stored = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "reason": "Started",
            "involvedObject": {"kind": "Pod"}, "message": "m", "reportingComponent": "kubelet",
            "source": {"component": "kubelet"}, "count": 2,
            "firstTimestamp": "2025-01-01T00:00:00Z", "lastTimestamp": "2025-01-01T00:00:01Z",
        });
        let served = from_storage(&stored);
        assert_eq!(
            served,
            json!({
                "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}, "reason": "Started",
                "regarding": {"kind": "Pod"}, "note": "m", "reportingController": "kubelet",
                "deprecatedSource": {"component": "kubelet"}, "deprecatedCount": 2,
                "deprecatedFirstTimestamp": "2025-01-01T00:00:00Z", "deprecatedLastTimestamp": "2025-01-01T00:00:01Z",
            })
        );
        assert_eq!(to_storage(served), stored);
        assert_eq!(*resource().storage, GroupResource::new("", "events"));
    }
}
