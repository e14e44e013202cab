//! Where the bytes of a volume are: exactly one source, with its rules.
//!
//! Most rules are those of the same source in a Pod; volumes differ where Secrets are named with
//! their namespace. Mirrors `ValidatePersistentVolumeSpec` in
//! `pkg/apis/core/validation/validation.go` and `pkg/apis/core/v1/zz_generated.defaults.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::tree::fill;
use crate::registry::core::pod::validation::{
    INITIATOR_NAME_TOO_LONG, MAX_INITIATOR_NAME, SOURCE_RULES, SourceRule, csi_driver_name,
    is_initiator, no_backsteps, one_too_many, starts_as_initiator,
};
use crate::registry::validation::Field;

/// All sources, in the order in which Kubernetes looks at them.
const SOURCES: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

/// Sources whose rules differ from those in Pods.
const OWN_RULES: &[(&str, SourceRule)] = &[
    ("azureFile", azure_file),
    ("cinder", cinder),
    ("glusterfs", glusterfs),
    ("iscsi", iscsi),
    ("local", local),
    ("storageos", storage_os),
    ("csi", csi),
];

/// Exactly one source, and that one right.
pub(super) fn validate(spec: &Field<'_>, volume_name: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut found = false;
    for name in SOURCES {
        let source = spec.child(name);
        if !source.is_set() {
            continue;
        }
        // A FlexVolume is not asked whether it comes alone.
        if found && *name != "flexVolume" {
            errors.push(one_too_many(spec, name));
            continue;
        }
        found = true;
        if let Some(rule) = rule_of(name) {
            errors.extend(rule(&source));
        }
        if *name == "iscsi" {
            errors.extend(initiator_name(&source, volume_name));
        }
        if *name == "local" && !spec.child("nodeAffinity").is_set() {
            let affinity = spec.child("nodeAffinity");
            errors.push(affinity.required("Local volume requires node affinity"));
        }
    }
    if !found {
        errors.push(spec.required("must specify a volume type"));
    }
    errors
}

/// The source of a spec, with its name.
pub(super) fn of(spec: &Value) -> Vec<(&'static str, Value)> {
    SOURCES
        .iter()
        .filter(|name| !spec[**name].is_null())
        .map(|name| (*name, spec[*name].clone()))
        .collect()
}

/// Storage systems that are gone.
pub(super) fn warnings(spec: &Field<'_>) -> Vec<String> {
    [
        ("cephfs", "cephfs", "v1.28", "v1.31"),
        (
            "photonPersistentDisk",
            "photonPersistentDisk",
            "v1.11",
            "v1.16",
        ),
        ("scaleIO", "scaleIO", "v1.16", "v1.22"),
        ("storageos", "storageOS", "v1.22", "v1.25"),
        ("glusterfs", "glusterfs", "v1.25", "v1.26"),
        ("rbd", "rbd", "v1.28", "v1.31"),
    ]
    .into_iter()
    .filter(|(field, ..)| spec.child(field).is_set())
    .map(|(_, shown, deprecated, gone)| {
        let path = spec.path.child(shown);
        format!("{path}: deprecated in {deprecated}, non-functional in {gone}+")
    })
    .collect()
}

fn rule_of(name: &str) -> Option<SourceRule> {
    OWN_RULES
        .iter()
        .chain(SOURCE_RULES)
        .find(|(known, _)| *known == name)
        .map(|(_, rule)| *rule)
}

pub(super) fn set_defaults(spec: &mut Value) {
    let mut default = |source: &str, fields: &[(&str, &str)]| {
        if spec[source].is_object() {
            for (field, value) in fields {
                fill(&mut spec[source], field, *value);
            }
        }
    };
    default("iscsi", &[("iscsiInterface", "default")]);
    default(
        "rbd",
        &[
            ("pool", "rbd"),
            ("user", "admin"),
            ("keyring", "/etc/ceph/keyring"),
        ],
    );
    default(
        "azureDisk",
        &[
            ("cachingMode", "ReadWrite"),
            ("kind", "Shared"),
            ("fsType", "ext4"),
        ],
    );
    default(
        "scaleIO",
        &[("storageMode", "ThinProvisioned"), ("fsType", "xfs")],
    );
    if spec["azureDisk"].is_object() {
        fill(&mut spec["azureDisk"], "readOnly", false);
    }
}

fn required(source: &Field<'_>, fields: &[&str]) -> ErrorList {
    fields
        .iter()
        .filter_map(|field| source.child(field).must_be_set())
        .collect()
}

fn azure_file(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["secretName", "shareName"]);
    let namespace = source.child("secretNamespace");
    if namespace.is_set() {
        errors.extend(namespace.must_be_set());
    }
    errors
}

fn cinder(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["volumeID"]);
    let secret = source.child("secretRef");
    if secret.is_set() {
        errors.extend(required(&secret, &["name", "namespace"]));
    }
    errors
}

fn glusterfs(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["endpoints", "path"]);
    let namespace = source.child("endpointsNamespace");
    if namespace.is_set() && namespace.is_empty() {
        let why = "if the endpointnamespace is set, it must be a valid namespace name";
        errors.push(namespace.invalid(why));
    } else if namespace.is_set() {
        errors.extend(namespace.faults(names::dns1123_label(namespace.text())));
    }
    errors
}

