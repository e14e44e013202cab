//! What goes back when a cluster does, and what does not.

use std::sync::Arc;

use serde_json::Value;

use crate::api::{GroupResource, Object, ObjectRef};
use crate::storage::{Key, Return, Rewinding, Whole};

/// A record of what happened, and signs of life: both are of now.
const OF_NOW: [&str; 2] = ["events", "leases"];

/// What a user can have done to a node; the rest is the machine's.
const OF_A_NODE: [&str; 2] = ["labels", "annotations"];

/// The annotation by which kubelets show Pods that no user made.
const MIRROR: &str = "kubernetes.io/config.mirror";

pub(super) struct Policy;

impl Rewinding for Policy {
    fn concerns(&self, resource: &GroupResource) -> bool {
        !OF_NOW.contains(&resource.resource.as_str())
    }

    fn decide(
        &self,
        resource: &GroupResource,
        then: Option<&ObjectRef>,
        now: Option<&ObjectRef>,
    ) -> Return {
        if resource.group.is_empty() && resource.resource == "nodes" {
            return node(then, now);
        }
        let is_mirror = |pod: &ObjectRef| {
            is_pod(pod) && pod.to_value()["metadata"]["annotations"][MIRROR].is_string()
        };
        match then.or(now).is_some_and(is_mirror) {
            true => Return::Stays,
            false => Whole.decide(resource, then, now),
        }
    }
}

/// A machine is there or not, whatever was there then; what was wanted of it comes back.
fn node(then: Option<&ObjectRef>, now: Option<&ObjectRef>) -> Return {
    let (Some(then), Some(now)) = (then, now) else {
        return Return::Stays;
    };
    let (then, mut node) = (then.to_value(), now.to_value());
    restore(
        &mut node["spec"],
        &then["spec"],
        &["unschedulable", "taints"],
    );
    restore(&mut node["metadata"], &then["metadata"], &OF_A_NODE);
    match node == now.to_value() {
        true => Return::Stays,
        false => Return::Becomes(node),
    }
}

fn restore(into: &mut Value, from: &Value, fields: &[&str]) {
    let Value::Object(into) = into else {
        return;
    };
    for field in fields {
        match &from[field] {
            Value::Null => into.remove(*field),
            value => into.insert((*field).to_owned(), value.clone()),
        };
    }
}

pub(super) fn is_pod(object: &Object) -> bool {
    is(object, "v1", "Pod")
}

pub(super) fn is_definition(object: &Object) -> bool {
    is(
        object,
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
    )
}

fn is(object: &Object, api_version: &str, kind: &str) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Type {
        #[serde(default)]
        api_version: String,
        #[serde(default)]
        kind: String,
    }
    let found = object.typed::<Type>();
    found.is_ok_and(|found| found.api_version == api_version && found.kind == kind)
}

pub(super) fn key_of_pod(pod: &Object) -> Key {
    let pods = Arc::new(GroupResource::new("", "pods"));
    Key::new(&pods, pod.namespace(), pod.name())
}
