//! Where the bytes of a volume are: exactly one source, with its rules.
//!
//! Most rules are those of the same source in a Pod; volumes differ where Secrets are named with
//! their namespace. Mirrors `ValidatePersistentVolumeSpec` in
//! `pkg/apis/core/validation/validation.go` and `pkg/apis/core/v1/zz_generated.defaults.go` (v1.35).

use serde_json::Value;

use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::tree::fill;
use crate::registry::core::pod::validation::{SOURCE_RULES, SourceRule, no_backsteps};
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
    ("scaleIO", scale_io),
    ("local", local),
    ("storageos", storage_os),
    ("csi", csi),
];

const MAX_DRIVER_NAME: usize = 63;

/// Exactly one source, and that one right.
pub(super) fn validate(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut found = false;
    for name in SOURCES {
        let source = spec.child(name);
        if !source.is_set() {
            continue;
        }
        if found {
            errors.push(source.forbidden("may not specify more than 1 volume type"));
            continue;
        }
        found = true;
        if let Some(rule) = rule_of(name) {
            errors.extend(rule(&source));
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

fn scale_io(source: &Field<'_>) -> ErrorList {
    required(source, &["gateway", "system", "volumeName"])
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
    let mut errors = driver_name(&source.child("driver"));
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

fn driver_name(driver: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(driver.must_be_set());
    if driver.text().len() > MAX_DRIVER_NAME {
        errors.push(Error::too_long(driver.path.clone(), MAX_DRIVER_NAME));
    }
    let lower = driver.text().to_lowercase();
    errors.extend(driver.faults(names::dns1123_subdomain(&lower)));
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
        let errors = validate(&Field::new(&spec, "spec"));
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
}
