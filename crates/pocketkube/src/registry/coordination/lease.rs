//! Lease: who holds something, and until when.
//!
//! Mirrors `pkg/registry/coordination/lease` and `pkg/apis/coordination/validation` (v1.35).

use serde_json::{Value, json};

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::tree::text;
use crate::api::validate::{choice, not_negative, positive};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        "coordination.k8s.io",
        "v1",
        "Lease",
        "leases",
        LeaseStrategy,
    )
    .table(table())
}

struct LeaseStrategy;

impl Strategy for LeaseStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_spec(&object["spec"], &Path::new("spec"))
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn allows_unconditional_update(&self) -> bool {
        false
    }
}

fn validate_spec(spec: &Value, path: &Path) -> ErrorList {
    let mut errors = positive(
        &spec["leaseDurationSeconds"],
        &path.child("leaseDurationSeconds"),
    );
    if let Some(transitions) = spec["leaseTransitions"].as_i64() {
        errors.extend(not_negative(transitions, &path.child("leaseTransitions")));
    }
    let strategy = text(spec, "strategy");
    if !strategy.is_empty() {
        let supported = ["OldestEmulationVersion"];
        errors.extend(choice(strategy, &supported, &path.child("strategy")));
    }
    if !text(spec, "preferredHolder").is_empty() && strategy.is_empty() {
        errors.push(Error::forbidden(
            path.child("preferredHolder"),
            "may only be specified when `strategy` is defined",
        ));
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![Column::name(), Column::text("Holder"), Column::age()],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                text(&object["spec"], "holderIdentity").into(),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, row};

    #[test]
    fn durations_are_positive() {
        assert_eq!(
            errors_on_create(
                &LeaseStrategy,
                json!({"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}})
            ),
            [
                "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
                "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
            ]
        );
    }

    #[test]
    fn the_row_names_the_holder() {
        let lease = json!({"metadata": {"name": "l"}, "spec": {"holderIdentity": "node-1"}});
        assert_eq!(row(&resource(), &lease), ["l", "node-1", "<unknown>"]);
    }
}
