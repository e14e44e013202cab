//! Every mistake in a claim. Mirrors `ValidatePersistentVolumeClaim` and its kin in
//! `pkg/apis/core/validation/validation.go` (v1.35).

use serde_json::Value;

use super::CLASS_ANNOTATION;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names::{self, NameUse};
use crate::api::quantity::Quantity;
use crate::api::tree::{remove, restore, text};
use crate::api::validate::{by_rule, immutable_field, semantically_equal};
use crate::registry::core::persistentvolume::access_modes;
use crate::registry::core::pod::go_diff;
use crate::registry::validation::Field;

const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];
const RESIZE_STATUSES: &[&str] = &[
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizePending",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
];
const IMMUTABLE: &str = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

pub(super) fn validate(claim: &Value) -> ErrorList {
    claim_spec(&Field::new(&claim["spec"], "spec"))
}

/// The rules of a claim's spec, wherever it stands: in a claim, or in the template for one.
pub(crate) fn claim_spec(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let modes = spec.child("accessModes");
    if modes.is_empty() {
        errors.push(modes.required("at least 1 access mode is required"));
    }
    errors.extend(spec.child("selector").must_be_label_selector());
    errors.extend(access_modes(&modes));
    errors.extend(size(&spec.child("resources")));
    let class = spec.child("storageClassName");
    if !class.is_empty() {
        errors.extend(class.faults(names::name_is_dns_subdomain(class.text(), NameUse::Whole)));
    }
    let mode = spec.child("volumeMode");
    if mode.is_set() {
        errors.extend(mode.must_be_one_of(VOLUME_MODES));
    }
    errors.extend(data_sources(spec));
    let class = spec.child("volumeAttributesClassName");
    if !class.is_empty() {
        errors.extend(class.faults(names::name_is_dns_subdomain(class.text(), NameUse::Whole)));
    }
    errors
}

fn size(resources: &Field<'_>) -> Option<Error> {
    let size = Field::new(
        &resources.value["requests"]["storage"],
        resources.path.key("storage"),
    );
    if !size.is_set() {
        return Some(size.required(""));
    }
    (Quantity::of_value(size.value) <= Quantity::ZERO)
        .then(|| size.invalid("must be greater than zero"))
}

fn data_sources(spec: &Field<'_>) -> ErrorList {
    let (old_way, new_way) = (spec.child("dataSource"), spec.child("dataSourceRef"));
    let mut errors = ErrorList::new();
    for source in [&old_way, &new_way] {
        if source.is_set() {
            errors.extend(data_source(source));
        }
    }
    let namespace = new_way.child("namespace");
    if !namespace.is_empty() {
        errors.extend(namespace.faults(names::dns1123_label(namespace.text())));
    }
    if old_way.is_set() && new_way.is_set() {
        let same = |field: &str| old_way.value[field] == new_way.value[field];
        let refuse = |why: &str| Error::invalid(spec.path.clone(), old_way.path.as_str(), why);
        if !namespace.is_empty() {
            errors.push(refuse(
                "may not be specified when dataSourceRef.namespace is specified",
            ));
        } else if !(same("apiGroup") && same("kind") && same("name")) {
            errors.push(refuse("must match dataSourceRef"));
        }
    }
    errors
}

fn data_source(source: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(source.child("name").must_be_set());
    let kind = source.child("kind");
    errors.extend(kind.must_be_set());
    let group = source.child("apiGroup");
    if group.is_empty() && kind.text() != "PersistentVolumeClaim" {
        let why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.push(Error::invalid(source.path.clone(), kind.text(), why));
    }
    if !group.is_empty() {
        errors.extend(group.faults(names::dns1123_subdomain(group.text())));
    }
    errors
}

