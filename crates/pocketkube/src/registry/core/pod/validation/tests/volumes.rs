//! What volumes and their mounts may not say.

use serde_json::{Value, json};

use super::*;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

#[test]
fn mounts_name_volumes_that_are_there() {
    check_container(
        "volumeMounts",
        json!([{"name": "data", "mountPath": "/data"}]),
        &["spec.containers[0].volumeMounts[0].name: Not found: \"data\""],
    );
    check(
        json!({
            "volumes": [{"name": "v", "emptyDir": {}}],
            "containers": [{"name": "a", "image": "x", "volumeMounts": [
                {"name": "v", "mountPath": "/d"},
                {"name": "v", "mountPath": "/d", "subPath": "../x"},
            ]}],
        }),
        &[
            "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/d\": must be unique",
            "spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'",
        ],
    );
}

#[test]
fn volumes_have_one_source_and_its_required_fields() {
    check_spec(
        "volumes",
        json!([{"name": "a", "hostPath": {}}, {"name": "b", "persistentVolumeClaim": {}}, {"name": "c", "configMap": {}}, {"name": "d", "secret": {}}]),
        &[
            "spec.volumes[0].hostPath.path: Required value",
            "spec.volumes[1].persistentVolumeClaim.claimName: Required value",
            "spec.volumes[2].configMap.name: Required value",
            "spec.volumes[3].secret.secretName: Required value",
        ],
    );
    check_spec(
        "volumes",
        json!([{"name": "v", "emptyDir": {}, "hostPath": {"path": "/x"}}]),
        &["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
    );
    check_spec(
        "volumes",
        json!([{"name": "v", "emptyDir": {}}, {"name": "v", "hostPath": {"path": "/x"}}]),
        &["spec.volumes[1].name: Duplicate value: \"v\""],
    );
    check_spec(
        "volumes",
        json!([{"name": "v", "configMap": {"name": "c", "defaultMode": 1000, "items": [{"key": "k", "path": "../x"}]}}]),
        &[
            "spec.volumes[0].configMap.defaultMode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive",
            "spec.volumes[0].configMap.items[0].path: Invalid value: \"../x\": must not contain '..'",
        ],
    );
    check_spec(
        "volumes",
        json!([{"name": "v", "projected": {"sources": [
            {"secret": {"name": "s", "items": [{"key": "k", "path": "f"}]}},
            {"configMap": {"name": "c", "items": [{"key": "k", "path": "f"}]}, "downwardAPI": {}},
            {"serviceAccountToken": {"path": "t", "expirationSeconds": 60}},
        ]}}]),
        &[
            "spec.volumes[0].projected: Invalid value: \"c\": conflicting duplicate paths",
            "spec.volumes[0].projected.sources[1]: Forbidden: may not specify more than 1 volume type per source",
            "spec.volumes[0].projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes",
            "spec.volumes[0].projected.sources[2].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set",
        ],
    );
}

#[test]
fn ephemeral_volumes_bring_a_right_claim() {
    check_spec(
        "volumes",
        json!([{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}]),
        &["spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value"],
    );
}

fn check_volume(volume: Value, expected: &[&str]) {
    check_spec("volumes", json!([volume]), expected);
}

#[test]
fn two_sources_are_one_too_many_in_upstreams_words() {
    for (second, shown) in [
        (json!({"cephfs": {"monitors": ["a"]}}), "cephFS"),
        (json!({"downwardAPI": {}}), "downwarAPI"),
    ] {
        let mut volume = json!({"name": "v", "emptyDir": {}});
        for (name, source) in second.as_object().into_iter().flatten() {
            volume[name] = source.clone();
        }
        let error =
            format!("spec.volumes[0].{shown}: Forbidden: may not specify more than 1 volume type");
        check_volume(volume, &[error.as_str()]);
    }
}

#[test]
fn initiators_of_iscsi_have_forms_of_their_own() {
    let volume = |iqn: &str, initiator: &str| {
        json!({"name": "v", "iscsi": {
            "targetPortal": "10.0.0.1:3260", "iqn": iqn, "lun": 0, "initiatorName": initiator,
        }})
    };
    let iqn = "iqn.2001-04.com.example:storage.disk1";
    for right in [
        iqn,
        "eui.0123456789abcdef",
        "naa.0123456789abcdef0123456789abcdef",
    ] {
        check_volume(volume(right, right), &[]);
    }
    check_volume(
        volume("disk1", iqn),
        &[
            "spec.volumes[0].iscsi.iqn: Invalid value: \"disk1\": must be valid format starting with iqn, eui, or naa",
        ],
    );
    for wrong in [
        "iqn.2001-4.com.example:disk",
        "iqn.2001-04.com.example:a b",
        "eui.0123",
        "naa.0123",
    ] {
        let error = format!(
            "spec.volumes[0].iscsi.initiatorname: Invalid value: \"{wrong}\": must be valid format"
        );
        check_volume(volume(iqn, wrong), &[error.as_str()]);
    }
    let long = "v".repeat(55);
    let mut volume = volume(iqn, iqn);
    volume["name"] = json!(long);
    let error = format!(
        "spec.volumes[0].name: Invalid value: \"{long}\": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."
    );
    check_volume(volume, &[error.as_str()]);
}

#[test]
fn storage_systems_of_old_are_still_checked() {
    check_volume(
        json!({"name": "v", "quobyte": {"registry": "a,b:1", "volume": "x"}}),
        &[
            "spec.volumes[0].quobyte.registry: Invalid value: \"a,b:1\": must be a host:port pair or multiple pairs separated by commas",
        ],
    );
    check_volume(
        json!({"name": "v", "storageos": {"volumeName": "Up"}}),
        &[&format!(
            "spec.volumes[0].storageos.volumeName: Invalid value: \"Up\": {LABEL}"
        )],
    );
    check_volume(
        json!({"name": "v", "scaleIO": {"gateway": "g", "secretRef": {"name": "s"}}}),
        &[
            "spec.volumes[0].scaleIO.system: Required value",
            "spec.volumes[0].scaleIO.volumeName: Required value",
        ],
    );
}

#[test]
fn images_say_what_to_pull() {
    check_volume(
        json!({"name": "v", "image": {"pullPolicy": "Sometimes"}}),
        &[
            "spec.volumes[0].image.pullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
            "spec.volumes[0].image.reference: Required value",
        ],
    );
}

#[test]
fn drivers_of_csi_have_names_of_domains() {
    check_volume(
        json!({"name": "v", "csi": {"driver": "Disk.Example.com", "nodePublishSecretRef": {"name": "s"}}}),
        &[],
    );
    check_volume(
        json!({"name": "v", "csi": {"driver": "", "nodePublishSecretRef": {"name": ""}}}),
        &[
            "spec.volumes[0].csi.driver: Required value",
            &format!("spec.volumes[0].csi.driver: Invalid value: \"\": {SUBDOMAIN}"),
            "spec.volumes[0].csi.nodePublishSecretRef.name: Required value",
        ],
    );
}
