//! ReplicationControllers: what ReplicaSets were before there were selectors with operators.
//!
//! Mirrors `pkg/registry/core/replicationcontroller/strategy.go` and
//! `ValidateReplicationControllerSpec` in `pkg/apis/core/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use super::pod::template;
use crate::api::field::{Error, ErrorList};
use crate::api::meta::{self, map_at};
use crate::api::names::{self, NameRule};
use crate::api::tree::{entries, fill_absent, integer, is_empty, restore};
use crate::api::validate::semantically_equal;
use crate::printers::{Column, RowContext, TableDef, age_cell, container_cells, labels_cell};
use crate::registry::apps::{replicaset, workload};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, ScalePaths, SelectableField, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        "",
        "v1",
        "ReplicationController",
        "replicationcontrollers",
        ReplicationControllerStrategy,
    )
    .short_names(&["rc"])
    .in_all()
    .table(table())
    .selectable(vec![SelectableField::new(
        "status.replicas",
        |controller: &Value| {
            integer(&controller["status"], "replicas")
                .to_string()
                .into()
        },
    )])
    .with_status()
    .with_scale(ScalePaths {
        spec_replicas: ".spec.replicas".into(),
        status_replicas: ".status.replicas".into(),
        selector: Some(".spec.selector".into()),
    })
}

fn table() -> TableDef {
    let columns = vec![
        Column::name(),
        Column::integer("Desired"),
        Column::integer("Current"),
        Column::integer("Ready"),
        Column::age(),
        Column::text("Containers").wide(),
        Column::text("Images").wide(),
        Column::text("Selector").wide(),
    ];
    TableDef::new(columns, cells)
}

fn cells(controller: &Value, context: RowContext) -> Vec<Value> {
    let (spec, status) = (&controller["spec"], &controller["status"]);
    let [names, images] = container_cells(&spec["template"]["spec"]["containers"]);
    vec![
        json!(meta::name(controller)),
        json!(integer(spec, "replicas")),
        json!(integer(status, "replicas")),
        json!(integer(status, "readyReplicas")),
        json!(age_cell(controller, context.now)),
        json!(names),
        json!(images),
        json!(labels_cell(&spec["selector"])),
    ]
}

struct ReplicationControllerStrategy;

impl Strategy for ReplicationControllerStrategy {
    fn default(&self, controller: &mut Value) {
        map_at(controller, "spec");
        let spec = &mut controller["spec"];
        fill_absent(spec, "replicas", 1);
        if spec["template"].is_null() {
            return;
        }
        template::default(&mut spec["template"]);
        let labels = spec["template"]["metadata"]["labels"].clone();
        if is_empty(&labels) {
            return;
        }
        if is_empty(&spec["selector"]) {
            spec["selector"] = labels.clone();
        }
        if is_empty(&controller["metadata"]["labels"]) {
            controller["metadata"]["labels"] = labels;
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, controller: &mut Value, _context: &HookContext<'_>) {
        controller["status"] = json!({"replicas": 0});
    }

    fn validate(&self, controller: &Value, _context: &HookContext<'_>) -> ErrorList {
        spec(&Field::new(&controller["spec"], "spec"))
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "spec");
    }

    fn validate_status_update(
        &self,
        new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        replicaset::status(&Field::new(&new["status"], "status"))
    }

    fn warnings(&self, controller: &Value, old: Option<&Value>) -> Vec<String> {
        workload::warnings(controller, old)
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        !semantically_equal(&new["spec"], &old["spec"])
    }

    fn orphans_dependents(&self) -> bool {
        true
    }
}

fn spec(spec: &Field<'_>) -> ErrorList {
    let mut errors = spec.child("minReadySeconds").must_not_be_negative();
    let selector = spec.child("selector");
    if selector.is_empty() {
        errors.push(selector.required(""));
    }
    errors.extend(spec.child("replicas").must_not_be_negative());
    let template = spec.child("template");
    if !template.is_set() {
        errors.push(template.required(""));
        return errors;
    }
    errors.extend(labels_match(&selector, &template));
    errors.extend(template::validate_long_running(
        &template,
        "ReplicationController",
    ));
    errors
}

fn labels_match(selector: &Field<'_>, template: &Field<'_>) -> Option<Error> {
    let labels = template.child("metadata").child("labels");
    let fits = entries(selector.value).all(|(key, value)| labels.value[key.as_str()] == *value);
    (!fits).then(|| labels.invalid("`selector` does not match template `labels`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_the_template_serve_as_selector_and_labels() {
        let mut controller = json!({"metadata": {"name": "r"}, "spec": {"template": {
            "metadata": {"labels": {"app": "x"}},
            "spec": {"containers": [{"name": "a", "image": "b:1"}]},
        }}});
        ReplicationControllerStrategy.default(&mut controller);
        assert_eq!(controller["spec"]["selector"], json!({"app": "x"}));
        assert_eq!(controller["metadata"]["labels"], json!({"app": "x"}));
        assert_eq!(spec(&Field::new(&controller["spec"], "spec")), []);
    }

    #[test]
    fn a_controller_needs_selector_and_template() {
        let controller = json!({"spec": {"replicas": -1}});
        let texts: Vec<String> = spec(&Field::new(&controller["spec"], "spec"))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            texts,
            [
                "spec.selector: Required value",
                "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
                "spec.template: Required value",
            ]
        );
    }
}