/// A claim keeps what it asked for; only a bound one may grow or change its attributes.
pub(super) fn validate_update(new: &Value, old: &Value) -> ErrorList {
    let mut errors = validate(new);
    errors.extend(validate_class_annotation(new, old));
    let (was, is) = (
        &old["spec"]["resources"]["requests"]["storage"],
        &new["spec"]["resources"]["requests"]["storage"],
    );
    let (before, after) = comparable(new, old);
    if !semantically_equal(&before, &after) {
        let difference = go_diff("api.core.v1.PersistentVolumeClaimSpec", &before, &after);
        let why = format!("{IMMUTABLE}\n{difference}");
        errors.push(Error::forbidden(Path::new("spec"), &why));
    }
    let granted = &old["status"]["capacity"]["storage"];
    if Quantity::of_value(is) < Quantity::of_value(was)
        && Quantity::of_value(is) <= Quantity::of_value(granted)
    {
        let path = Path::new("spec.resources.requests.storage");
        let why = "field can not be less than status.capacity";
        errors.push(Error::forbidden(path, why));
    }
    errors.extend(immutable_field(
        &new["spec"]["volumeMode"],
        &old["spec"]["volumeMode"],
        &Path::new("volumeMode"),
    ));
    errors.extend(validate_attributes_class(new, old));
    errors
}

/// Both specs, without the changes that are allowed.
fn comparable(new: &Value, old: &Value) -> (Value, Value) {
    let (mut before, mut after) = (old["spec"].clone(), new["spec"].clone());
    if text(&before, "volumeName").is_empty() {
        restore(&mut before, &after.clone(), "volumeName");
    }
    if before["storageClassName"].is_null() && is_class_upgrade(new, old) {
        remove(&mut after, "storageClassName");
    }
    if text(&new["status"], "phase") == "Bound" {
        if !after["resources"]["requests"].is_null() {
            let requests = before["resources"]["requests"].clone();
            restore(&mut after["resources"]["requests"], &requests, "storage");
        }
        if !after["volumeAttributesClassName"].is_null() {
            restore(&mut after, &before, "volumeAttributesClassName");
        }
    }
    (before, after)
}

/// A claim without a class may get one later, the one of its old annotation if it has that.
fn is_class_upgrade(new: &Value, old: &Value) -> bool {
    let class = text(&new["spec"], "storageClassName");
    !new["spec"]["storageClassName"].is_null()
        && meta::annotation(old, CLASS_ANNOTATION).is_none_or(|annotation| annotation == class)
}

fn validate_class_annotation(new: &Value, old: &Value) -> Option<Error> {
    let annotation = |claim| meta::annotation(claim, CLASS_ANNOTATION).unwrap_or_default();
    let (now, before) = (annotation(new), annotation(old));
    let moved_to_the_field = now.is_empty() && is_class_upgrade(new, old);
    (now != before && !moved_to_the_field).then(|| {
        let path = Path::new("metadata.annotations").child(CLASS_ANNOTATION);
        Error::invalid(path, now, "field is immutable")
    })
}

fn validate_attributes_class(new: &Value, old: &Value) -> Option<Error> {
    let class = |claim: &Value| claim["spec"]["volumeAttributesClassName"].clone();
    let (now, before) = (class(new), class(old));
    if now == before || before.is_null() {
        return None;
    }
    let why = match now.as_str() {
        None => "update from non-nil value to nil is forbidden",
        Some("") => "update from non-nil value to an empty string is forbidden",
        Some(_) => return None,
    };
    let path = Path::new("spec.volumeAttributesClassName");
    Some(Error::forbidden(path, why))
}

/// Every mistake in the status.
pub(super) fn validate_status(status: &Value) -> ErrorList {
    let status = Field::new(status, "status");
    let mut errors = ErrorList::new();
    for (_, amount) in status.child("capacity").entries() {
        errors.extend(not_below_zero(&amount));
    }
    // Upstream leaves out the last letters of this name.
    let resizing = Path::new("status.allocatedResourceStatus");
    for (name, resize) in status.child("allocatedResourceStatuses").entries() {
        errors.extend(claimed_resource(name, &resizing));
        if !RESIZE_STATUSES.contains(&resize.text()) {
            errors.push(Error::not_supported(
                resizing.clone(),
                name,
                RESIZE_STATUSES,
            ));
        }
    }
    let allocated = status.child("allocatedResources");
    for (name, amount) in allocated.entries() {
        let faults = claimed_resource(name, &allocated.path);
        if faults.is_empty() {
            errors.extend(not_below_zero(&amount));
        }
        errors.extend(faults);
    }
    errors
}

fn not_below_zero(amount: &Field<'_>) -> Option<Error> {
    let quantity = Quantity::of_value(amount.value);
    quantity.is_negative().then(|| {
        let why = "must be a valid resource quantity";
        Error::invalid(amount.path.clone(), quantity.value(), why)
    })
}

