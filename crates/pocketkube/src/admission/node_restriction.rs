//! Kubelets that come from outside may write about their own node and its Pods only.
//!
//! Mirrors `plugin/pkg/admission/noderestriction/admission.go` (v1.35).

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::Value;

use super::{Attributes, Mutate, Operation};
use crate::api::tree::{elements, entries, text};
use crate::api::{GroupResource, ObjectRef, StatusError, meta};
use crate::authorization::node_of;
use crate::registry::{Objects, Registry};

const MIRROR: &str = "kubernetes.io/config.mirror";
const NAMESPACE_OF_LEASES: &str = "kube-node-lease";
const RESTRICTION: &str = "node-restriction.kubernetes.io";
/// Labels of Kubernetes' own domains that a kubelet may set.
const KUBELET_LABELS: &[&str] = &[
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "kubernetes.io/os",
    "kubernetes.io/arch",
];
const KUBELET_DOMAINS: &[&str] = &["kubelet.kubernetes.io", "node.kubernetes.io"];

pub struct NodeRestriction {
    registry: Registry,
}

impl NodeRestriction {
    pub fn new(registry: Registry) -> Self {
        Self { registry }
    }

    fn judge(&self, node: &str, object: &Value, request: &Attributes<'_>) -> Result<(), Refusal> {
        let resource = &request.resource;
        match (resource.group.as_ref(), resource.plural.as_ref()) {
            ("", "pods") => self.pod(node, object, request),
            ("", "nodes") => own_node(node, object, request),
            ("", "persistentvolumeclaims") => match request.subresource {
                "status" => Ok(()),
                _ => no("may only update PVC status"),
            },
            ("", "serviceaccounts") if request.subresource == "token" => {
                self.token(node, object, request)
            }
            ("coordination.k8s.io", "leases") if request.namespace != NAMESPACE_OF_LEASES => no(
                format!("can only access leases in the {NAMESPACE_OF_LEASES:?} system namespace"),
            ),
            ("coordination.k8s.io", "leases") if name_of(object, request) != node => {
                no("can only access node lease with the same name as the requesting node")
            }
            ("storage.k8s.io", "csinodes") if name_of(object, request) != node => {
                no("can only access CSINode with the same name as the requesting node")
            }
            _ => Ok(()),
        }
    }

    fn pod(&self, node: &str, object: &Value, request: &Attributes<'_>) -> Result<(), Refusal> {
        use Operation::{Create, Delete, Update};
        let is_own = |pod: &Value| text(&pod["spec"], "nodeName") == node;
        let old = request.old.unwrap_or(&Value::Null);
        match (request.subresource, request.operation) {
            ("", Create) => self.mirror_pod(node, object),
            ("", Delete) if is_own(old) => Ok(()),
            ("", Delete) => no(format!(
                "node {node:?} can only delete pods with spec.nodeName set to itself"
            )),
            ("", operation) => no(format!(
                "unexpected operation {:?}, node {node:?} can only create and delete mirror pods",
                operation.as_str()
            )),
            ("status", Update) if !is_own(old) => no(format!(
                "node {node:?} can only update pod status for pods with spec.nodeName set to itself"
            )),
            ("status", Update) if old["metadata"]["labels"] != object["metadata"]["labels"] => no(
                format!("node {node:?} cannot update labels through pod status"),
            ),
            ("status", Update) => Ok(()),
            ("eviction", Create) => match self.pod_called(request.namespace, request.name) {
                Some(pod) if is_own(pod.value()) => Ok(()),
                Some(_) => no(format!(
                    "node {node} can only evict pods with spec.nodeName set to itself"
                )),
                None => Err(missing_pod(request.name)),
            },
            ("status" | "eviction", operation) => {
                no(format!("unexpected operation {:?}", operation.as_str()))
            }
            (subresource, _) => no(format!(
                "unexpected pod subresource {subresource:?}, only 'status' and 'eviction' are allowed"
            )),
        }
    }

