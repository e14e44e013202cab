//! Defaults of volumes.

use serde_json::{Value, json};

use super::{containers, resources};
use crate::api::tree::{elements_mut, fill, fill_absent, text};

/// 0644, as decimal numbers have it.
const DEFAULT_MODE: i64 = 0o644;

/// How long a projected service account token lives.
const TOKEN_EXPIRATION_SECONDS: i64 = 3600;

/// Defaults of volumes that came with the cloud providers of old.
const LEGACY: &[(&str, &[(&str, &str)])] = &[
    ("iscsi", &[("iscsiInterface", "default")]),
    (
        "rbd",
        &[
            ("pool", "rbd"),
            ("user", "admin"),
            ("keyring", "/etc/ceph/keyring"),
        ],
    ),
    (
        "scaleIO",
        &[("storageMode", "ThinProvisioned"), ("fsType", "xfs")],
    ),
    (
        "azureDisk",
        &[
            ("cachingMode", "ReadWrite"),
            ("fsType", "ext4"),
            ("kind", "Shared"),
        ],
    ),
];

/// Fills in a volume; one without a source becomes an `emptyDir`.
pub fn volume(volume: &mut Value) {
    let has_source = volume
        .as_object()
        .is_some_and(|map| map.keys().any(|field| field != "name"));
    if !has_source {
        volume["emptyDir"] = json!({});
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = volume.get_mut(source) {
            fill_absent(source, "defaultMode", DEFAULT_MODE);
        }
    }
    if let Some(source) = volume.get_mut("downwardAPI") {
        downward_files(source);
    }
    if let Some(projected) = volume.get_mut("projected") {
        for source in elements_mut(projected, "sources") {
            projection(source);
        }
    }
    if let Some(path) = volume.get_mut("hostPath") {
        fill_absent(path, "type", "");
    }
    if let Some(image) = volume.get_mut("image") {
        let policy = containers::pull_policy(text(image, "reference"));
        fill(image, "pullPolicy", policy);
    }
    if let Some(claim) = volume.pointer_mut("/ephemeral/volumeClaimTemplate/spec") {
        fill_absent(claim, "volumeMode", "Filesystem");
    }
    for (source, defaults) in LEGACY {
        if let Some(source) = volume.get_mut(*source) {
            for (field, default) in *defaults {
                fill(source, field, *default);
            }
        }
    }
    if let Some(disk) = volume.get_mut("azureDisk") {
        fill_absent(disk, "readOnly", false);
    }
}

fn projection(source: &mut Value) {
    if let Some(token) = source.get_mut("serviceAccountToken") {
        fill_absent(token, "expirationSeconds", TOKEN_EXPIRATION_SECONDS);
    }
    if let Some(downward) = source.get_mut("downwardAPI") {
        downward_files(downward);
    }
}

fn downward_files(source: &mut Value) {
    for file in elements_mut(source, "items") {
        if let Some(field) = file.get_mut("fieldRef") {
            fill(field, "apiVersion", "v1");
        }
        if let Some(resource) = file.get_mut("resourceFieldRef") {
            resources::fill_divisor(resource);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: Value, expected: Value) {
        let mut filled = given;
        volume(&mut filled);
        assert_eq!(filled, expected);
    }

    #[test]
    fn volumes_get_their_modes_and_types() {
        check(json!({"name": "a"}), json!({"name": "a", "emptyDir": {}}));
        check(
            json!({"name": "a", "secret": {"secretName": "s"}}),
            json!({"name": "a", "secret": {"secretName": "s", "defaultMode": 420}}),
        );
        check(
            json!({"name": "a", "hostPath": {"path": "/x"}}),
            json!({"name": "a", "hostPath": {"path": "/x", "type": ""}}),
        );
        check(
            json!({"name": "a", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}),
            json!({"name": "a", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}},
            ]}}),
        );
    }
}
