//! Who owns whom: Deployments over ReplicaSets over Pods, and what stands alone.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::resource::short_name;
use super::super::view::{Health, OwnerView, PodView};
use super::{Material, condition, is_leaving, list, number, optional, pod, text};

const KINDS: [&str; 5] = [
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
];

/// Workloads without a known owner, with what they own; and Pods without one.
pub(super) fn forest(material: &Material) -> (Vec<OwnerView>, Vec<PodView>) {
    let mut owned = Owned::default();
    let workloads: Vec<&Value> = KINDS.iter().flat_map(|kind| material.all(kind)).collect();
    let known: Vec<String> = workloads
        .iter()
        .map(|it| text(it, "/metadata/uid"))
        .collect();
    let is_known = |owner: &Option<String>| owner.as_ref().is_some_and(|uid| known.contains(uid));
    let mut alone = Vec::new();
    for object in material.all("Pod") {
        match controller(object).filter(|uid| is_known(&Some(uid.clone()))) {
            Some(owner) => owned.pods.entry(owner).or_default().push(pod::pod(object)),
            None => alone.push(pod::pod(object)),
        }
    }
    let mut roots = Vec::new();
    for object in &workloads {
        match controller(object).filter(|uid| is_known(&Some(uid.clone()))) {
            Some(owner) => owned.workloads.entry(owner).or_default().push(object),
            None => roots.push(*object),
        }
    }
    let roots = roots.into_iter().map(|object| owned.view(object)).collect();
    (roots, alone)
}

#[derive(Default)]
struct Owned<'a> {
    pods: BTreeMap<String, Vec<PodView>>,
    workloads: BTreeMap<String, Vec<&'a Value>>,
}

impl Owned<'_> {
    fn view(&self, object: &Value) -> OwnerView {
        let uid = text(object, "/metadata/uid");
        let kind = text(object, "/kind");
        let (ready, wanted) = replicas(object, &kind);
        let mut owners: Vec<OwnerView> = self
            .workloads
            .get(&uid)
            .into_iter()
            .flatten()
            .map(|object| self.view(object))
            .collect();
        // Old ReplicaSets that hold nothing are history, not the present.
        owners.retain(|owner| owner.wanted > 0 || !owner.pods.is_empty());
        OwnerView {
            short: short_name(&kind),
            namespace: text(object, "/metadata/namespace"),
            name: text(object, "/metadata/name"),
            ready,
            wanted,
            health: health(object, &kind, ready, wanted),
            detail: detail(object, &kind, ready, wanted),
            owners,
            pods: self.pods.get(&uid).cloned().unwrap_or_default(),
            kind,
        }
    }
}

/// The uid of the controller that owns it.
fn controller(object: &Value) -> Option<String> {
    list(object, "/metadata/ownerReferences")
        .iter()
        .find(|owner| owner["controller"] == true)
        .and_then(|owner| optional(owner, "/uid"))
}

fn replicas(object: &Value, kind: &str) -> (i64, i64) {
    match kind {
        "Job" => (
            number(object, "/status/succeeded"),
            object
                .pointer("/spec/completions")
                .and_then(Value::as_i64)
                .unwrap_or(1),
        ),
        "DaemonSet" => (
            number(object, "/status/numberReady"),
            number(object, "/status/desiredNumberScheduled"),
        ),
        "Deployment" => (
            number(object, "/status/availableReplicas"),
            number(object, "/spec/replicas"),
        ),
        _ => (
            number(object, "/status/readyReplicas"),
            number(object, "/spec/replicas"),
        ),
    }
}

fn health(object: &Value, kind: &str, ready: i64, wanted: i64) -> Health {
    let is =
        |name: &str, status: &str| condition(object, name).is_some_and(|it| it["status"] == status);
    if is_leaving(object) {
        Health::Leaving
    } else if is("ReplicaFailure", "True") || is("Progressing", "False") || is("Failed", "True") {
        Health::Bad
    } else if ready < wanted {
        Health::Progressing
    } else if kind == "Job" {
        Health::Finished
    } else {
        Health::Good
    }
}

fn detail(object: &Value, kind: &str, ready: i64, wanted: i64) -> String {
    let word = match kind {
        "Deployment" => "available",
        "Job" => "succeeded",
        _ => "ready",
    };
    let mut detail = format!("{ready}/{wanted} {word}");
    if object.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        detail.push_str(", paused");
    }
    for name in ["ReplicaFailure", "Progressing"] {
        let failed = if name == "Progressing" {
            "False"
        } else {
            "True"
        };
        if let Some(condition) = condition(object, name).filter(|it| it["status"] == failed)
            && let Some(reason) = optional(condition, "/reason")
        {
            detail.push_str(&format!(", {reason}"));
        }
    }
    detail
}

#[cfg(test)]
mod tests {
    use super::super::super::observe::{Listing, Watched};
    use super::super::super::resource::Resource;
    use super::*;
    use serde_json::json;

    fn listing(kind: &str, objects: Vec<Value>) -> (Watched, Listing) {
        let resource = Resource::known(kind, None).expect("it is known");
        let watched = Watched {
            resource,
            namespace: None,
        };
        (watched, Listing::of(objects))
    }

    #[test]
    fn pods_hang_below_the_deployment_that_made_them() {
        let owner = |uid: &str| json!([{"controller": true, "uid": uid}]);
        let material = Material {
            listings: vec![
                listing(
                    "Deployment",
                    vec![json!({"kind": "Deployment",
                    "metadata": {"name": "web", "uid": "d"},
                    "spec": {"replicas": 1}, "status": {"availableReplicas": 1}})],
                ),
                listing(
                    "ReplicaSet",
                    vec![
                        json!({"kind": "ReplicaSet", "spec": {"replicas": 1},
                        "metadata": {"name": "web-1", "uid": "r", "ownerReferences": owner("d")}}),
                        json!({"kind": "ReplicaSet", "spec": {"replicas": 0},
                        "metadata": {"name": "web-0", "uid": "o", "ownerReferences": owner("d")}}),
                    ],
                ),
                listing(
                    "Pod",
                    vec![
                        json!({"metadata": {"name": "web-1-a", "ownerReferences": owner("r")}}),
                        json!({"metadata": {"name": "alone"}}),
                    ],
                ),
            ],
        };
        let (workloads, pods) = forest(&material);
        assert_eq!((workloads.len(), pods.len()), (1, 1));
        assert_eq!(workloads[0].owners.len(), 1);
        assert_eq!(workloads[0].owners[0].pods[0].name, "web-1-a");
        assert_eq!(workloads[0].detail, "1/1 available");
        assert_eq!(workloads[0].health, Health::Good);
    }
}
