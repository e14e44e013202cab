//! What volumes and their mounts may not say.

use serde_json::json;

use super::*;

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
