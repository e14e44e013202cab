//! StorageClass: how volumes for claims are made.
//!
//! Mirrors `pkg/registry/storage/storageclass` and `pkg/apis/storage` (v1.35).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{GROUP, parameters};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, fill, strings, text};
use crate::api::validate::{choice, immutable_field, label_name, required_choice};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::core::node_labels;
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

/// Marks the class that claims without one get.
pub const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
const IS_DEFAULT_BETA: &str = "storageclass.beta.kubernetes.io/is-default-class";
const RECLAIM_POLICIES: &[&str] = &["Delete", "Retain"];
const BINDING_MODES: &[&str] = &["Immediate", "WaitForFirstConsumer"];

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "StorageClass",
        "storageclasses",
        StorageClassStrategy,
    )
    .short_names(&["sc"])
    .table(table())
}

/// Whether claims without a class get this one.
pub fn is_default(class: &Value) -> bool {
    [IS_DEFAULT, IS_DEFAULT_BETA]
        .iter()
        .any(|key| meta::annotation(class, key) == Some("true"))
}

struct StorageClassStrategy;

impl Strategy for StorageClassStrategy {
    fn default(&self, object: &mut Value) {
        fill(object, "reclaimPolicy", "Delete");
        fill(object, "volumeBindingMode", "Immediate");
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors =
            parameters::validate_driver(text(object, "provisioner"), &Path::new("provisioner"));
        errors.extend(parameters::validate(
            &object["parameters"],
            &Path::new("parameters"),
        ));
        errors.extend(choice(
            text(object, "reclaimPolicy"),
            RECLAIM_POLICIES,
            &Path::new("reclaimPolicy"),
        ));
        errors.extend(required_choice(
            text(object, "volumeBindingMode"),
            BINDING_MODES,
            &Path::new("volumeBindingMode"),
        ));
        errors.extend(validate_topologies(
            elements(&object["allowedTopologies"]),
            &Path::new("allowedTopologies"),
        ));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = parameters::validate_unchanged(
            new,
            old,
            &["parameters", "provisioner", "reclaimPolicy"],
        );
        errors.extend(immutable_field(
            &new["volumeBindingMode"],
            &old["volumeBindingMode"],
            &Path::new("volumeBindingMode"),
        ));
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        for term in Field::new(&object["allowedTopologies"], "allowedTopologies").items() {
            for expression in term.child("matchLabelExpressions").items() {
                let key = expression.child("key");
                warnings.extend(node_labels::warning(key.text(), &key.path));
            }
        }
        warnings
    }
}

fn validate_topologies(terms: &[Value], path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen: Vec<BTreeMap<&str, Vec<&str>>> = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        let path = path.index(index).child("matchLabelExpressions");
        let mut keys = BTreeMap::new();
        for (index, expression) in elements(&term["matchLabelExpressions"]).iter().enumerate() {
            let path = path.index(index);
            let (key, values) = (
                text(expression, "key"),
                strings(&expression["values"]).collect::<Vec<_>>(),
            );
            errors.extend(validate_values(&values, &path.child("values")));
            errors.extend(label_name(key, &path.child("key")));
            let mut sorted = values;
            sorted.sort_unstable();
            if keys.insert(key, sorted).is_some() {
                errors.push(Error::duplicate(path.child("key"), key));
            }
        }
        if seen.contains(&keys) {
            errors.push(Error::duplicate(path, ""));
        }
        seen.push(keys);
    }
    errors
}

fn validate_values(values: &[&str], path: &Path) -> ErrorList {
    if values.is_empty() {
        return vec![Error::required(path.clone(), "")];
    }
    values
        .iter()
        .enumerate()
        .filter(|(index, value)| values[..*index].contains(value))
        .map(|(index, value)| Error::duplicate(path.index(index), *value))
        .collect()
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Provisioner"),
            Column::text("ReclaimPolicy"),
            Column::text("VolumeBindingMode"),
            Column::text("AllowVolumeExpansion"),
            Column::age(),
        ],
        |object, context| {
            vec![
                json!(name_cell(object, is_default(object))),
                object["provisioner"].clone(),
                object["reclaimPolicy"].clone(),
                object["volumeBindingMode"].clone(),
                json!(object["allowVolumeExpansion"] == json!(true)),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

/// `standard (default)`.
pub(super) fn name_cell(object: &Value, is_default: bool) -> String {
    let name = meta::name(object);
    if is_default {
        format!("{name} (default)")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update, prepared, row};

    #[test]
    fn volumes_are_deleted_and_bound_at_once_unless_told() {
        let class = prepared(
            &StorageClassStrategy,
            json!({"metadata": {"name": "s"}, "provisioner": "a.b/c"}),
        );
        assert_eq!(
            row(&resource(), &class),
            ["s", "a.b/c", "Delete", "Immediate", "false", "<unknown>"]
        );
    }

    #[test]
    fn the_default_class_says_so() {
        let class = json!({"metadata": {"name": "s", "annotations": {IS_DEFAULT: "true"}}});
        assert_eq!(row(&resource(), &class)[0], "s (default)");
    }

    #[test]
    fn every_mistake_is_told() {
        let class = json!({
            "reclaimPolicy": "Recycle", "volumeBindingMode": "Later",
            "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone"}, {"key": "zone", "values": ["a", "a"]}]}],
        });
        assert_eq!(
            errors_on_create(&StorageClassStrategy, class),
            [
                "provisioner: Required value",
                "reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\"",
                "volumeBindingMode: Unsupported value: \"Later\": supported values: \"Immediate\", \"WaitForFirstConsumer\"",
                "allowedTopologies[0].matchLabelExpressions[0].values: Required value",
                "allowedTopologies[0].matchLabelExpressions[1].values[1]: Duplicate value: \"a\"",
                "allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: \"zone\"",
            ]
        );
    }

    #[test]
    fn what_volumes_were_made_with_stays() {
        let old = json!({"provisioner": "a.b/c", "parameters": {"tier": "gold"}});
        let new = json!({"provisioner": "a.b/d", "parameters": {"tier": "silver"}, "volumeBindingMode": "WaitForFirstConsumer"});
        assert_eq!(
            errors_on_update(&StorageClassStrategy, new, old),
            [
                "parameters: Forbidden: updates to parameters are forbidden.",
                "provisioner: Forbidden: updates to provisioner are forbidden.",
                "volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable",
            ]
        );
    }

    #[test]
    fn labels_of_old_are_warned_of() {
        let class = json!({"allowedTopologies": [
            {"matchLabelExpressions": [{"key": "failure-domain.beta.kubernetes.io/zone", "values": ["a"]}]},
        ]});
        assert_eq!(
            StorageClassStrategy.warnings(&class, None),
            [
                "allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"
            ]
        );
    }
}
