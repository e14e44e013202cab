//! ReplicaSets: a number of equal Pods.
//!
//! Mirrors `pkg/registry/apps/replicaset/strategy.go`, `pkg/apis/apps/v1/defaults.go` and the
//! ReplicaSet part of `pkg/apis/apps/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use super::workload::{self, Counter};
use crate::api::field::{ErrorList, Path};
use crate::api::meta::{self, map_at};
use crate::api::names::{self, NameRule};
use crate::api::tree::{fill_absent, integer, restore};
use crate::api::validate::{immutable_field, semantically_equal};
use crate::printers::{
    Column, RowContext, TableDef, age_cell, container_cells, label_selector_cell,
};
use crate::registry::core::pod::template;
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, ScalePaths, SelectableField, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        "apps",
        "v1",
        "ReplicaSet",
        "replicasets",
        ReplicaSetStrategy,
    )
    .short_names(&["rs"])
    .in_all()
    .table(table())
    .selectable(vec![SelectableField::new(
        "status.replicas",
        |replica_set: &Value| {
            integer(&replica_set["status"], "replicas")
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

fn cells(replica_set: &Value, context: RowContext) -> Vec<Value> {
    let (spec, status) = (&replica_set["spec"], &replica_set["status"]);
    let [names, images] = container_cells(&spec["template"]["spec"]["containers"]);
    vec![
        json!(meta::name(replica_set)),
        json!(integer(spec, "replicas")),
        json!(integer(status, "replicas")),
        json!(integer(status, "readyReplicas")),
        json!(age_cell(replica_set, context.now)),
        json!(names),
        json!(images),
        json!(label_selector_cell(&spec["selector"])),
    ]
}

struct ReplicaSetStrategy;

impl Strategy for ReplicaSetStrategy {
    fn default(&self, replica_set: &mut Value) {
        map_at(replica_set, "spec");
        let spec = &mut replica_set["spec"];
        map_at(spec, "template");
        template::default(&mut spec["template"]);
        fill_absent(spec, "replicas", 1);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, replica_set: &mut Value, _context: &HookContext<'_>) {
        replica_set["status"] = json!({"replicas": 0});
    }

    fn validate(&self, replica_set: &Value, _context: &HookContext<'_>) -> ErrorList {
        errors(&Field::new(&replica_set["spec"], "spec"))
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        let mut errors = self.validate(new, context);
        errors.extend(immutable_field(
            &new["spec"]["selector"],
            &old["spec"]["selector"],
            &Path::new("spec.selector"),
        ));
        errors
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
        status(&Field::new(&new["status"], "status"))
    }

    fn warnings(&self, replica_set: &Value, old: Option<&Value>) -> Vec<String> {
        workload::warnings(replica_set, old)
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        !semantically_equal(&new["spec"], &old["spec"])
    }
}

fn errors(spec: &Field<'_>) -> ErrorList {
    let mut errors = spec.child("replicas").must_not_be_negative();
    errors.extend(spec.child("minReadySeconds").must_not_be_negative());
    // Upstream says "deployment" here too.
    errors.extend(workload::selector(&spec.child("selector"), "deployment"));
    errors.extend(workload::template(spec));
    errors
}

/// Counters of a ReplicaSet's status, which a ReplicationController has too.
pub fn status(status: &Field<'_>) -> ErrorList {
    const NOT_ABOVE: &[Counter] = &[
        Counter::at_most_replicas("fullyLabeledReplicas"),
        Counter::at_most_replicas("readyReplicas"),
        Counter::at_most_replicas("availableReplicas"),
        Counter::new(
            "availableReplicas",
            "readyReplicas",
            "cannot be greater than readyReplicas",
        ),
    ];
    let mut errors = ErrorList::new();
    for counter in [
        "replicas",
        "fullyLabeledReplicas",
        "readyReplicas",
        "availableReplicas",
        "observedGeneration",
    ] {
        errors.extend(status.child(counter).must_not_be_negative());
    }
    errors.extend(workload::counters(status, NOT_ABOVE));
    errors
}

#[cfg(test)]
mod tests;
