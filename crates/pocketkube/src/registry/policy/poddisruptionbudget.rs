//! PodDisruptionBudgets: how many Pods may be evicted at a time.
//!
//! Mirrors `pkg/registry/policy/poddisruptionbudget/strategy.go` and
//! `pkg/apis/policy/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use crate::api::field::{Error, ErrorList};
use crate::api::meta::{self, map_at};
use crate::api::names::{self, NameRule};
use crate::api::tree::{integer, restore};
use crate::api::validate::semantically_equal;
use crate::printers::{Column, RowContext, TableDef, age_cell};
use crate::registry::apps::int_or_percent;
use crate::registry::validation::{Field, conditions};
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    let columns = vec![
        Column::name(),
        Column::text("Min Available"),
        Column::text("Max Unavailable"),
        Column::integer("Allowed Disruptions"),
        Column::age(),
    ];
    ResourceDef::namespaced(
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        PodDisruptionBudgetStrategy,
    )
    .short_names(&["pdb"])
    .table(TableDef::new(columns, cells))
    .with_status()
}

fn cells(budget: &Value, context: RowContext) -> Vec<Value> {
    let spec = &budget["spec"];
    vec![
        json!(meta::name(budget)),
        json!(amount(&spec["minAvailable"])),
        json!(amount(&spec["maxUnavailable"])),
        json!(integer(&budget["status"], "disruptionsAllowed")),
        json!(age_cell(budget, context.now)),
    ]
}

fn amount(value: &Value) -> String {
    match value {
        Value::Null => "N/A".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

struct PodDisruptionBudgetStrategy;

impl Strategy for PodDisruptionBudgetStrategy {
    fn default(&self, budget: &mut Value) {
        map_at(budget, "spec");
    }

    /// Upstream asks for no more than a name that fits into a path.
    fn name_rule(&self) -> NameRule {
        names::name_is_path_segment
    }

    fn prepare_for_create(&self, budget: &mut Value, _context: &HookContext<'_>) {
        budget["status"] = json!({
            "currentHealthy": 0,
            "desiredHealthy": 0,
            "disruptionsAllowed": 0,
            "expectedPods": 0,
        });
    }

    fn validate(&self, budget: &Value, _context: &HookContext<'_>) -> ErrorList {
        spec(&Field::new(&budget["spec"], "spec"))
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
        let status = Field::new(&new["status"], "status");
        let mut errors = conditions::validate(&status.child("conditions"));
        for counter in [
            "disruptionsAllowed",
            "currentHealthy",
            "desiredHealthy",
            "expectedPods",
        ] {
            errors.extend(status.child(counter).must_not_be_negative());
        }
        errors
    }

    fn allows_unconditional_update(&self) -> bool {
        false
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        !semantically_equal(&new["spec"], &old["spec"])
    }
}

fn spec(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (least, most) = (spec.child("minAvailable"), spec.child("maxUnavailable"));
    if least.is_set() && most.is_set() {
        errors.push(spec.invalid("minAvailable and maxUnavailable cannot be both set"));
    }
    for amount in [least, most] {
        if amount.is_set() {
            errors.extend(int_or_percent::not_negative(&amount));
            errors.extend(int_or_percent::at_most_100_percent(&amount));
        }
    }
    errors.extend(spec.child("selector").must_be_label_selector());
    errors.extend(unhealthy_pods(&spec.child("unhealthyPodEvictionPolicy")));
    errors
}

fn unhealthy_pods(policy: &Field<'_>) -> Option<Error> {
    if !policy.is_set() {
        return None;
    }
    policy.must_be_one_of(&["AlwaysAllow", "IfHealthyBudget"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(spec: Value) -> Vec<String> {
        let errors = super::spec(&Field::new(&spec, "spec"));
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_budget_says_one_thing() {
        assert_eq!(
            texts(json!({"minAvailable": 1, "maxUnavailable": 1})),
            [
                "spec: Invalid value: {\"maxUnavailable\":1,\"minAvailable\":1}: minAvailable and maxUnavailable cannot be both set"
            ]
        );
        assert_eq!(
            texts(json!({"minAvailable": "120%", "unhealthyPodEvictionPolicy": "Maybe"})),
            [
                "spec.minAvailable: Invalid value: \"120%\": must not be greater than 100%",
                "spec.unhealthyPodEvictionPolicy: Unsupported value: \"Maybe\": supported values: \"AlwaysAllow\", \"IfHealthyBudget\"",
            ]
        );
        assert_eq!(texts(json!({"maxUnavailable": 0})), [""; 0]);
    }

    #[test]
    fn what_is_not_said_is_not_applicable() {
        let budget = json!({"metadata": {"name": "b"}, "spec": {"minAvailable": "50%"}});
        let now = "2025-01-01T00:00:00Z".parse().unwrap();
        let row = cells(&budget, RowContext { now });
        assert_eq!(row[1..4], [json!("50%"), json!("N/A"), json!(0)]);
    }

    #[test]
    fn conditions_of_a_budget_are_whole() {
        let stored = crate::registry::testing::StoredObjects::default();
        let budget = json!({"status": {"currentHealthy": -1, "conditions": [{"type": "A", "status": "True",
            "lastTransitionTime": "2025-01-01T00:00:00Z"}]}});
        let errors =
            PodDisruptionBudgetStrategy.validate_status_update(&budget, &budget, &stored.context());
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "status.conditions[0].reason: Required value: must be set",
                "status.currentHealthy: Invalid value: -1: must be greater than or equal to 0",
            ]
        );
    }
}
