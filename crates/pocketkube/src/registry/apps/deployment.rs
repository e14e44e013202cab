//! Deployments: a number of equal Pods, replaced step by step when their template changes.
//!
//! Mirrors `pkg/registry/apps/deployment/strategy.go`, `pkg/apis/apps/v1/defaults.go` and the
//! Deployment part of `pkg/apis/apps/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use super::int_or_percent;
use super::workload::{self, Counter};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta::{self, map_at};
use crate::api::names::{self, NameRule};
use crate::api::tree::{fill, fill_absent, integer, remove, restore, text};
use crate::api::validate::{immutable_field, semantically_equal};
use crate::printers::{
    Column, RowContext, TableDef, age_cell, container_cells, label_selector_cell,
};
use crate::registry::core::pod::template;
use crate::registry::validation::{Field, must_not_be_decremented};
use crate::registry::{HookContext, ResourceDef, ScalePaths, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        "apps",
        "v1",
        "Deployment",
        "deployments",
        DeploymentStrategy,
    )
    .short_names(&["deploy"])
    .in_all()
    .table(table())
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
        Column::text("Ready").described("Number of the pod with ready state"),
        Column::integer("Up-to-date").described(
            "Total number of non-terminated pods targeted by this deployment that have the desired template spec.",
        ),
        Column::integer("Available").described(
            "Total number of available pods (ready for at least minReadySeconds) targeted by this deployment.",
        ),
        Column::age(),
        Column::text("Containers").wide(),
        Column::text("Images").wide(),
        Column::text("Selector").wide(),
    ];
    TableDef::new(columns, cells)
}

fn cells(deployment: &Value, context: RowContext) -> Vec<Value> {
    let (spec, status) = (&deployment["spec"], &deployment["status"]);
    let ready = integer(status, "readyReplicas");
    let [names, images] = container_cells(&spec["template"]["spec"]["containers"]);
    vec![
        json!(meta::name(deployment)),
        json!(format!("{ready}/{}", integer(spec, "replicas"))),
        json!(integer(status, "updatedReplicas")),
        json!(integer(status, "availableReplicas")),
        json!(age_cell(deployment, context.now)),
        json!(names),
        json!(images),
        json!(label_selector_cell(&spec["selector"])),
    ]
}

struct DeploymentStrategy;

impl Strategy for DeploymentStrategy {
    fn default(&self, deployment: &mut Value) {
        map_at(deployment, "spec");
        let spec = &mut deployment["spec"];
        map_at(spec, "template");
        template::default(&mut spec["template"]);
        fill_absent(spec, "replicas", 1);
        fill_absent(spec, "revisionHistoryLimit", 10);
        fill_absent(spec, "progressDeadlineSeconds", 600);
        map_at(spec, "strategy");
        default_strategy(&mut spec["strategy"]);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, deployment: &mut Value, _context: &HookContext<'_>) {
        deployment["status"] = json!({});
    }

    fn validate(&self, deployment: &Value, _context: &HookContext<'_>) -> ErrorList {
        spec(&Field::new(&deployment["spec"], "spec"))
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
        restore(&mut new["metadata"], &old["metadata"], "labels");
    }

    fn validate_status_update(
        &self,
        new: &Value,
        old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        status(&Field::new(&new["status"], "status"), &old["status"])
    }

    fn warnings(&self, deployment: &Value, old: Option<&Value>) -> Vec<String> {
        workload::warnings(deployment, old)
    }

    fn counts_generation(&self) -> bool {
        true
    }

    /// Annotations count too: the controller copies them to ReplicaSets.
    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        let annotations = |of: &Value| of["metadata"]["annotations"].clone();
        !semantically_equal(&new["spec"], &old["spec"])
            || !semantically_equal(&annotations(new), &annotations(old))
    }
}

fn default_strategy(strategy: &mut Value) {
    fill(strategy, "type", "RollingUpdate");
    if text(strategy, "type") == "RollingUpdate" {
        map_at(strategy, "rollingUpdate");
        let rolling = &mut strategy["rollingUpdate"];
        fill_absent(rolling, "maxUnavailable", "25%");
        fill_absent(rolling, "maxSurge", "25%");
    } else if strategy["rollingUpdate"].is_null() {
        remove(strategy, "rollingUpdate");
    }
}

fn spec(spec: &Field<'_>) -> ErrorList {
    let mut errors = spec.child("replicas").must_not_be_negative();
    errors.extend(workload::selector(&spec.child("selector"), "deployment"));
    errors.extend(workload::template(spec));
    errors.extend(update_strategy(&spec.child("strategy")));
    let min_ready = spec.child("minReadySeconds");
    errors.extend(min_ready.must_not_be_negative());
    errors.extend(spec.child("revisionHistoryLimit").must_not_be_negative());
    let deadline = spec.child("progressDeadlineSeconds");
    if deadline.is_set() {
        errors.extend(deadline.must_not_be_negative());
        if deadline.integer() <= min_ready.integer() {
            errors.push(deadline.invalid("must be greater than minReadySeconds"));
        }
    }
    errors
}

fn update_strategy(strategy: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let rolling = strategy.child("rollingUpdate");
    match text(strategy.value, "type") {
        "Recreate" => errors.extend(
            rolling.must_not_be_set("may not be specified when strategy `type` is 'Recreate'"),
        ),
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.child("maxUnavailable"), rolling.child("maxSurge"));
            errors.extend(int_or_percent::not_negative(&unavailable));
            errors.extend(int_or_percent::not_negative(&surge));
            let [unavailable_value, surge_value] =
                [&unavailable, &surge].map(int_or_percent::value);
            if unavailable_value == 0 && surge_value == 0 {
                errors.push(unavailable.invalid("may not be 0 when `maxSurge` is 0"));
            }
            errors.extend(int_or_percent::at_most_100_percent(&unavailable));
        }
        _ => errors.push(Error::not_supported(
            strategy.path.clone(),
            strategy.value.clone(),
            &["Recreate", "RollingUpdate"],
        )),
    }
    errors
}

fn status(status: &Field<'_>, old: &Value) -> ErrorList {
    const NOT_ABOVE: &[Counter] = &[
        Counter::at_most_replicas("updatedReplicas"),
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
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount",
    ] {
        errors.extend(status.child(counter).must_not_be_negative());
    }
    errors.extend(workload::counters(status, NOT_ABOVE));
    let collisions = status.child("collisionCount");
    errors.extend(must_not_be_decremented(&collisions, &old["collisionCount"]));
    errors
}

#[cfg(test)]
mod tests;
