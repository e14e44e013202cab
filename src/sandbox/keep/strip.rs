//! Makes of an object that was read one that can be created.

use serde_json::{Map, Value};

/// Kinds that come by themselves or only tell of a moment.
pub(super) fn is_passing(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("" | "events.k8s.io", "Event")
            | ("", "Endpoints")
            | ("metrics.k8s.io", _)
            | ("coordination.k8s.io", "Lease")
    )
}

/// What the server wrote, and nobody can give it.
const SERVERS: &[&str] = &[
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
];

/// The object as it is given to a cluster that does not have it, or `None` where a controller
/// makes it again. Its old uid stays, for those who name it as their owner.
pub(super) fn for_creation(mut object: Value) -> Option<Value> {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let controlled = owners(&object).any(|owner| owner["controller"] == true);
    match kind.as_str() {
        // Their controller takes up those that nobody owns, and with them its history.
        "ReplicaSet" | "ControllerRevision" => {
            metadata(&mut object)?.remove("ownerReferences");
        }
        "Pod" | "Job" | "EndpointSlice" if controlled => return None,
        _ => {}
    }
    let metadata = metadata(&mut object)?;
    let leaving = metadata.remove("deletionTimestamp").is_some();
    metadata.remove("deletionGracePeriodSeconds");
    if leaving && !metadata.contains_key("finalizers") {
        return None;
    }
    if let Some(annotations) = metadata
        .get_mut("annotations")
        .and_then(Value::as_object_mut)
    {
        annotations.retain(|name, _| !name.starts_with("pv.kubernetes.io/"));
    }
    for field in SERVERS.iter().filter(|field| **field != "uid") {
        metadata.remove(*field);
    }
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    spec_for_creation(&kind, &mut object);
    Some(object)
}

fn spec_for_creation(kind: &str, object: &mut Value) {
    let manual = object.pointer("/spec/manualSelector") == Some(&Value::Bool(true));
    if kind == "Job" && !manual {
        for labels in ["/spec/template/metadata/labels", "/metadata/labels"] {
            let labels = object.pointer_mut(labels).and_then(Value::as_object_mut);
            if let Some(labels) = labels {
                labels.retain(|name, _| !name.ends_with("controller-uid"));
            }
        }
    }
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    match kind {
        "Pod" => {
            spec.remove("nodeName");
            spec.remove("ephemeralContainers");
        }
        "PersistentVolumeClaim" => {
            spec.remove("volumeName");
        }
        "Job" if !manual => {
            spec.remove("selector");
        }
        _ => {}
    }
}

/// What must be there comes before what needs it.
pub(super) fn rank(object: &Value) -> u8 {
    match object["kind"].as_str().unwrap_or_default() {
        "CustomResourceDefinition" => 0,
        "PriorityClass" | "StorageClass" | "PersistentVolume" | "ClusterRole" => 1,
        "ServiceAccount" | "Secret" | "ConfigMap" | "Role" => 2,
        "RoleBinding" | "ClusterRoleBinding" | "PersistentVolumeClaim" | "Service" => 3,
        "ReplicaSet" | "ControllerRevision" => 4,
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" => 5,
        "Pod" => 6,
        // These may refuse what comes after them, which was there before them.
        "LimitRange" | "ResourceQuota" => 9,
        "ValidatingAdmissionPolicy"
        | "ValidatingAdmissionPolicyBinding"
        | "MutatingWebhookConfiguration"
        | "ValidatingWebhookConfiguration" => 10,
        _ => 7,
    }
}

/// Takes the old uid out and answers it.
pub(super) fn take_uid(object: &mut Value) -> Option<String> {
    let uid = metadata(object)?.remove("uid")?;
    uid.as_str().map(str::to_owned)
}

/// Names the owners as they are called now; those that are not there any more are dropped.
pub(super) fn rename_owners(object: &mut Value, now: &std::collections::HashMap<String, String>) {
    let Some(metadata) = metadata(object) else {
        return;
    };
    let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") else {
        return;
    };
    owners.retain_mut(|owner| {
        let renamed = owner["uid"].as_str().and_then(|uid| now.get(uid)).cloned();
        renamed.is_some_and(|uid| {
            owner["uid"] = Value::String(uid);
            true
        })
    });
    if owners.is_empty() {
        metadata.remove("ownerReferences");
    }
}

/// Whether others name it as their owner and must wait for it.
pub(super) fn has_owners(object: &Value) -> bool {
    owners(object).next().is_some()
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    let owners = object.pointer("/metadata/ownerReferences");
    owners.and_then(Value::as_array).into_iter().flatten()
}

fn metadata(object: &mut Value) -> Option<&mut Map<String, Value>> {
    object.get_mut("metadata").and_then(Value::as_object_mut)
}
