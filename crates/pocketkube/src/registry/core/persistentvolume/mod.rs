//! PersistentVolume: a piece of storage in the cluster.
//!
//! Mirrors `pkg/registry/core/persistentvolume` (v1.35).

mod sources;
mod validation;

use serde_json::{Value, json};

pub(crate) use validation::access_modes;

use crate::api::field::ErrorList;
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{fill, restore, strings, text};
use crate::printers::{Column, RowContext, TableDef, age_cell};
use crate::registry::core::node_labels::{Values, term_warnings};
use crate::registry::core::persistentvolumeclaim::CLASS_ANNOTATION;
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        "",
        "v1",
        "PersistentVolume",
        "persistentvolumes",
        PersistentVolumeStrategy,
    )
    .short_names(&["pv"])
    .table(table())
    .with_status()
}

struct PersistentVolumeStrategy;

impl Strategy for PersistentVolumeStrategy {
    fn default(&self, object: &mut Value) {
        fill(&mut object["status"], "phase", "Pending");
        let spec = &mut object["spec"];
        fill(spec, "persistentVolumeReclaimPolicy", "Retain");
        fill(spec, "volumeMode", "Filesystem");
        if spec["hostPath"].is_object() && spec["hostPath"]["type"].is_null() {
            spec["hostPath"]["type"] = json!("");
        }
        sources::set_defaults(spec);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, object: &mut Value, context: &HookContext<'_>) {
        object["status"] = json!({
            "phase": "Pending",
            "lastPhaseTransitionTime": meta::format_time(context.now),
        });
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::validate(object)
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::validate_update(new, old)
    }

    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, context: &HookContext<'_>) {
        restore(new, old, "spec");
        let (now, before) = (&new["status"], &old["status"]);
        if now["phase"] != before["phase"]
            && now["lastPhaseTransitionTime"] == before["lastPhaseTransitionTime"]
        {
            new["status"]["lastPhaseTransitionTime"] = json!(meta::format_time(context.now));
        }
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let spec = Field::new(&object["spec"], "spec");
        let mut warnings = Vec::new();
        if meta::annotation(object, CLASS_ANNOTATION).is_some() {
            warnings.push(format!(
                "metadata.annotations[{CLASS_ANNOTATION}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
            ));
        }
        if text(&object["spec"], "persistentVolumeReclaimPolicy") == "Recycle" {
            warnings.push(
                "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
                    .to_owned(),
            );
        }
        let affinity = spec.child("nodeAffinity").child("required");
        for term in affinity.child("nodeSelectorTerms").items() {
            warnings.extend(term_warnings(&term, Values::Passed));
        }
        warnings.extend(sources::warnings(&spec));
        warnings
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }
}

/// The class of a volume; empty where it has none.
pub fn class_of(volume: &Value) -> &str {
    meta::annotation(volume, CLASS_ANNOTATION)
        .unwrap_or_else(|| text(&volume["spec"], "storageClassName"))
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Capacity"),
            Column::text("Access Modes"),
            Column::text("Reclaim Policy"),
            Column::text("Status"),
            Column::text("Claim"),
            Column::text("StorageClass"),
            Column::text("VolumeAttributesClass"),
            Column::text("Reason"),
            Column::age(),
            Column::text("VolumeMode").wide(),
        ],
        cells,
    )
}

fn cells(volume: &Value, context: RowContext) -> Vec<Value> {
    let (spec, status) = (&volume["spec"], &volume["status"]);
    let phase = if meta::is_terminating(volume) {
        "Terminating"
    } else {
        text(status, "phase")
    };
    let claim = match &spec["claimRef"] {
        Value::Null => String::new(),
        claim => format!("{}/{}", text(claim, "namespace"), text(claim, "name")),
    };
    let or_unset = |field: &str| spec[field].as_str().unwrap_or("<unset>").to_owned();
    vec![
        volume["metadata"]["name"].clone(),
        json!(size_cell(&spec["capacity"])),
        json!(access_modes_cell(&spec["accessModes"])),
        json!(text(spec, "persistentVolumeReclaimPolicy")),
        json!(phase),
        json!(claim),
        json!(class_of(volume)),
        json!(or_unset("volumeAttributesClassName")),
        json!(text(status, "reason")),
        json!(age_cell(volume, context.now)),
        json!(or_unset("volumeMode")),
    ]
}

/// The storage in a list of resources.
pub(super) fn size_cell(capacity: &Value) -> String {
    capacity["storage"].as_str().unwrap_or("0").to_owned()
}

/// `RWO,RWX`.
pub(super) fn access_modes_cell(modes: &Value) -> String {
    let short: Vec<&str> = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ]
    .into_iter()
    .filter(|(mode, _)| strings(modes).any(|given| given == *mode))
    .map(|(_, short)| short)
    .collect();
    short.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{StoredObjects, prepared, row};

    fn volume() -> Value {
        prepared(
            &PersistentVolumeStrategy,
            json!({
                "metadata": {"name": "pv"},
                "spec": {
                    "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
                    "storageClassName": "fast", "hostPath": {"path": "/data"},
                },
            }),
        )
    }

    #[test]
    fn a_volume_is_kept_and_holds_a_file_system_unless_told() {
        let volume = volume();
        assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Retain");
        assert_eq!(volume["spec"]["volumeMode"], "Filesystem");
        assert_eq!(
            volume["spec"]["hostPath"],
            json!({"path": "/data", "type": ""})
        );
        assert_eq!(volume["status"]["phase"], "Pending");
    }

    #[test]
    fn the_time_of_the_last_phase_is_kept() {
        let stored = StoredObjects::default();
        let mut old = volume();
        old["status"]["lastPhaseTransitionTime"] = json!("2024-01-01T00:00:00Z");
        let mut new = old.clone();
        new["status"]["phase"] = json!("Available");
        PersistentVolumeStrategy.prepare_for_status_update(&mut new, &old, &stored.context());
        assert_eq!(
            new["status"]["lastPhaseTransitionTime"],
            "2025-01-01T00:00:00Z"
        );
    }

    #[test]
    fn the_row_shows_the_claim_it_is_bound_to() {
        let mut volume = volume();
        assert_eq!(
            row(&resource(), &volume),
            [
                "pv",
                "1Gi",
                "RWO,RWX",
                "Retain",
                "Pending",
                "",
                "fast",
                "<unset>",
                "",
                "<unknown>",
                "Filesystem"
            ]
        );
        volume["spec"]["claimRef"] = json!({"namespace": "a", "name": "c"});
        volume["metadata"]["deletionTimestamp"] = json!("2025-01-01T00:00:00Z");
        assert_eq!(row(&resource(), &volume)[4..6], ["Terminating", "a/c"]);
    }
}
