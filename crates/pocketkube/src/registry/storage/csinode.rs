//! CSINode: the storage drivers that run on a node.
//!
//! Mirrors `pkg/registry/storage/csinode` and `pkg/apis/storage` (v1.35).

use serde_json::{Value, json};

use super::GROUP;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, length, remove, strings, text};
use crate::api::validate::{by_rule, immutable_field, not_negative, required_text};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::core::pod::validation::csi_driver_name;
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

const MAX_NODE_ID: usize = 256;

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(GROUP, "v1", "CSINode", "csinodes", CsiNodeStrategy).table(table())
}

struct CsiNodeStrategy;

impl Strategy for CsiNodeStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let path = Path::new("spec.drivers");
        let mut errors = ErrorList::new();
        let mut seen: Vec<&str> = Vec::new();
        for (index, driver) in elements(&object["spec"]["drivers"]).iter().enumerate() {
            let path = path.index(index);
            errors.extend(validate_driver(driver, &path));
            let name = text(driver, "name");
            if seen.contains(&name) {
                errors.push(Error::duplicate(path.child("name"), name));
            }
            seen.push(name);
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        let mut errors = self.validate(new, context);
        for before in elements(&old["spec"]["drivers"]) {
            for now in elements(&new["spec"]["drivers"]) {
                if now["name"] == before["name"] {
                    errors.extend(immutable_field(
                        &without_allocatable(now),
                        &without_allocatable(before),
                        &Path::new("spec.drivers"),
                    ));
                }
            }
        }
        errors
    }
}

/// How many volumes fit may change, the rest of a driver may not.
fn without_allocatable(driver: &Value) -> Value {
    let mut driver = driver.clone();
    remove(&mut driver, "allocatable");
    driver
}

fn validate_driver(driver: &Value, path: &Path) -> ErrorList {
    let mut errors = csi_driver_name(&Field::new(&driver["name"], path.child("name")));
    let id = text(driver, "nodeID");
    let id_path = path.child("nodeID");
    errors.extend(required_text(id, &id_path));
    if id.len() > MAX_NODE_ID {
        let why = format!("must be {MAX_NODE_ID} characters or less");
        errors.push(Error::invalid(id_path, id, &why));
    }
    if let Some(count) = driver["allocatable"]["count"].as_i64() {
        errors.extend(not_negative(
            count,
            &path.child("allocatable").child("count"),
        ));
    }
    let mut seen: Vec<&str> = Vec::new();
    for key in strings(&driver["topologyKeys"]) {
        errors.extend(required_text(key, path));
        if seen.contains(&key) {
            errors.push(Error::duplicate(path.clone(), key));
        }
        seen.push(key);
        errors.extend(by_rule(names::qualified_name, key, path));
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![Column::name(), Column::integer("Drivers"), Column::age()],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                json!(length(&object["spec"]["drivers"])),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update};

    #[test]
    fn drivers_stand_once_and_know_their_node() {
        let node = json!({"spec": {"drivers": [{"name": "d.example.com", "nodeID": "n"}, {"name": "d.example.com"}]}});
        assert_eq!(
            errors_on_create(&CsiNodeStrategy, node),
            [
                "spec.drivers[1].nodeID: Required value",
                "spec.drivers[1].name: Duplicate value: \"d.example.com\"",
            ]
        );
    }

    #[test]
    fn only_the_number_of_volumes_changes() {
        let node = |id: &str, count: i64| json!({"spec": {"drivers": [{"name": "d.example.com", "nodeID": id, "allocatable": {"count": count}}]}});
        assert!(errors_on_update(&CsiNodeStrategy, node("n", 2), node("n", 1)).is_empty());
        let errors = errors_on_update(&CsiNodeStrategy, node("m", 1), node("n", 1));
        assert!(errors[0].starts_with("spec.drivers: Invalid value: "));
    }
}
