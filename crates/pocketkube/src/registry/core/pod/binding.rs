//! The `binding` subresource: a scheduler says on which node a Pod shall run.
//!
//! Pure: the endpoints read the Pod, call [`bind`] and store the result. Mirrors `BindingREST` in
//! `pkg/registry/core/pod/storage/storage.go` (v1.35).

use jiff::Timestamp;
use serde_json::Value;

use super::conditions;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta::{self, map_at};
use crate::api::tree::{elements, entries, is_empty, remove, text};
use crate::api::{GroupResource, StatusError};

/// Every mistake in a `Binding`.
pub fn validate(binding: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let target = &binding["target"];
    let path = Path::new("target");
    let kind = text(target, "kind");
    if !matches!(kind, "" | "Node") {
        errors.push(Error::not_supported(
            path.child("kind"),
            kind,
            &["Node", "<empty>"],
        ));
    }
    if text(target, "name").is_empty() {
        errors.push(Error::required(path.child("name"), ""));
    }
    errors
}

/// `pod` as it is once it is bound. Fails with 409 where the Pod cannot be bound (any more).
pub fn bind(pod: &Value, binding: &Value, now: Timestamp) -> Result<Value, StatusError> {
    let name = meta::name(pod);
    if let Some(why) = refusal(pod, binding) {
        let resource = GroupResource::new("", "pods/binding");
        return Err(StatusError::conflict(&resource, name, &why));
    }
    let mut bound = pod.clone();
    bound["spec"]["nodeName"] = binding["target"]["name"].clone();
    for field in ["annotations", "labels"] {
        let given = &binding["metadata"][field];
        if !is_empty(given) {
            let present = map_at(&mut bound["metadata"], field);
            present.extend(entries(given).map(|(key, value)| (key.clone(), value.clone())));
        }
    }
    remove(&mut bound["status"], "nominatedNodeName");
    conditions::set_true(&mut bound, "PodScheduled", "", "", now);
    Ok(bound)
}

fn refusal(pod: &Value, binding: &Value) -> Option<String> {
    let name = meta::name(pod);
    let wanted_uid = text(&binding["metadata"], "uid");
    if !wanted_uid.is_empty() && wanted_uid != meta::uid(pod) {
        return Some(format!(
            "Precondition failed: UID in precondition: {wanted_uid}, UID in object meta: {}",
            meta::uid(pod)
        ));
    }
    if meta::is_terminating(pod) {
        return Some(format!(
            "pod {name} is being deleted, cannot be assigned to a host"
        ));
    }
    let node = text(&pod["spec"], "nodeName");
    if !node.is_empty() {
        return Some(format!("pod {name} is already assigned to node {node:?}"));
    }
    if !elements(&pod["spec"]["schedulingGates"]).is_empty() {
        return Some(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bind_to(pod: &Value, node: &str) -> Result<Value, StatusError> {
        let binding = json!({"target": {"kind": "Node", "name": node}});
        bind(pod, &binding, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn binding_names_the_node_and_says_that_the_pod_is_scheduled() {
        let pod =
            json!({"metadata": {"name": "p"}, "spec": {}, "status": {"nominatedNodeName": "n1"}});
        let bound = bind_to(&pod, "n1").unwrap();
        assert_eq!(bound["spec"]["nodeName"], "n1");
        assert_eq!(bound["status"]["conditions"][0]["status"], "True");
        assert!(bound["status"].get("nominatedNodeName").is_none());
    }

    #[test]
    fn a_pod_is_bound_once() {
        let pod = json!({"metadata": {"name": "p"}, "spec": {"nodeName": "n1"}});
        let error = bind_to(&pod, "n2").unwrap_err();
        assert_eq!(error.code, 409);
        assert_eq!(
            error.message,
            "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\""
        );
    }

    #[test]
    fn a_binding_needs_a_node() {
        let errors = validate(&json!({"target": {"kind": "Rack"}}));
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "target.kind: Unsupported value: \"Rack\": supported values: \"<empty>\", \"Node\"",
                "target.name: Required value",
            ]
        );
    }
}
