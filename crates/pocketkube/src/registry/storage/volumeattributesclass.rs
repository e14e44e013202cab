//! VolumeAttributesClass: attributes of volumes that can change while they are in use.
//!
//! Mirrors `pkg/registry/storage/volumeattributesclass` and `pkg/apis/storage` (v1.35).

use serde_json::{Value, json};

use super::storageclass::name_cell;
use super::{GROUP, parameters};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{is_empty, text};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::{HookContext, ResourceDef, Strategy};

const IS_DEFAULT: &str = "volumeattributesclass.alpha.kubernetes.io/is-default-class";

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "VolumeAttributesClass",
        "volumeattributesclasses",
        VolumeAttributesClassStrategy,
    )
    .short_names(&["vac"])
    .table(table())
}

struct VolumeAttributesClassStrategy;

impl Strategy for VolumeAttributesClassStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors =
            parameters::validate_driver(text(object, "driverName"), &Path::new("driverName"));
        let path = Path::new("parameters");
        errors.extend(parameters::validate(&object["parameters"], &path));
        if is_empty(&object["parameters"]) {
            let why = "must contain at least one key/value pair";
            errors.push(Error::required(path, why));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        let mut errors = parameters::validate_unchanged(new, old, &["driverName", "parameters"]);
        errors.extend(self.validate(new, context));
        errors
    }
}

fn table() -> TableDef {
    TableDef::new(
        vec![Column::name(), Column::text("DriverName"), Column::age()],
        |object, context| {
            let is_default = meta::annotation(object, IS_DEFAULT) == Some("true");
            vec![
                json!(name_cell(object, is_default)),
                object["driverName"].clone(),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::errors_on_create;

    #[test]
    fn a_class_has_a_driver_and_parameters() {
        assert_eq!(
            errors_on_create(&VolumeAttributesClassStrategy, json!({})),
            [
                "driverName: Required value",
                "parameters: Required value: must contain at least one key/value pair",
            ]
        );
    }
}