    fn mirror_pod(&self, node: &str, pod: &Value) -> Result<(), Refusal> {
        if pod["metadata"]["annotations"][MIRROR].is_null() {
            return no(format!(
                "pod does not have {MIRROR:?} annotation, node {node:?} can only create mirror pods"
            ));
        }
        let spec = &pod["spec"];
        let only = |what: &str| no(format!("node {node:?} can only create pods with {what}"));
        if text(spec, "nodeName") != node {
            return only("spec.nodeName set to itself");
        }
        let owner = match elements(&pod["metadata"]["ownerReferences"]) {
            [owner] => owner,
            [] => return only("an owner reference set to itself"),
            _ => return only("a single owner reference set to itself"),
        };
        let is_own =
            owner["apiVersion"] == "v1" && owner["kind"] == "Node" && owner["name"] == node;
        if !is_own {
            return only("an owner reference set to itself");
        }
        if owner["controller"] != true {
            return only("a controller owner reference set to itself");
        }
        if owner["blockOwnerDeletion"] == true {
            return no(format!(
                "node {node:?} must not set blockOwnerDeletion on an owner reference"
            ));
        }
        let nodes = GroupResource::new("", "nodes");
        let Some(known) = Objects::get(&self.registry, &nodes, "", node) else {
            return Err(Refusal::Other(StatusError::not_found(&nodes, node)));
        };
        if owner["uid"] != known.uid() {
            return no(format!(
                "node {node} UID mismatch: expected {} got {}",
                text(owner, "uid"),
                known.uid()
            ));
        }
        let reference = |what: &str| {
            no(format!(
                "node {node:?} can not create pods that reference {what}"
            ))
        };
        if !text(spec, "serviceAccountName").is_empty() {
            return reference("a service account");
        }
        if names_any(
            spec,
            &["secret", "secretRef", "secretKeyRef", "imagePullSecrets"],
        ) {
            return reference("secrets");
        }
        if names_any(spec, &["configMap", "configMapRef", "configMapKeyRef"]) {
            return reference("configmaps");
        }
        if names_any(&spec["volumes"], &["persistentVolumeClaim"]) {
            return reference("persistentvolumeclaims");
        }
        Ok(())
    }

    fn token(&self, node: &str, object: &Value, request: &Attributes<'_>) -> Result<(), Refusal> {
        let bound = &object["spec"]["boundObjectRef"];
        let (name, uid) = (text(bound, "name"), text(bound, "uid"));
        if bound["apiVersion"] != "v1" || bound["kind"] != "Pod" || name.is_empty() {
            return no("node requested token not bound to a pod");
        }
        if uid.is_empty() {
            return no("node requested token with a pod binding without a uid");
        }
        let Some(pod) = self.pod_called(request.namespace, name) else {
            return Err(missing_pod(name));
        };
        if pod.uid() != uid {
            return no(format!(
                "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
            ));
        }
        if text(&pod.value()["spec"], "nodeName") != node {
            return no("node requested token bound to a pod scheduled on a different node");
        }
        Ok(())
    }

    fn pod_called(&self, namespace: &str, name: &str) -> Option<ObjectRef> {
        Objects::get(
            &self.registry,
            &GroupResource::new("", "pods"),
            namespace,
            name,
        )
    }
}

/// Why a request is refused.
enum Refusal {
    Forbidden(String),
    Other(StatusError),
}

fn no(why: impl Into<String>) -> Result<(), Refusal> {
    Err(Refusal::Forbidden(why.into()))
}

fn missing_pod(name: &str) -> Refusal {
    Refusal::Other(StatusError::not_found(
        &GroupResource::new("", "pods"),
        name,
    ))
}

/// The name in the body, where the path has none.
fn name_of<'a>(object: &'a Value, request: &Attributes<'a>) -> &'a str {
    match request.operation {
        Operation::Create => meta::name(object),
        _ => request.name,
    }
}

