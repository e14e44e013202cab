//! CSIStorageCapacity: how much a driver can still provide in some part of the cluster.
//!
//! Mirrors `pkg/registry/storage/csistoragecapacity` and `pkg/apis/storage` (v1.35).

use serde_json::{Value, json};

use super::GROUP;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule, NameUse};
use crate::api::quantity::Quantity;
use crate::api::tree::text;
use crate::api::validate::{NOT_NEGATIVE, by_rule, label_selector, semantically_equal};
use crate::printers::{Column, TableDef};
use crate::registry::core::node_labels::selector_warnings;
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        GROUP,
        "v1",
        "CSIStorageCapacity",
        "csistoragecapacities",
        CsiStorageCapacityStrategy,
    )
    .table(table())
}

struct CsiStorageCapacityStrategy;

impl Strategy for CsiStorageCapacityStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = label_selector(&object["nodeTopology"], &Path::new("nodeTopology"));
        let rule = |name: &str| names::name_is_dns_subdomain(name, NameUse::Whole);
        errors.extend(by_rule(
            rule,
            text(object, "storageClassName"),
            &Path::new("storageClassName"),
        ));
        if Quantity::of_value(&object["capacity"]).is_negative() {
            errors.push(Error::invalid(
                Path::new("capacity"),
                object["capacity"].clone(),
                NOT_NEGATIVE,
            ));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        ["nodeTopology", "storageClassName"]
            .iter()
            .filter(|field| !semantically_equal(&new[**field], &old[**field]))
            .map(|field| {
                let value = new[*field].clone();
                Error::invalid(Path::new(field), value, "field is immutable")
            })
            .collect()
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        selector_warnings(&Field::new(&object["nodeTopology"], "nodeTopology"))
    }
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("StorageClassName"),
            Column::text("Capacity"),
        ],
        |object, _| {
            let capacity = object["capacity"].as_str().unwrap_or("<unset>");
            vec![
                object["metadata"]["name"].clone(),
                object["storageClassName"].clone(),
                json!(capacity),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update};

    #[test]
    fn capacity_belongs_to_a_class_and_is_not_negative() {
        let errors = errors_on_create(
            &CsiStorageCapacityStrategy,
            json!({"storageClassName": "fast", "capacity": "-1Gi"}),
        );
        assert_eq!(
            errors,
            ["capacity: Invalid value: \"-1Gi\": must be greater than or equal to 0"]
        );
    }

    #[test]
    fn the_class_stays() {
        assert_eq!(
            errors_on_update(
                &CsiStorageCapacityStrategy,
                json!({"storageClassName": "b"}),
                json!({"storageClassName": "a"})
            ),
            ["storageClassName: Invalid value: \"b\": field is immutable"]
        );
    }
}
