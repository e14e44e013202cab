//! What an Event must say. Mirrors `pkg/apis/core/validation/events.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names;
use crate::api::tree::{integer, text};
use crate::api::validate::{by_rule, immutable_field, required_text, semantically_equal};

const SHORT_TEXT: usize = 128;
const NOTE: usize = 1024;
const NAMESPACE_DIFFERS: &str = "does not match event.namespace";

/// The rules of every version.
pub(super) fn lenient(event: &Value) -> ErrorList {
    let mut errors = validate_namespace(event);
    if has_event_time(event) {
        errors.extend(validate_new_form(event));
    }
    let namespace = meta::namespace(event);
    errors.extend(by_rule(
        names::dns1123_subdomain,
        namespace,
        &Path::new("namespace"),
    ));
    errors
}

/// `eventTime` marks the newer form of events.
fn has_event_time(event: &Value) -> bool {
    !text(event, "eventTime").is_empty()
}

/// The event lives where its object lives; events on cluster-wide objects live in `default`.
fn validate_namespace(event: &Value) -> ErrorList {
    let own = meta::namespace(event);
    let of_object = text(&event["involvedObject"], "namespace");
    let fits = match (has_event_time(event), of_object) {
        (false, "") => own.is_empty() || own == "default",
        (true, "") => own == "default" || own == "kube-system",
        (false, namespace) => namespace == own,
        (true, _) => true,
    };
    if fits {
        return ErrorList::new();
    }
    let path = Path::new("involvedObject.namespace");
    vec![Error::invalid(path, of_object, NAMESPACE_DIFFERS)]
}

fn validate_new_form(event: &Value) -> ErrorList {
    let reporter = text(event, "reportingComponent");
    let path = Path::new("reportingController");
    let mut errors = required_text(reporter, &path);
    errors.extend(by_rule(names::qualified_name, reporter, &path));
    for field in ["reportingInstance", "action", "reason"] {
        let path = Path::new(field);
        errors.extend(required_text(text(event, field), &path));
        errors.extend(at_most(SHORT_TEXT, text(event, field), path));
    }
    errors.extend(at_most(NOTE, text(event, "message"), Path::new("message")));
    errors
}

fn at_most(limit: usize, value: &str, path: Path) -> ErrorList {
    if value.len() <= limit {
        return ErrorList::new();
    }
    let why = format!("can have at most {limit} characters");
    vec![Error::invalid(path, "", &why)]
}

/// What `events.k8s.io/v1` asks of new events besides.
pub(super) fn strict(event: &Value) -> ErrorList {
    let mut errors = validate_series(event);
    errors.extend(required_text(
        text(event, "eventTime"),
        &Path::new("eventTime"),
    ));
    let event_type = text(event, "type");
    if !["Normal", "Warning"].contains(&event_type) {
        let why = format!("has invalid value: {event_type}");
        errors.push(Error::invalid(Path::new("type"), "", &why));
    }
    let source = &event["source"];
    for (field, is_set) in [
        ("firstTimestamp", !text(event, "firstTimestamp").is_empty()),
        ("lastTimestamp", !text(event, "lastTimestamp").is_empty()),
        ("count", integer(event, "count") != 0),
        (
            "source",
            !text(source, "component").is_empty() || !text(source, "host").is_empty(),
        ),
    ] {
        if is_set {
            errors.push(Error::invalid(Path::new(field), "", "needs to be unset"));
        }
    }
    errors
}

/// In `events.k8s.io/v1` only the series of an event goes on.
pub(super) fn strict_update(new: &Value, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    if !semantically_equal(&new["series"], &old["series"]) {
        errors.extend(validate_series(new));
    }
    for (field, shown) in [
        ("involvedObject", "involvedObject"),
        ("reason", "reason"),
        ("message", "message"),
        ("source", "source"),
        ("firstTimestamp", "firstTimestamp"),
        ("lastTimestamp", "lastTimestamp"),
        ("count", "count"),
        ("type", "type"),
        ("eventTime", "eventTime"),
        ("action", "action"),
        ("related", "related"),
        ("reportingComponent", "reportingController"),
        ("reportingInstance", "reportingInstance"),
    ] {
        errors.extend(immutable_field(&new[field], &old[field], &Path::new(shown)));
    }
    errors
}

fn validate_series(event: &Value) -> ErrorList {
    let series = &event["series"];
    if series.is_null() {
        return ErrorList::new();
    }
    let mut errors = ErrorList::new();
    if integer(series, "count") < 2 {
        let path = Path::new("series.count");
        errors.push(Error::invalid(path, "", "should be at least 2"));
    }
    errors.extend(required_text(
        text(series, "lastObservedTime"),
        &Path::new("series.lastObservedTime"),
    ));
    errors
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::texts;

    fn event() -> Value {
        json!({
            "metadata": {"name": "e", "namespace": "a"},
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": "a"},
            "reason": "Started", "type": "Normal", "message": "m",
        })
    }

    #[test]
    fn an_event_lives_where_its_object_lives() {
        assert!(lenient(&event()).is_empty());
        let mut elsewhere = event();
        elsewhere["metadata"]["namespace"] = json!("b");
        assert_eq!(
            texts(&lenient(&elsewhere)),
            ["involvedObject.namespace: Invalid value: \"a\": does not match event.namespace"]
        );
        let node = json!({"metadata": {"namespace": "default"}, "involvedObject": {"kind": "Node", "name": "n"}});
        assert!(lenient(&node).is_empty());
    }

    #[test]
    fn the_newer_form_names_who_did_what() {
        let mut new = event();
        new["eventTime"] = json!("2025-01-01T00:00:00.000000Z");
        new["action"] = json!("x".repeat(129));
        let errors = texts(&lenient(&new));
        assert_eq!(errors[0], "reportingController: Required value");
        assert_eq!(
            errors[errors.len() - 2..],
            [
                "reportingInstance: Required value",
                "action: Invalid value: \"\": can have at most 128 characters",
            ]
        );
    }

    #[test]
    fn strict_events_leave_the_old_fields_alone() {
        let mut old_form = event();
        old_form["count"] = json!(1);
        old_form["type"] = json!("Bad");
        assert_eq!(
            texts(&strict(&old_form)),
            [
                "eventTime: Required value",
                "type: Invalid value: \"\": has invalid value: Bad",
                "count: Invalid value: \"\": needs to be unset",
            ]
        );
    }

    #[test]
    fn only_the_series_goes_on() {
        let mut new = event();
        new["series"] = json!({"count": 2, "lastObservedTime": "2025-01-01T00:00:00.000000Z"});
        assert!(strict_update(&new, &event()).is_empty());
        new["message"] = json!("other");
        assert_eq!(
            texts(&strict_update(&new, &event())),
            ["message: Invalid value: \"other\": field is immutable"]
        );
    }
}