fn own_node(node: &str, object: &Value, request: &Attributes<'_>) -> Result<(), Refusal> {
    let name = name_of(object, request);
    if name != node {
        return no(format!(
            "node {node:?} is not allowed to modify node {name:?}"
        ));
    }
    let old = request.old.unwrap_or(&Value::Null);
    let labels = |object: &Value| object["metadata"]["labels"].clone();
    match request.operation {
        Operation::Create => {
            let forbidden = forbidden_labels(&labels(object), &Value::Null);
            if !forbidden.is_empty() {
                return no(format!(
                    "node {node:?} is not allowed to set the following labels: {forbidden}"
                ));
            }
        }
        Operation::Update => {
            if object["spec"]["taints"] != old["spec"]["taints"] {
                return no(format!("node {node:?} is not allowed to modify taints"));
            }
            let forbidden = forbidden_labels(&labels(object), &labels(old));
            if !forbidden.is_empty() {
                return no(format!("is not allowed to modify labels: {forbidden}"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Labels that differ and are none of a kubelet's business.
fn forbidden_labels(new: &Value, old: &Value) -> String {
    let changed = |own: &Value, other: &Value| -> Vec<String> {
        entries(own)
            .filter(|(key, value)| other[key.as_str()] != **value)
            .map(|(key, _)| key.clone())
            .collect()
    };
    let changed: BTreeSet<String> = [changed(new, old), changed(old, new)]
        .concat()
        .into_iter()
        .collect();
    let forbidden = changed.iter().filter(|label| !may_set(label));
    let forbidden: Vec<&str> = forbidden.map(String::as_str).collect();
    forbidden.join(", ")
}

fn may_set(label: &str) -> bool {
    let domain = label.split_once('/').map_or("", |(domain, _)| domain);
    let is_in = |parent: &str| {
        domain == parent
            || domain
                .strip_suffix(parent)
                .is_some_and(|sub| sub.ends_with('.'))
    };
    let is_kubernetes = is_in("kubernetes.io") || is_in("k8s.io");
    let is_kubelets =
        KUBELET_LABELS.contains(&label) || KUBELET_DOMAINS.iter().any(|domain| is_in(domain));
    !is_in(RESTRICTION) && (!is_kubernetes || is_kubelets)
}

/// Whether one of these keys stands anywhere in a tree.
fn names_any(value: &Value, keys: &[&str]) -> bool {
    match value {
        Value::Object(_) => entries(value)
            .any(|(key, below)| keys.contains(&key.as_str()) || names_any(below, keys)),
        Value::Array(list) => list.iter().any(|below| names_any(below, keys)),
        _ => false,
    }
}

#[async_trait]
impl Mutate for NodeRestriction {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let user = attributes.user;
        if user.is_component {
            return Ok(());
        }
        let Some(node) = node_of(user) else {
            return Ok(());
        };
        if node.is_empty() {
            let why = format!("could not determine node from user {:?}", user.name);
            return Err(attributes.forbidden(&why));
        }
        self.judge(node, object, attributes)
            .map_err(|refusal| match refusal {
                Refusal::Forbidden(why) => attributes.forbidden(&why),
                Refusal::Other(error) => error,
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kubelet_sets_labels_of_its_own_domains_only() {
        let labels = |names: &[&str]| {
            let labels = names.iter().map(|name| ((*name).to_owned(), json!("x")));
            Value::Object(labels.collect())
        };
        let new = labels(&[
            "disk",
            "kubernetes.io/hostname",
            "kubelet.kubernetes.io/a",
            "node-restriction.kubernetes.io/b",
            "node-role.kubernetes.io/control-plane",
            "example.com/c",
        ]);
        assert_eq!(
            forbidden_labels(&new, &Value::Null),
            "node-restriction.kubernetes.io/b, node-role.kubernetes.io/control-plane"
        );
        assert_eq!(forbidden_labels(&new, &new), "");
    }
}
