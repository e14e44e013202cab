//! Kubelets that come from outside: each may do what its node needs, and no more.
//!
//! Objects are a node's where a Pod on it names them. Relations are looked up when somebody asks,
//! where upstream keeps a graph of them. Mirrors `plugin/pkg/auth/authorizer/node` (v1.35).

use serde_json::Value;

use super::{Attributes, Authorizer, Decision, Grants};
use crate::api::tree::{elements, entries, text};
use crate::api::{GroupResource, ObjectRef};
use crate::authentication::UserInfo;
use crate::registry::rbac::PolicyRule;
use crate::registry::{Objects, Registry};

const NAMESPACE_OF_LEASES: &str = "kube-node-lease";

/// Allows users called `system:node:NAME` in the group `system:nodes`.
pub struct Node {
    registry: Registry,
    /// What every node may do.
    rules: Vec<PolicyRule>,
}

/// The node that a user is the kubelet of: `Some("")` where that cannot be told.
pub fn node_of(user: &UserInfo) -> Option<&str> {
    let name = user.name.strip_prefix("system:node:")?;
    user.is_in("system:nodes").then_some(name)
}

impl Node {
    pub fn new(registry: Registry, rules: Vec<PolicyRule>) -> Self {
        Self { registry, rules }
    }

    /// `Ok` allows; the error says why not.
    fn judge(&self, node: &str, request: &Attributes<'_>) -> Result<(), String> {
        let no = |why: &str| Err(why.to_owned());
        if node.is_empty() {
            return Err(format!("unknown node for user {:?}", request.user.name));
        }
        let resource = match request.is_resource {
            true => (request.group, request.resource),
            false => ("", ""),
        };
        let is_reading = matches!(request.verb, "get" | "list" | "watch");
        let is_whole = request.subresource.is_empty();
        match resource {
            ("", "secrets" | "configmaps") if !is_reading => {
                no("can only read resources of this type")
            }
            ("", "secrets" | "configmaps") if !is_whole => no("cannot read subresource"),
            ("", "secrets" | "configmaps") if request.namespace.is_empty() => {
                no("can only read namespaced object of this type")
            }
            ("", "persistentvolumeclaims") if request.subresource == "status" => {
                match request.verb {
                    "update" | "patch" => self.related(node, request),
                    _ => no("can only get/update/patch this type"),
                }
            }
            (
                "" | "storage.k8s.io",
                "persistentvolumeclaims" | "persistentvolumes" | "volumeattachments",
            ) => self.single(node, request),
            ("", "secrets" | "configmaps") => self.related(node, request),
            ("", "serviceaccounts") if request.verb != "create" || request.name.is_empty() => {
                no("can only create tokens for individual service accounts")
            }
            ("", "serviceaccounts") if request.subresource != "token" => {
                no("can only create token subresource of serviceaccount")
            }
            ("", "serviceaccounts") => self.related(node, request),
            ("coordination.k8s.io", "leases") => lease(node, request),
            ("storage.k8s.io", "csinodes") => csi_node(node, request),
            ("", "nodes") => own_node(node, request),
            ("", "pods") => self.pod(node, request),
            _ if self.rules.iter().any(|rule| allows(rule, request)) => Ok(()),
            _ => no(""),
        }
    }

    fn single(&self, node: &str, request: &Attributes<'_>) -> Result<(), String> {
        if request.verb != "get" {
            return Err("can only get individual resources of this type".to_owned());
        }
        if !request.subresource.is_empty() {
            return Err("cannot get subresource".to_owned());
        }
        self.related(node, request)
    }

    fn pod(&self, node: &str, request: &Attributes<'_>) -> Result<(), String> {
        match (request.subresource, request.verb) {
            ("", "get") => self.single(node, request),
            ("", "list" | "watch") => {
                let selector = request.field_selector;
                let selected = selector.and_then(|own| own.required_value("spec.nodeName"));
                if selected == Some(node) {
                    return Ok(());
                }
                if !request.name.is_empty() {
                    return self.related(node, request);
                }
                Err("can only list/watch pods with spec.nodeName field selector".to_owned())
            }
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => {
                Ok(())
            }
            _ => Err(String::new()),
        }
    }

    fn related(&self, node: &str, request: &Attributes<'_>) -> Result<(), String> {
        if request.name.is_empty() {
            return Err("No Object name found".to_owned());
        }
        if self.is_related(node, request) {
            return Ok(());
        }
        Err(format!(
            "no relationship found between node '{node}' and this object"
        ))
    }

