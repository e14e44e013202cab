//! The `binding` subresource: a scheduler assigns a Pod to a node.
//!
//! Mirrors `BindingREST` in `pkg/registry/core/pod/storage/storage.go` (v1.35).

use async_trait::async_trait;
use serde_json::{Value, json};

use super::call::Reply;
use super::request::Request;
use crate::api::field::{Error, Path};
use crate::api::{GroupResource, ObjectRef, StatusError, meta};
use crate::registry::{Admit, Change};

/// Assigns the Pod to the target of the Binding in the call's body.
pub(super) async fn bind(request: &Request<'_>) -> Result<(Reply, bool), StatusError> {
    let call = &request.call;
    let binding = &call.body;
    let target = binding["target"]["name"].as_str().unwrap_or_default();
    let mut errors = Vec::new();
    let kind = binding["target"]["kind"].as_str().unwrap_or_default();
    if !matches!(kind, "" | "Node") {
        errors.push(Error::not_supported(
            Path::new("target.kind"),
            kind,
            &["Node", "<empty>"],
        ));
    }
    if target.is_empty() {
        errors.push(Error::required(Path::new("target.name"), ""));
    }
    if !errors.is_empty() {
        return Err(StatusError::invalid("", "Binding", &call.name, &errors));
    }
    let change = Assign { request, target };
    let admission: &dyn Admit = request;
    request
        .server
        .registry()
        .update(
            &request.resource,
            &call.namespace,
            &call.name,
            &change,
            &request.write_context(),
            admission,
        )
        .await?;
    let success = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
    });
    Ok((Reply::Value(success), true))
}

struct Assign<'a> {
    request: &'a Request<'a>,
    target: &'a str,
}

#[async_trait]
impl Change for Assign<'_> {
    async fn apply(&self, existing: &ObjectRef) -> Result<Value, StatusError> {
        let pods = GroupResource::new("", "pods");
        let conflict = |why: String| Err(StatusError::conflict(&pods, existing.name(), &why));
        let binding = &self.request.call.body;
        let uid = meta::uid(binding);
        if !uid.is_empty() && uid != existing.uid() {
            return conflict(format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                existing.uid()
            ));
        }
        let pod = existing.value();
        if meta::is_terminating(pod) {
            return conflict(format!(
                "pod {} is being deleted, cannot be assigned to a host",
                existing.name()
            ));
        }
        if let Some(node) = pod["spec"]["nodeName"]
            .as_str()
            .filter(|node| !node.is_empty())
        {
            return conflict(format!(
                "pod {} is already assigned to node {node:?}",
                existing.name()
            ));
        }
        if pod["spec"]["schedulingGates"]
            .as_array()
            .is_some_and(|gates| !gates.is_empty())
        {
            return conflict(format!(
                "pod {} has non-empty .spec.schedulingGates",
                existing.name()
            ));
        }
        let mut pod = pod.clone();
        pod["spec"]["nodeName"] = json!(self.target);
        if let Some(annotations) = meta::annotations(binding) {
            let slot = &mut meta::map_at(&mut pod["metadata"], "annotations");
            for (key, value) in annotations {
                slot.insert(key.clone(), value.clone());
            }
        }
        set_scheduled(
            &mut pod,
            &meta::format_time(self.request.server.registry().clock().now()),
        );
        Ok(pod)
    }
}

/// Sets the condition PodScheduled.
fn set_scheduled(pod: &mut Value, now: &str) {
    let status = meta::map_at(pod, "status");
    let conditions = status.entry("conditions").or_insert_with(|| json!([]));
    let Some(conditions) = conditions.as_array_mut() else {
        return;
    };
    conditions.retain(|condition| condition["type"] != "PodScheduled");
    conditions.push(json!({
        "type": "PodScheduled", "status": "True",
        "lastProbeTime": null, "lastTransitionTime": now,
    }));
}