fn iscsi(source: &Field<'_>) -> ErrorList {
    const FORMAT: &str = "must be valid format";
    let is_right = |name: &str| starts_as_initiator(name) && is_initiator(name);
    let mut errors = required(source, &["targetPortal", "iqn"]);
    let (iqn, initiator) = (source.child("iqn"), source.child("initiatorName"));
    if !iqn.is_empty() && !is_right(iqn.text()) {
        errors.push(iqn.invalid(FORMAT));
    }
    errors.extend(source.child("lun").must_be_between(0, 255));
    let secret = source.child("secretRef");
    let asks_for_secret = ["chapAuthDiscovery", "chapAuthSession"]
        .iter()
        .any(|field| source.child(field).is_true());
    if asks_for_secret && !secret.is_set() {
        errors.push(secret.required(""));
    }
    if secret.is_set() {
        errors.extend(required(&secret, &["name"]));
    }
    if initiator.is_set() && !is_right(initiator.text()) {
        let path = source.path.child("initiatorname");
        errors.push(Error::invalid(path, initiator.text(), FORMAT));
    }
    errors
}

/// With an initiator of its own, volume and portal together make a name.
fn initiator_name(source: &Field<'_>, volume_name: &str) -> Option<Error> {
    let portal = source.child("targetPortal").text();
    let is_long = volume_name.len() + 1 + portal.len() > MAX_INITIATOR_NAME;
    (source.child("initiatorName").is_set() && is_long).then(|| {
        let path = source.path.child("targetportal");
        Error::invalid(path, portal, INITIATOR_NAME_TOO_LONG)
    })
}

fn local(source: &Field<'_>) -> ErrorList {
    let path = source.child("path");
    match path.must_be_set() {
        Some(missing) => vec![missing],
        None => no_backsteps(&path),
    }
}

fn storage_os(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["volumeName"]);
    for name in ["volumeName", "volumeNamespace"] {
        let name = source.child(name);
        if !name.is_empty() {
            errors.extend(name.faults(names::dns1123_label(name.text())));
        }
    }
    let secret = source.child("secretRef");
    if secret.is_set() {
        errors.extend(required(&secret, &["name", "namespace"]));
    }
    errors
}

fn csi(source: &Field<'_>) -> ErrorList {
    let mut errors = csi_driver_name(&source.child("driver"));
    errors.extend(source.child("volumeHandle").must_be_set());
    for secret in [
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ] {
        let secret = source.child(secret);
        if secret.is_set() {
            errors.extend(secret_reference(&secret));
        }
    }
    errors
}

fn secret_reference(secret: &Field<'_>) -> ErrorList {
    let (name, namespace) = (secret.child("name"), secret.child("namespace"));
    let mut errors = ErrorList::new();
    match name.must_be_set() {
        Some(missing) => errors.push(missing),
        None => errors.extend(name.faults(names::dns1123_subdomain(name.text()))),
    }
    match namespace.must_be_set() {
        Some(missing) => errors.push(missing),
        None => errors.extend(namespace.faults(names::dns1123_label(namespace.text()))),
    }
    errors
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::texts;

    fn check(spec: Value, wanted: &[&str]) {
        let errors = validate(&Field::new(&spec, "spec"), "pv");
        assert_eq!(texts(&errors), wanted, "{spec}");
    }

    #[test]
    fn a_volume_has_one_source() {
        check(
            json!({}),
            &["spec: Required value: must specify a volume type"],
        );
        check(
            json!({"hostPath": {"path": "/a", "type": ""}, "nfs": {"server": "s", "path": "/"}}),
            &["spec.nfs: Forbidden: may not specify more than 1 volume type"],
        );
    }

    #[test]
    fn a_local_volume_knows_its_node() {
        check(
            json!({"local": {"path": "/mnt/.."}}),
            &[
                "spec.local.path: Invalid value: \"/mnt/..\": must not contain '..'",
                "spec.nodeAffinity: Required value: Local volume requires node affinity",
            ],
        );
    }

    #[test]
    fn secrets_of_volumes_have_a_namespace() {
        check(
            json!({"csi": {"driver": "d.example.com", "volumeHandle": "h", "nodePublishSecretRef": {"name": "s"}}}),
            &["spec.csi.nodePublishSecretRef.namespace: Required value"],
        );
    }

    fn told(source: Value) -> Vec<String> {
        texts(&validate(&Field::new(&source, "spec"), "pv"))
    }

    #[test]
    fn secrets_of_volumes_are_in_a_namespace() {
        assert_eq!(
            told(json!({"cinder": {"volumeID": "a", "secretRef": {"name": "s"}}})),
            ["spec.cinder.secretRef.namespace: Required value"]
        );
        assert_eq!(
            told(json!({"glusterfs": {"endpoints": "e", "path": "p", "endpointsNamespace": ""}})),
            [
                "spec.glusterfs.endpointsNamespace: Invalid value: \"\": if the endpointnamespace is set, it must be a valid namespace name"
            ]
        );
    }

    #[test]
    fn initiators_are_refused_in_fewer_words_than_in_pods() {
        assert_eq!(
            told(json!({"iscsi": {
                "targetPortal": "10.0.0.1:3260", "iqn": "disk", "lun": 256,
                "chapAuthSession": true, "initiatorName": "me",
            }})),
            [
                "spec.iscsi.iqn: Invalid value: \"disk\": must be valid format",
                "spec.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
                "spec.iscsi.secretRef: Required value",
                "spec.iscsi.initiatorname: Invalid value: \"me\": must be valid format",
            ]
        );
    }

    #[test]
    fn storage_systems_that_are_gone_are_warned_of() {
        let spec = json!({"scaleIO": {}, "nfs": {}});
        assert_eq!(
            warnings(&Field::new(&spec, "spec")),
            ["spec.scaleIO: deprecated in v1.16, non-functional in v1.22+"]
        );
    }
}