    fn is_related(&self, node: &str, request: &Attributes<'_>) -> bool {
        let (namespace, name) = (request.namespace, request.name);
        match request.resource {
            "persistentvolumes" => self
                .pods(node, "")
                .iter()
                .any(|pod| claims(pod).any(|claim| self.volume_of(pod, &claim) == name)),
            "volumeattachments" => self
                .object("storage.k8s.io", "volumeattachments", "", name)
                .is_some_and(|attachment| text(&attachment.value()["spec"], "nodeName") == node),
            resource => self.pods(node, namespace).iter().any(|pod| match resource {
                "pods" => pod.name() == name,
                "persistentvolumeclaims" => claims(pod).any(|claim| claim == name),
                "serviceaccounts" => text(&pod.value()["spec"], "serviceAccountName") == name,
                "secrets" => refers(&pod.value()["spec"], "secret", name),
                _ => refers(&pod.value()["spec"], "configMap", name),
            }),
        }
    }

    fn object(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<ObjectRef> {
        let resource = GroupResource::new(group, plural);
        Objects::get(&self.registry, &resource, namespace, name)
    }

    fn pods(&self, node: &str, namespace: &str) -> Vec<ObjectRef> {
        let pods = Objects::list(&self.registry, &GroupResource::new("", "pods"), namespace);
        let own = pods.into_iter();
        own.filter(|pod| text(&pod.value()["spec"], "nodeName") == node)
            .collect()
    }

    fn volume_of(&self, pod: &ObjectRef, claim: &str) -> String {
        let claim = self.object("", "persistentvolumeclaims", pod.namespace(), claim);
        claim.map_or_else(String::new, |claim| {
            text(&claim.value()["spec"], "volumeName").to_owned()
        })
    }
}

impl Authorizer for Node {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        let Some(node) = node_of(attributes.user) else {
            return Decision::NoOpinion(String::new());
        };
        match self.judge(node, attributes) {
            Ok(()) => Decision::Allow,
            Err(why) => Decision::NoOpinion(why),
        }
    }

    fn grants(&self, user: &UserInfo, _namespace: &str) -> Grants {
        let mut grants = Grants::default();
        if node_of(user).is_some() {
            let why = "node authorizer does not support user rule resolution";
            grants.errors.push(why.to_owned());
        }
        grants
    }
}

fn allows(rule: &PolicyRule, request: &Attributes<'_>) -> bool {
    if !request.is_resource {
        return rule.allows_path(request.verb, request.path);
    }
    let resource = (request.resource, request.subresource);
    rule.allows_resource(request.verb, request.group, resource, request.name)
}

fn lease(node: &str, request: &Attributes<'_>) -> Result<(), String> {
    if !is_own_verb(request.verb) {
        return Err("can only get, create, update, patch, or delete a node lease".to_owned());
    }
    if request.namespace != NAMESPACE_OF_LEASES {
        return Err(format!(
            "can only access leases in the {NAMESPACE_OF_LEASES:?} system namespace"
        ));
    }
    if request.verb != "create" && request.name != node {
        let why = "can only access node lease with the same name as the requesting node";
        return Err(why.to_owned());
    }
    Ok(())
}

fn csi_node(node: &str, request: &Attributes<'_>) -> Result<(), String> {
    let why = if !is_own_verb(request.verb) {
        "can only get, create, update, patch, or delete a CSINode"
    } else if !request.subresource.is_empty() {
        "cannot authorize CSINode subresources"
    } else if request.verb != "create" && request.name != node {
        "can only access CSINode with the same name as the requesting node"
    } else {
        return Ok(());
    };
    Err(why.to_owned())
}

fn is_own_verb(verb: &str) -> bool {
    matches!(verb, "get" | "create" | "update" | "patch" | "delete")
}

/// Writes are judged by the admission plugin NodeRestriction.
fn own_node(node: &str, request: &Attributes<'_>) -> Result<(), String> {
    match (request.subresource, request.verb) {
        ("", "create" | "update" | "patch") | ("status", "update" | "patch") => Ok(()),
        ("", "get" | "list" | "watch") => match request.name {
            name if name == node => Ok(()),
            "" => Err(format!(
                "node '{node}' cannot read all nodes, only its own Node object"
            )),
            name => Err(format!(
                "node '{node}' cannot read '{name}', only its own Node object"
            )),
        },
        _ => Err(String::new()),
    }
}

