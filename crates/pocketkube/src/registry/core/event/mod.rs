//! Event: something that happened to an object, stored in the form of the core group.
//!
//! `events.k8s.io` serves the same objects, see `registry/events`. Mirrors
//! `pkg/registry/core/event/strategy.go` (v1.35).

mod table;
mod validation;

use std::borrow::Cow;

use serde_json::Value;

pub(crate) use table::table;

use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule};
use crate::api::tree::text;
use crate::registry::{HookContext, ResourceDef, SelectableField, Strategy};

pub fn resource() -> ResourceDef {
    let strategy = EventStrategy {
        rules: Rules::Lenient,
    };
    ResourceDef::namespaced("", "v1", "Event", "events", strategy)
        .short_names(&["ev"])
        .table(table())
        .selectable(selectable_fields("involvedObject", "reportingComponent"))
}

/// How closely new events are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// As ever in the core group.
    Lenient,
    /// As in `events.k8s.io/v1`.
    Strict,
}

pub(crate) struct EventStrategy {
    pub(crate) rules: Rules,
}

impl Strategy for EventStrategy {
    fn name_rule(&self) -> NameRule {
        match self.rules {
            Rules::Lenient => names::name_is_path_segment,
            Rules::Strict => names::name_is_dns_subdomain,
        }
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = validation::lenient(object);
        if self.rules == Rules::Strict {
            errors.extend(validation::strict(object));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = validation::lenient(new);
        if self.rules == Rules::Strict {
            errors.extend(validation::strict_update(new, old));
        }
        errors
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }
}

/// The fields to select by; the version decides what it calls the object and the reporter.
pub(crate) fn selectable_fields(object: &'static str, reporter: &str) -> Vec<SelectableField> {
    let of_object = [
        "kind",
        "namespace",
        "name",
        "uid",
        "apiVersion",
        "resourceVersion",
        "fieldPath",
    ];
    let mut fields: Vec<SelectableField> = of_object
        .into_iter()
        .map(|field| {
            SelectableField::new(format!("{object}.{field}"), move |event| {
                Cow::Borrowed(text(&event["involvedObject"], field))
            })
        })
        .collect();
    fields.push(SelectableField::at("reason"));
    fields.push(SelectableField::at("type"));
    fields.push(SelectableField::new(reporter.to_owned(), |event| {
        Cow::Borrowed(text(event, "reportingComponent"))
    }));
    fields.push(SelectableField::new("source", |event| {
        Cow::Borrowed(match text(&event["source"], "component") {
            "" => text(event, "reportingComponent"),
            component => component,
        })
    }));
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_selected_by_object_and_source() {
        let event = json!({"involvedObject": {"kind": "Pod", "name": "x"}, "reportingComponent": "kubelet", "type": "Normal"});
        let read = |wanted: &str| {
            let resource = resource();
            let field = resource
                .selectable_fields
                .iter()
                .find(|field| field.name == wanted);
            field.unwrap().read(&event).into_owned()
        };
        assert_eq!(read("involvedObject.name"), "x");
        assert_eq!(read("involvedObject.fieldPath"), "");
        assert_eq!(read("source"), "kubelet");
        assert_eq!(read("type"), "Normal");
    }
}
