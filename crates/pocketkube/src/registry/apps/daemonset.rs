//! DaemonSets: one Pod on every node that fits.
//!
//! Mirrors `pkg/registry/apps/daemonset/strategy.go`, `pkg/apis/apps/v1/{conversion,defaults}.go`
//! and the DaemonSet part of `pkg/apis/apps/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use super::{int_or_percent, workload};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta::{self, map_at};
use crate::api::names::{self, NameRule};
use crate::api::selector::LabelSelector;
use crate::api::tree::{fill, fill_absent, integer, restore, text};
use crate::api::validate::{immutable_field, semantically_equal};
use crate::printers::{
    Column, RowContext, TableDef, age_cell, container_cells, label_selector_cell, labels_cell,
};
use crate::registry::core::pod::template;
use crate::registry::validation::{Field, must_not_be_decremented};
use crate::registry::{HookContext, ResourceDef, Strategy};

/// How often the template has changed, which `apps/v1` keeps in an annotation.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced("apps", "v1", "DaemonSet", "daemonsets", DaemonSetStrategy)
        .short_names(&["ds"])
        .in_all()
        .table(table())
        .with_status()
}

fn table() -> TableDef {
    let columns = vec![
        Column::name(),
        Column::integer("Desired"),
        Column::integer("Current"),
        Column::integer("Ready"),
        Column::integer("Up-to-date"),
        Column::integer("Available"),
        Column::text("Node Selector"),
        Column::age(),
        Column::text("Containers").wide(),
        Column::text("Images").wide(),
        Column::text("Selector").wide(),
    ];
    TableDef::new(columns, cells)
}

fn cells(set: &Value, context: RowContext) -> Vec<Value> {
    let (spec, status) = (&set["spec"], &set["status"]);
    let pod_spec = &spec["template"]["spec"];
    let [names, images] = container_cells(&pod_spec["containers"]);
    vec![
        json!(meta::name(set)),
        json!(integer(status, "desiredNumberScheduled")),
        json!(integer(status, "currentNumberScheduled")),
        json!(integer(status, "numberReady")),
        json!(integer(status, "updatedNumberScheduled")),
        json!(integer(status, "numberAvailable")),
        json!(labels_cell(&pod_spec["nodeSelector"])),
        json!(age_cell(set, context.now)),
        json!(names),
        json!(images),
        json!(label_selector_cell(&spec["selector"])),
    ]
}

struct DaemonSetStrategy;

