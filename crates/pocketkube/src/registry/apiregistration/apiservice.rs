//! APIService: who serves a version of an API group.
//!
//! Mirrors `kube-aggregator/pkg/apis/apiregistration/validation` and
//! `kube-aggregator/pkg/registry/apiservice` (v1.35).

use serde_json::{Value, json};

use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, fill_absent, is_empty, restore, text};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

const GROUP: &str = "apiregistration.k8s.io";
const HTTPS: i64 = 443;

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(GROUP, "v1", "APIService", "apiservices", ApiServiceStrategy)
        .in_category("api-extensions")
        .table(table())
        .with_status()
}

struct ApiServiceStrategy;

impl Strategy for ApiServiceStrategy {
    fn default(&self, object: &mut Value) {
        if object["spec"]["service"].is_object() {
            fill_absent(&mut object["spec"]["service"], "port", HTTPS);
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_path_segment
    }

    fn prepare_for_create(&self, object: &mut Value, context: &HookContext<'_>) {
        object["status"] = json!({});
        if object["spec"]["service"].is_null() {
            object["status"] = json!({"conditions": [{
                "type": "Available", "status": "True", "reason": "Local",
                "message": "Local APIServices are always available",
                "lastTransitionTime": meta::format_time(context.now),
            }]});
        }
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = ErrorList::from_iter(validate_name(object));
        errors.extend(validate_spec(&Field::new(&object["spec"], "spec")));
        errors
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn validate_status_update(
        &self,
        new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        Field::new(&new["status"]["conditions"], "status.conditions")
            .items()
            .filter_map(|condition| {
                condition
                    .child("status")
                    .must_be_one_of(&["True", "False", "Unknown"])
            })
            .collect()
    }
}

/// An APIService is named after what it serves: `v1.apps`.
fn validate_name(object: &Value) -> Option<Error> {
    let spec = &object["spec"];
    let required = format!("{}.{}", text(spec, "version"), text(spec, "group"));
    let name = meta::name(object);
    (name != required).then(|| {
        let why = format!("must be `spec.version+\".\"+spec.group`: {required:?}");
        Error::invalid(Path::new("metadata.name"), name, &why)
    })
}

fn validate_spec(spec: &Field<'_>) -> ErrorList {
    let (group, version) = (spec.child("group"), spec.child("version"));
    let mut errors = ErrorList::new();
    if !group.is_empty() {
        errors.extend(group.faults(names::dns1123_subdomain(group.text())));
    } else if version.text() != "v1" {
        let why = "only v1 may have an empty group and it better be legacy kube";
        errors.push(group.required(why));
    }
    errors.extend(version.faults(names::dns1035_label(version.text())));
    for (field, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
        let priority = spec.child(field);
        if !(1..=most).contains(&priority.integer()) {
            let why = format!("must be positive and less than {most}");
            let path = priority.path.clone();
            errors.push(Error::invalid(path, priority.integer(), &why));
        }
    }
    errors.extend(validate_service(spec));
    errors
}

fn validate_service(spec: &Field<'_>) -> ErrorList {
    let service = spec.child("service");
    let (bundle, insecure) = (spec.child("caBundle"), spec.child("insecureSkipTLSVerify"));
    let mut errors = ErrorList::new();
    if !service.is_set() {
        if !bundle.is_empty() {
            let why = "local APIServices may not have a caBundle";
            errors.push(bundle.invalid_text(why));
        }
        if insecure.is_true() {
            let why = "local APIServices may not have insecureSkipTLSVerify";
            errors.push(insecure.invalid(why));
        }
        return errors;
    }
    errors.extend(service.child("namespace").must_be_set());
    errors.extend(service.child("name").must_be_set());
    if insecure.is_true() && !is_empty(bundle.value) {
        errors.push(insecure.invalid("may not be true if caBundle is present"));
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Service"),
            Column::text("Available"),
            Column::age(),
        ],
        |object, context| {
            let service = match &object["spec"]["service"] {
                Value::Null => "Local".to_owned(),
                service => format!("{}/{}", text(service, "namespace"), text(service, "name")),
            };
            vec![
                object["metadata"]["name"].clone(),
                json!(service),
                json!(available(object)),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

fn available(object: &Value) -> String {
    let condition = elements(&object["status"]["conditions"])
        .iter()
        .find(|condition| text(condition, "type") == "Available");
    match condition.map(|condition| (text(condition, "status"), text(condition, "reason"))) {
        None => "Unknown".to_owned(),
        Some(("True", _)) => "True".to_owned(),
        Some((status, reason)) => format!("{status} ({reason})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, prepared, row};

    fn local() -> Value {
        json!({
            "metadata": {"name": "v1.apps"},
            "spec": {"group": "apps", "version": "v1", "groupPriorityMinimum": 17800, "versionPriority": 15},
        })
    }

    #[test]
    fn what_this_server_serves_is_available() {
        let service = prepared(&ApiServiceStrategy, local());
        assert_eq!(
            row(&resource(), &service),
            ["v1.apps", "Local", "True", "<unknown>"]
        );
        assert!(errors_on_create(&ApiServiceStrategy, local()).is_empty());
    }

    #[test]
    fn it_is_named_after_what_it_serves() {
        let mut service = local();
        service["metadata"]["name"] = json!("apps");
        service["spec"]["versionPriority"] = json!(0);
        service["spec"]["service"] = json!({"name": "s"});
        assert_eq!(
            errors_on_create(&ApiServiceStrategy, service),
            [
                "metadata.name: Invalid value: \"apps\": must be `spec.version+\".\"+spec.group`: \"v1.apps\"",
                "spec.versionPriority: Invalid value: 0: must be positive and less than 1000",
                "spec.service.namespace: Required value",
            ]
        );
    }
}