/// The claims of a Pod, those made for its ephemeral volumes too.
fn claims(pod: &ObjectRef) -> impl Iterator<Item = String> {
    let volumes = elements(&pod.value()["spec"]["volumes"]).iter();
    volumes.filter_map(|volume| {
        if volume["ephemeral"].is_object() {
            return Some(format!("{}-{}", pod.name(), text(volume, "name")));
        }
        let claim = &volume["persistentVolumeClaim"]["claimName"];
        claim.as_str().map(str::to_owned)
    })
}

/// Whether anything in a Pod's spec names a Secret (`secret`) or ConfigMap (`configMap`).
fn refers(value: &Value, kind: &str, name: &str) -> bool {
    match value {
        Value::Object(_) => entries(value).any(|(key, below)| {
            let is_reference = match (kind, key.as_str()) {
                ("secret", "secret" | "secretRef" | "secretKeyRef" | "nodePublishSecretRef")
                | ("configMap", "configMap" | "configMapRef" | "configMapKeyRef") => true,
                ("secret", "imagePullSecrets") => {
                    return elements(below).iter().any(|own| text(own, "name") == name);
                }
                _ => false,
            };
            let is_named = text(below, "name") == name || text(below, "secretName") == name;
            (is_reference && is_named) || refers(below, kind, name)
        }),
        Value::Array(list) => list.iter().any(|below| refers(below, kind, name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::api::selector::FieldSelector;
    use crate::clock::Clock;
    use crate::registry::{ResourceTable, built_in_resources};
    use crate::storage::{Key, Origin, Storage};

    /// Pod `web` on `worker`, which mounts the Secret `own`; the Secret `other` is nobody's.
    fn node() -> Node {
        let storage = Storage::new(16);
        let pods = Arc::new(GroupResource::new("", "pods"));
        let pod = json!({"metadata": {"name": "web", "namespace": "default"}, "spec": {
            "nodeName": "worker", "serviceAccountName": "runner",
            "volumes": [{"name": "v", "secret": {"secretName": "own"}}],
            "containers": [{"envFrom": [{"configMapRef": {"name": "settings"}}]}],
        }});
        let key = Key::new(&pods, "default", "web");
        storage.create(&key, pod, Origin::default()).unwrap();
        let resources = Arc::new(ResourceTable::new(built_in_resources()));
        Node::new(Registry::new(storage, resources, Clock::real()), Vec::new())
    }

    fn ask(verb: &str, resource: &str, name: &str) -> Result<(), String> {
        let user = UserInfo::new("system:node:worker", &["system:nodes"]);
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let request = Attributes {
            user: &user,
            verb,
            is_resource: true,
            group: if resource == "leases" {
                "coordination.k8s.io"
            } else {
                ""
            },
            resource,
            subresource,
            namespace: "default",
            name,
            path: "",
            field_selector: None,
        };
        node().judge("worker", &request)
    }

    #[test]
    fn what_a_pod_on_the_node_names_may_be_read() {
        for (verb, resource, name) in [
            ("get", "secrets", "own"),
            ("watch", "configmaps", "settings"),
            ("create", "serviceaccounts/token", "runner"),
            ("get", "pods", "web"),
            ("get", "nodes", "worker"),
        ] {
            assert_eq!(ask(verb, resource, name), Ok(()), "{resource} {name}");
        }
    }

    #[test]
    fn what_belongs_to_others_may_not() {
        let unrelated = "no relationship found between node 'worker' and this object";
        for (verb, resource, name, why) in [
            ("get", "secrets", "other", unrelated),
            ("create", "serviceaccounts/token", "default", unrelated),
            (
                "delete",
                "secrets",
                "own",
                "can only read resources of this type",
            ),
            ("list", "secrets", "", "No Object name found"),
            (
                "get",
                "nodes",
                "worker2",
                "node 'worker' cannot read 'worker2', only its own Node object",
            ),
            (
                "get",
                "leases",
                "worker",
                "can only access leases in the \"kube-node-lease\" system namespace",
            ),
        ] {
            assert_eq!(ask(verb, resource, name), Err(why.to_owned()), "{resource}");
        }
    }

    #[test]
    fn pods_are_listed_by_their_node_only() {
        let user = UserInfo::new("system:node:worker", &["system:nodes"]);
        let ask = |selector: &str| {
            let selector = FieldSelector::parse(selector).unwrap();
            let request = Attributes {
                user: &user,
                verb: "list",
                is_resource: true,
                group: "",
                resource: "pods",
                subresource: "",
                namespace: "",
                name: "",
                path: "",
                field_selector: Some(&selector),
            };
            node().judge("worker", &request).is_ok()
        };
        assert!(ask("spec.nodeName=worker"));
        assert!(!ask("spec.nodeName=worker2"));
        assert!(!ask(""));
    }
}