impl Strategy for DaemonSetStrategy {
    fn default(&self, set: &mut Value) {
        map_at(set, "spec");
        let spec = &mut set["spec"];
        map_at(spec, "template");
        template::default(&mut spec["template"]);
        fill_absent(spec, "revisionHistoryLimit", 10);
        map_at(spec, "updateStrategy");
        let strategy = &mut spec["updateStrategy"];
        fill(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate" {
            map_at(strategy, "rollingUpdate");
            let rolling = &mut strategy["rollingUpdate"];
            fill_absent(rolling, "maxUnavailable", 1);
            fill_absent(rolling, "maxSurge", 0);
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, set: &mut Value, _context: &HookContext<'_>) {
        set["status"] = json!({
            "currentNumberScheduled": 0,
            "desiredNumberScheduled": 0,
            "numberMisscheduled": 0,
            "numberReady": 0,
        });
        let generation = template_generation(set).max(1);
        set_template_generation(set, generation);
    }

    fn validate(&self, set: &Value, _context: &HookContext<'_>) -> ErrorList {
        spec(&Field::new(&set["spec"], "spec"))
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
        let is_changed = !semantically_equal(&new["spec"]["template"], &old["spec"]["template"]);
        set_template_generation(new, template_generation(old) + i64::from(is_changed));
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
        old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        status(&Field::new(&new["status"], "status"), &old["status"])
    }

    fn warnings(&self, set: &Value, old: Option<&Value>) -> Vec<String> {
        workload::warnings(set, old)
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        !semantically_equal(&new["spec"], &old["spec"])
    }
}

fn template_generation(set: &Value) -> i64 {
    meta::annotation(set, TEMPLATE_GENERATION)
        .and_then(|words| words.parse().ok())
        .unwrap_or(0)
}

fn set_template_generation(set: &mut Value, generation: i64) {
    map_at(set, "metadata");
    map_at(&mut set["metadata"], "annotations").insert(
        TEMPLATE_GENERATION.to_owned(),
        json!(generation.to_string()),
    );
}

fn spec(spec: &Field<'_>) -> ErrorList {
    let selector = spec.child("selector");
    let mut errors = selector.must_be_label_selector();
    let template = spec.child("template");
    if let Ok(labels) = LabelSelector::from_value(selector.value) {
        errors.extend(workload::labels_match(&labels, &template));
        if selector.is_set() && labels.is_empty() {
            errors.push(selector.invalid("empty selector is invalid for daemonset"));
        }
    }
    errors.extend(template::validate_long_running(&template, "DaemonSet"));
    errors.extend(spec.child("minReadySeconds").must_not_be_negative());
    errors.extend(update_strategy(&spec.child("updateStrategy")));
    errors.extend(spec.child("revisionHistoryLimit").must_not_be_negative());
    errors
}

fn update_strategy(strategy: &Field<'_>) -> ErrorList {
    match text(strategy.value, "type") {
        "OnDelete" => ErrorList::new(),
        "RollingUpdate" => rolling_update(&strategy.child("rollingUpdate")),
        _ => vec![Error::not_supported(
            strategy.path.clone(),
            strategy.value.clone(),
            &["OnDelete", "RollingUpdate"],
        )],
    }
}

/// Either Pods may be missing, or there may be more of them.
fn rolling_update(rolling: &Field<'_>) -> ErrorList {
    if !rolling.is_set() {
        return vec![rolling.required("")];
    }
    let (unavailable, surge) = (rolling.child("maxUnavailable"), rolling.child("maxSurge"));
    let mut errors = ErrorList::new();
    for number in [&unavailable, &surge] {
        errors.extend(int_or_percent::not_negative(number));
    }
    for number in [&unavailable, &surge] {
        errors.extend(int_or_percent::at_most_100_percent(number));
    }
    let [some_missing, some_more] =
        [&unavailable, &surge].map(|number| int_or_percent::value(number) != 0);
    match (some_missing, some_more) {
        (true, true) => {
            errors.push(surge.invalid("may not be set when maxUnavailable is non-zero"));
        }
        (false, false) => {
            errors.push(unavailable.required("cannot be 0 when maxSurge is 0"));
        }
        _ => {}
    }
    errors
}

fn status(status: &Field<'_>, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    for counter in [
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount",
    ] {
        errors.extend(status.child(counter).must_not_be_negative());
    }
    let collisions = status.child("collisionCount");
    errors.extend(must_not_be_decremented(&collisions, &old["collisionCount"]));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(spec: Value) -> Value {
        let mut set = json!({"metadata": {"name": "d"}, "spec": spec});
        DaemonSetStrategy.default(&mut set);
        set
    }

    fn texts(set: &Value) -> Vec<String> {
        let errors = spec(&Field::new(&set["spec"], "spec"));
        errors.iter().map(ToString::to_string).collect()
    }

    fn template(policy: &str) -> Value {
        json!({
            "metadata": {"labels": {"app": "d"}},
            "spec": {"restartPolicy": policy, "containers": [{"name": "a", "image": "x:1"}]},
        })
    }

    #[test]
    fn without_a_selector_the_labels_are_to_blame() {
        assert_eq!(
            texts(&set(json!({"template": template("Always")}))),
            [
                "spec.template.metadata.labels: Invalid value: {\"app\":\"d\"}: `selector` does not match template `labels`"
            ]
        );
    }

    #[test]
    fn its_pods_always_restart() {
        let selector = json!({"matchLabels": {"app": "d"}});
        assert_eq!(
            texts(&set(
                json!({"selector": selector, "template": template("OnFailure")})
            )),
            [
                "spec.template.spec.restartPolicy: Unsupported value: \"OnFailure\": supported values: \"Always\""
            ]
        );
    }

    #[test]
    fn a_rolling_update_leaves_out_or_adds_but_not_both() {
        let selector = json!({"matchLabels": {"app": "d"}});
        let with = |rolling: Value| {
            texts(&set(json!({
                "selector": selector, "template": template("Always"),
                "updateStrategy": {"rollingUpdate": rolling},
            })))
        };
        assert_eq!(
            with(json!({"maxSurge": 1})),
            [
                "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"
            ]
        );
        assert_eq!(
            with(json!({"maxUnavailable": 0})),
            [
                "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"
            ]
        );
    }

    #[test]
    fn changes_of_the_template_are_counted() {
        let mut set = set(json!({"template": template("Always")}));
        set_template_generation(&mut set, 1);
        assert_eq!(template_generation(&set), 1);
        assert_eq!(set["metadata"]["annotations"][TEMPLATE_GENERATION], "1");
    }
}
