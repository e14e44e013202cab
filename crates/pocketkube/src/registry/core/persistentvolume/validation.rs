//! Every mistake in a volume. Mirrors `ValidatePersistentVolume` and its kin in
//! `pkg/apis/core/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use super::sources;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names::{self, NameUse};
use crate::api::quantity::Quantity;
use crate::api::tree::{elements, elements_mut, length, remove, restore, text};
use crate::api::validate::{immutable_field, semantically_equal};
use crate::registry::core::node_labels::newer_label;
use crate::registry::core::pod::go_diff;
use crate::registry::core::pod::validation::node_selector;
use crate::registry::validation::Field;

const ACCESS_MODES: &[&str] = &[
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
const ALONE: &str = "ReadWriteOncePod";
const RECLAIM_POLICIES: &[&str] = &["Delete", "Recycle", "Retain"];
const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];

pub(super) fn validate(volume: &Value) -> ErrorList {
    let spec = Field::new(&volume["spec"], "spec");
    let modes = spec.child("accessModes");
    let mut errors = ErrorList::new();
    errors.extend(modes.must_be_set());
    errors.extend(access_modes(&modes));
    errors.extend(capacity(&spec.child("capacity")));
    let policy = spec.child("persistentVolumeReclaimPolicy");
    if !policy.is_empty() {
        errors.extend(policy.must_be_one_of(RECLAIM_POLICIES));
    }
    errors.extend(node_affinity(&spec.child("nodeAffinity")));
    errors.extend(sources::validate(&spec, meta::name(volume)));
    if policy.text() == "Recycle" && is_root(spec.child("hostPath").child("path").text()) {
        errors.push(policy.forbidden("may not be 'recycle' for a hostPath mount of '/'"));
    }
    let class = spec.child("storageClassName");
    if !class.is_empty() {
        errors.extend(class.faults(names::name_is_dns_subdomain(class.text(), NameUse::Whole)));
    }
    let mode = spec.child("volumeMode");
    if mode.is_set() {
        errors.extend(mode.must_be_one_of(VOLUME_MODES));
    }
    errors.extend(attributes_class(&spec));
    errors
}

/// Known modes; the one for a single Pod goes with no other.
pub(crate) fn access_modes(modes: &Field<'_>) -> ErrorList {
    let (known, unknown): (Vec<_>, Vec<_>) = modes
        .items()
        .map(|mode| mode.text())
        .partition(|mode| ACCESS_MODES.contains(mode));
    let mut errors: ErrorList = unknown
        .into_iter()
        .map(|mode| Error::not_supported(modes.path.clone(), mode, ACCESS_MODES))
        .collect();
    if known.contains(&ALONE) && known.iter().any(|mode| *mode != ALONE) {
        errors.push(modes.forbidden("may not use ReadWriteOncePod with other access modes"));
    }
    errors
}

fn capacity(capacity: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(capacity.must_be_set());
    if capacity.value["storage"].is_null() || length(capacity.value) > 1 {
        let value = capacity.value.clone();
        errors.push(Error::not_supported(
            capacity.path.clone(),
            value,
            &["storage"],
        ));
    }
    for (_, amount) in capacity.entries() {
        let quantity = Quantity::of_value(amount.value);
        if quantity.is_negative() {
            let why = "must be a valid resource quantity";
            errors.push(Error::invalid(amount.path.clone(), quantity.value(), why));
        }
        if quantity <= Quantity::ZERO {
            errors.push(amount.invalid("must be greater than zero"));
        }
    }
    errors
}

fn node_affinity(affinity: &Field<'_>) -> ErrorList {
    let required = affinity.child("required");
    match (affinity.is_set(), required.is_set()) {
        (false, _) => vec![],
        (true, true) => node_selector(&required),
        (true, false) => vec![required.required("must specify required node constraints")],
    }
}

fn is_root(path: &str) -> bool {
    path.starts_with('/') && path.split('/').all(|step| step.is_empty() || step == ".")
}

fn attributes_class(spec: &Field<'_>) -> ErrorList {
    let class = spec.child("volumeAttributesClassName");
    if !class.is_set() {
        return ErrorList::new();
    }
    let mut errors = if class.is_empty() {
        vec![class.required("an empty string is disallowed")]
    } else {
        class.faults(names::name_is_dns_subdomain(class.text(), NameUse::Whole))
    };
    let csi = spec.child("csi");
    if !csi.is_set() {
        errors.push(csi.required("has to be specified when using volumeAttributesClassName"));
    }
    errors
}