/// Of Kubernetes' own resources claims have storage, and nothing else.
fn claimed_resource(name: &str, path: &Path) -> ErrorList {
    let errors = by_rule(names::qualified_name, name, path);
    let is_native = !name.contains('/') || name.contains("kubernetes.io/");
    if errors.is_empty() && is_native && name != "storage" {
        return vec![Error::not_supported(path.clone(), name, &["storage"])];
    }
    errors
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::texts;

    fn claim() -> Value {
        json!({
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": "Pending"},
        })
    }

    fn bound() -> Value {
        let mut claim = claim();
        claim["spec"]["volumeName"] = json!("pv");
        claim["status"] = json!({"phase": "Bound", "capacity": {"storage": "1Gi"}});
        claim
    }

    #[test]
    fn a_claim_asks_for_a_mode_and_a_size() {
        assert!(validate(&claim()).is_empty());
        assert_eq!(
            texts(&validate(&json!({"spec": {}}))),
            [
                "spec.accessModes: Required value: at least 1 access mode is required",
                "spec.resources[storage]: Required value",
            ]
        );
        let mut nothing = claim();
        nothing["spec"]["resources"]["requests"]["storage"] = json!("0");
        assert_eq!(
            texts(&validate(&nothing)),
            ["spec.resources[storage]: Invalid value: \"0\": must be greater than zero"]
        );
    }

    #[test]
    fn data_sources_agree() {
        let mut claim = claim();
        claim["spec"]["dataSource"] = json!({"kind": "Snapshot", "name": "s"});
        claim["spec"]["dataSourceRef"] =
            json!({"apiGroup": "snap.io", "kind": "Snapshot", "name": "s"});
        assert_eq!(
            texts(&validate(&claim)),
            [
                "spec.dataSource: Invalid value: \"Snapshot\": must be 'PersistentVolumeClaim' when referencing the default apiGroup",
                "spec: Invalid value: \"spec.dataSource\": must match dataSourceRef",
            ]
        );
    }

    #[test]
    fn only_a_bound_claim_grows() {
        let grown = |mut claim: Value| {
            claim["spec"]["resources"]["requests"]["storage"] = json!("2Gi");
            claim
        };
        assert!(validate_update(&grown(bound()), &bound()).is_empty());
        let errors = texts(&validate_update(&grown(claim()), &claim()));
        assert!(errors[0].starts_with(&format!("spec: Forbidden: {IMMUTABLE}\n")));
    }

    #[test]
    fn a_bound_claim_does_not_shrink_below_what_it_has() {
        let mut smaller = bound();
        smaller["spec"]["resources"]["requests"]["storage"] = json!("500Mi");
        assert_eq!(
            texts(&validate_update(&smaller, &bound())),
            [
                "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
            ]
        );
    }

    #[test]
    fn volume_and_class_may_be_filled_in_once() {
        let mut filled = claim();
        filled["spec"]["volumeName"] = json!("pv");
        filled["spec"]["storageClassName"] = json!("standard");
        assert!(validate_update(&filled, &claim()).is_empty());
        assert!(!validate_update(&claim(), &filled).is_empty());
    }

    #[test]
    fn growing_is_reported_in_known_words() {
        let status = json!({
            "capacity": {"storage": "-1Gi"},
            "allocatedResourceStatuses": {"storage": "Growing", "cpu": "NodeResizePending"},
            "allocatedResources": {"storage": "2Gi", "example.com/slots": "-1"},
        });
        assert_eq!(
            texts(&validate_status(&status)),
            [
                "status.capacity[storage]: Invalid value: -1073741824: must be a valid resource quantity",
                "status.allocatedResourceStatus: Unsupported value: \"cpu\": supported values: \"storage\"",
                "status.allocatedResourceStatus: Unsupported value: \"storage\": supported values: \"ControllerResizeInProgress\", \"ControllerResizeInfeasible\", \"NodeResizeInProgress\", \"NodeResizeInfeasible\", \"NodeResizePending\"",
                "status.allocatedResources[example.com/slots]: Invalid value: -1: must be a valid resource quantity",
            ]
        );
    }
}
