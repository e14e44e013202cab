//! PersistentVolumeClaim: a wish for storage, and the volume that fulfils it.
//!
//! Mirrors `pkg/registry/core/persistentvolumeclaim` (v1.35).

mod validation;

use serde_json::{Value, json};

pub(crate) use validation::claim_spec;

use super::persistentvolume::{access_modes_cell, size_cell};
use crate::api::field::ErrorList;
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{fill, remove, restore, text};
use crate::printers::{Column, RowContext, TableDef, age_cell};
use crate::registry::core::pod::warnings::claim_spec_warnings;
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

/// The old way to name a storage class.
pub const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        "",
        "v1",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        PersistentVolumeClaimStrategy,
    )
    .short_names(&["pvc"])
    .table(table())
    .with_status()
}

struct PersistentVolumeClaimStrategy;

impl Strategy for PersistentVolumeClaimStrategy {
    fn default(&self, object: &mut Value) {
        fill(&mut object["status"], "phase", "Pending");
        fill(&mut object["spec"], "volumeMode", "Filesystem");
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        object["status"] = json!({"phase": "Pending"});
        drop_data_sources(&mut object["spec"], &Value::Null);
        agree_on_data_source(&mut object["spec"]);
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::validate(object)
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
        drop_data_sources(&mut new["spec"], &old["spec"]);
        agree_on_data_source(&mut new["spec"]);
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::validate_update(new, old)
    }

    fn validate_status_update(
        &self,
        new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        validation::validate_status(&new["status"])
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        if meta::annotation(object, CLASS_ANNOTATION).is_some() {
            warnings.push(format!(
                "metadata.annotations[{CLASS_ANNOTATION}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
            ));
        }
        warnings.extend(claim_spec_warnings(&Field::new(&object["spec"], "spec")));
        warnings
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }
}

/// Sources in other namespaces are not to be had. The old field knows claims and snapshots only;
/// anything else in it counts as nothing, unless the claim has a source already.
fn drop_data_sources(spec: &mut Value, old: &Value) {
    let was_set = |field: &str| !old[field].is_null();
    if !text(&spec["dataSourceRef"], "namespace").is_empty() && !was_set("dataSourceRef") {
        remove(spec, "dataSourceRef");
    }
    if was_set("dataSource") || was_set("dataSourceRef") || !spec["dataSourceRef"].is_null() {
        return;
    }
    let source = &spec["dataSource"];
    let is_known = matches!(
        (text(source, "apiGroup"), text(source, "kind")),
        ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot")
    );
    if !is_known {
        remove(spec, "dataSource");
    }
}

/// The two fields for a data source say the same; clients may know only one of them.
fn agree_on_data_source(spec: &mut Value) {
    let (old_way, new_way) = (&spec["dataSource"], &spec["dataSourceRef"]);
    if !old_way.is_null() && new_way.is_null() {
        spec["dataSourceRef"] = old_way.clone();
    } else if old_way.is_null() && !new_way.is_null() && text(new_way, "namespace").is_empty() {
        spec["dataSource"] = new_way.clone();
    }
}

/// The class that a claim asks for; empty where it leaves that open, or wants none.
pub fn class_of(claim: &Value) -> &str {
    meta::annotation(claim, CLASS_ANNOTATION)
        .unwrap_or_else(|| text(&claim["spec"], "storageClassName"))
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Status"),
            Column::text("Volume"),
            Column::text("Capacity"),
            Column::text("Access Modes"),
            Column::text("StorageClass"),
            Column::text("VolumeAttributesClass"),
            Column::age(),
            Column::text("VolumeMode").wide(),
        ],
        cells,
    )
}

fn cells(claim: &Value, context: RowContext) -> Vec<Value> {
    let (spec, status) = (&claim["spec"], &claim["status"]);
    let phase = if meta::is_terminating(claim) {
        "Terminating"
    } else {
        text(status, "phase")
    };
    let volume = text(spec, "volumeName");
    let (capacity, modes) = if volume.is_empty() {
        (String::new(), String::new())
    } else {
        (
            size_cell(&status["capacity"]),
            access_modes_cell(&status["accessModes"]),
        )
    };
    let or_unset = |field: &str| spec[field].as_str().unwrap_or("<unset>").to_owned();
    vec![
        claim["metadata"]["name"].clone(),
        json!(phase),
        json!(volume),
        json!(capacity),
        json!(modes),
        json!(class_of(claim)),
        json!(or_unset("volumeAttributesClassName")),
        json!(age_cell(claim, context.now)),
        json!(or_unset("volumeMode")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{prepared, row};

    #[test]
    fn a_claim_waits_for_a_file_system() {
        let claim = prepared(
            &PersistentVolumeClaimStrategy,
            json!({"spec": {"accessModes": ["ReadWriteOnce"]}, "status": {"phase": "Bound"}}),
        );
        assert_eq!(claim["status"], json!({"phase": "Pending"}));
        assert_eq!(claim["spec"]["volumeMode"], "Filesystem");
    }

    #[test]
    fn data_sources_are_written_both_ways() {
        let source = json!({"kind": "PersistentVolumeClaim", "name": "a"});
        for field in ["dataSource", "dataSourceRef"] {
            let claim = prepared(
                &PersistentVolumeClaimStrategy,
                json!({"spec": {field: source}}),
            );
            assert_eq!(claim["spec"]["dataSource"], source);
            assert_eq!(claim["spec"]["dataSourceRef"], source);
        }
    }

    #[test]
    fn sources_that_the_old_field_does_not_know_count_as_nothing() {
        let spec = |field: &str, source: Value| {
            let claim = json!({"spec": {field: source}});
            prepared(&PersistentVolumeClaimStrategy, claim)["spec"].take()
        };
        let populator = json!({"apiGroup": "example.com", "kind": "Populator", "name": "a"});
        assert!(spec("dataSource", populator.clone())["dataSource"].is_null());
        assert_eq!(
            spec("dataSourceRef", populator.clone())["dataSource"],
            populator
        );
        let elsewhere = json!({"kind": "PersistentVolumeClaim", "name": "a", "namespace": "b"});
        assert!(spec("dataSourceRef", elsewhere)["dataSourceRef"].is_null());
    }

    #[test]
    fn the_row_shows_size_and_modes_once_bound() {
        let mut claim = json!({
            "metadata": {"name": "c"},
            "spec": {"storageClassName": "fast", "volumeMode": "Filesystem", "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": "Pending"},
        });
        assert_eq!(
            row(&resource(), &claim),
            [
                "c",
                "Pending",
                "",
                "",
                "",
                "fast",
                "<unset>",
                "<unknown>",
                "Filesystem"
            ]
        );
        claim["spec"]["volumeName"] = json!("pv");
        claim["status"] = json!({"phase": "Bound", "capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"]});
        assert_eq!(
            row(&resource(), &claim)[1..5],
            ["Bound", "pv", "2Gi", "RWO"]
        );
    }
}