/// A volume stays where its bytes are.
pub(super) fn validate_update(new: &Value, old: &Value) -> ErrorList {
    let mut errors = validate(new);
    let (before, after) = (source(&old["spec"]), source(&with_known_secret(new, old)));
    if !semantically_equal(&before, &after) {
        let difference = go_diff("api.core.v1.PersistentVolumeSource", &before, &after);
        let why = format!("spec.persistentvolumesource is immutable after creation\n{difference}");
        let path = Path::new("spec.persistentvolumesource");
        errors.push(Error::forbidden(path, &why));
    }
    errors.extend(immutable_field(
        &new["spec"]["volumeMode"],
        &old["spec"]["volumeMode"],
        &Path::new("volumeMode"),
    ));
    let affinity = |volume: &Value| volume["spec"]["nodeAffinity"].clone();
    if !affinity(old).is_null() && !is_same_affinity(&affinity(new), &affinity(old)) {
        errors.push(Error::invalid(
            Path::new("nodeAffinity"),
            affinity(new),
            "field is immutable, except for updating from beta label to GA",
        ));
    }
    let class = |volume: &Value| volume["spec"]["volumeAttributesClassName"].is_null();
    if !class(old) && class(new) {
        errors.push(Error::forbidden(
            Path::new("spec.volumeAttributesClassName"),
            "update from non-nil value to nil is forbidden",
        ));
    }
    errors
}

/// Whether volumes are reachable from the same nodes. Labels of old may have got their new names.
fn is_same_affinity(new: &Value, old: &Value) -> bool {
    let mut renamed = old.clone();
    let terms = |affinity: &Value| affinity["required"]["nodeSelectorTerms"].clone();
    let now = terms(new);
    for (term, renamed_term) in elements(&now)
        .iter()
        .zip(elements_mut(&mut renamed["required"], "nodeSelectorTerms"))
    {
        for list in ["matchExpressions", "matchFields"] {
            let wanted = elements(&term[list]);
            for (expression, wanted) in elements_mut(renamed_term, list).iter_mut().zip(wanted) {
                if newer_label(text(expression, "key")) == Some(text(wanted, "key")) {
                    restore(expression, wanted, "key");
                }
            }
        }
    }
    semantically_equal(new, &renamed)
}

fn source(spec: &Value) -> Value {
    Value::Object(
        sources::of(spec)
            .into_iter()
            .map(|(name, source)| (name.to_owned(), source))
            .collect(),
    )
}

/// The Secret for growing a CSI volume may be filled in later.
fn with_known_secret(new: &Value, old: &Value) -> Value {
    let mut spec = new["spec"].clone();
    let had_none = old["spec"]["csi"]["controllerExpandSecretRef"] == json!(null);
    if had_none && let Some(csi) = spec.get_mut("csi") {
        remove(csi, "controllerExpandSecretRef");
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::texts;

    fn volume() -> Value {
        json!({"spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "volumeMode": "Filesystem",
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/data", "type": ""},
        }})
    }

    #[test]
    fn a_volume_has_modes_a_size_and_a_source() {
        assert!(validate(&volume()).is_empty());
        assert_eq!(
            texts(&validate(&json!({"spec": {}}))),
            [
                "spec.accessModes: Required value",
                "spec.capacity: Required value",
                "spec.capacity: Unsupported value: null: supported values: \"storage\"",
                "spec: Required value: must specify a volume type",
            ]
        );
    }

    #[test]
    fn modes_and_policies_are_known() {
        let mut volume = volume();
        volume["spec"]["accessModes"] = json!(["ReadWriteOncePod", "ReadWriteOnce", "X"]);
        volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Keep");
        volume["spec"]["capacity"]["storage"] = json!("0");
        assert_eq!(
            texts(&validate(&volume)),
            [
                "spec.accessModes: Unsupported value: \"X\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"",
                "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
                "spec.capacity[storage]: Invalid value: \"0\": must be greater than zero",
                "spec.persistentVolumeReclaimPolicy: Unsupported value: \"Keep\": supported values: \"Delete\", \"Recycle\", \"Retain\"",
            ]
        );
    }

    #[test]
    fn the_root_of_a_node_is_not_recycled() {
        let mut volume = volume();
        volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Recycle");
        volume["spec"]["hostPath"]["path"] = json!("/./");
        assert_eq!(
            texts(&validate(&volume)),
            [
                "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"
            ]
        );
    }

    #[test]
    fn the_source_stays() {
        let mut new = volume();
        new["spec"]["hostPath"]["path"] = json!("/other");
        let errors = texts(&validate_update(&new, &volume()));
        assert!(errors[0].starts_with(
            "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n"
        ));
        new = volume();
        new["spec"]["capacity"]["storage"] = json!("2Gi");
        assert!(validate_update(&new, &volume()).is_empty());
    }

    #[test]
    fn labels_of_nodes_may_get_their_new_names_and_nothing_else() {
        let on = |key: &str, value: &str| {
            let mut volume = volume();
            volume["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]},
            ]}});
            volume
        };
        let old = on("failure-domain.beta.kubernetes.io/zone", "a");
        let renamed = on("topology.kubernetes.io/zone", "a");
        assert!(validate_update(&renamed, &old).is_empty());
        let elsewhere = on("topology.kubernetes.io/zone", "b");
        assert_eq!(validate_update(&elsewhere, &old).len(), 1);
        assert_eq!(validate_update(&old, &renamed).len(), 1);
    }
}
