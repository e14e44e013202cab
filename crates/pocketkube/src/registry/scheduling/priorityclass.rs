//! PriorityClasses: names for how much a Pod matters.
//!
//! Mirrors `pkg/registry/scheduling/priorityclass/strategy.go` and
//! `pkg/apis/scheduling/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{fill_absent, integer, text};
use crate::api::validate::{immutable_field, semantically_equal};
use crate::printers::{Column, RowContext, TableDef, age_cell};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

const SYSTEM_PREFIX: &str = "system-";
const HIGHEST_OF_USERS: i64 = 1_000_000_000;

/// The classes that only Kubernetes itself may define, with their values.
const SYSTEM_CLASSES: &[(&str, i64)] = &[
    ("system-node-critical", 2_000_001_000),
    ("system-cluster-critical", 2_000_000_000),
];

pub fn resource() -> ResourceDef {
    let global_default = Column {
        column_type: "boolean".into(),
        ..Column::text("Global-Default")
    };
    let columns = vec![
        Column::name(),
        Column::integer("Value"),
        global_default,
        Column::age(),
        Column::text("PreemptionPolicy"),
    ];
    ResourceDef::cluster(
        "scheduling.k8s.io",
        "v1",
        "PriorityClass",
        "priorityclasses",
        PriorityClassStrategy,
    )
    .short_names(&["pc"])
    .table(TableDef::new(columns, cells))
}

fn cells(class: &Value, context: RowContext) -> Vec<Value> {
    vec![
        json!(meta::name(class)),
        json!(integer(class, "value")),
        json!(class["globalDefault"] == true),
        json!(age_cell(class, context.now)),
        json!(text(class, "preemptionPolicy")),
    ]
}

struct PriorityClassStrategy;

impl Strategy for PriorityClassStrategy {
    fn default(&self, class: &mut Value) {
        fill_absent(class, "preemptionPolicy", "PreemptLowerPriority");
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, class: &Value, _context: &HookContext<'_>) -> ErrorList {
        rules(class)
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = ErrorList::new();
        if integer(new, "value") != integer(old, "value") {
            let path = Path::new("value");
            errors.push(Error::forbidden(path, "may not be changed in an update."));
        }
        errors.extend(immutable_field(
            &new["preemptionPolicy"],
            &old["preemptionPolicy"],
            &Path::new("preemptionPolicy"),
        ));
        errors
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        ["value", "globalDefault", "description", "preemptionPolicy"]
            .iter()
            .any(|field| !semantically_equal(&new[*field], &old[*field]))
    }
}

fn rules(class: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let name = meta::name(class);
    if name.starts_with(SYSTEM_PREFIX) {
        if let Some(why) = not_a_system_class(class) {
            errors.push(Error::forbidden(
                Path::new("metadata.name"),
                &format!("priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only. error: {why}"),
            ));
        }
    } else if integer(class, "value") > HIGHEST_OF_USERS {
        errors.push(Error::forbidden(
            Path::new("value"),
            &format!("maximum allowed value of a user defined priority is {HIGHEST_OF_USERS}"),
        ));
    }
    let policy = Field::new(&class["preemptionPolicy"], "preemptionPolicy");
    if policy.is_set() {
        errors.extend(policy.must_be_set_to_one_of(&["PreemptLowerPriority", "Never"]));
    }
    errors
}

fn not_a_system_class(class: &Value) -> Option<String> {
    let name = meta::name(class);
    let known = SYSTEM_CLASSES.iter().find(|(known, _)| *known == name);
    match known {
        None => Some(format!("{name} is not a known system priority class")),
        Some((_, value)) if integer(class, "value") != *value => {
            Some(format!("value of {name} PriorityClass must be {value}"))
        }
        Some(_) if class["globalDefault"] == true => Some(format!(
            "globalDefault of {name} PriorityClass must be false"
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(class: Value) -> Vec<String> {
        rules(&class).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn users_stay_below_the_system() {
        assert_eq!(
            texts(json!({"metadata": {"name": "high"}, "value": 2_000_000_000})),
            ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]
        );
        assert_eq!(
            texts(json!({"metadata": {"name": "system-mine"}, "value": 10})),
            [
                "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class"
            ]
        );
        assert_eq!(
            texts(json!({"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000})),
            [""; 0]
        );
    }

    #[test]
    fn the_table_shows_the_preemption_policy() {
        let mut class = json!({"metadata": {"name": "p"}, "value": 10});
        PriorityClassStrategy.default(&mut class);
        let now = "2025-01-01T00:00:00Z".parse().unwrap();
        let row = cells(&class, RowContext { now });
        assert_eq!(row[1..3], [json!(10), json!(false)]);
        assert_eq!(row[4], "PreemptLowerPriority");
    }
}
