//! Who owns whom: Deployments over ReplicaSets over Pods, custom resources over whatever they
//! made; and what stands alone.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::resource::short_name;
use super::super::view::{Health, ObjectView, OwnerView, PodView};
use super::{Material, condition, is_leaving, list, number, object, optional, pod, text};

const KINDS: [&str; 7] = [
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Job",
    "ReplicationController",
];

/// What stands in the namespaces, by who owns it.
#[derive(Default)]
pub(super) struct Forest {
    /// Workloads without a known owner, with what they own.
    pub workloads: Vec<OwnerView>,
    /// Pods without one.
    pub pods: Vec<PodView>,
    /// Whatever else is listed and has none.
    pub objects: Vec<ObjectView>,
}

pub(super) fn forest(material: &Material, namespaces: &[String]) -> Forest {
    let custom = material.custom();
    let workloads = KINDS.iter().flat_map(|kind| material.all(kind));
    let workloads: Vec<&Value> = custom.iter().copied().chain(workloads).collect();
    let known: HashSet<&str> = workloads.iter().map(|it| uid(it)).collect();
    let owner = |object| controller(object).filter(|uid| known.contains(uid));
    let mut owned = Owned::default();
    let mut forest = Forest::default();
    for object in material.every_pod() {
        if !namespaces.contains(&text(object, "/metadata/namespace")) {
            continue;
        }
        let pod = pod::pod(object);
        match owner(object) {
            Some(owner) => owned.pods.entry(owner).or_default().push(pod),
            None => forest.pods.push(pod),
        }
    }
    for (object, view) in object::listed(material) {
        match owner(object) {
            Some(owner) => owned.objects.entry(owner).or_default().push(view),
            None => forest.objects.push(view),
        }
    }
    let mut roots = Vec::new();
    for object in &workloads {
        match owner(object) {
            Some(owner) => owned.workloads.entry(owner).or_default().push(object),
            None => roots.push(*object),
        }
    }
    for root in roots {
        // A custom resource that made nothing is one more thing in the list.
        if custom.iter().any(|it| std::ptr::eq(*it, root)) && !owned.has_any(uid(root)) {
            forest.objects.push(object::custom(root));
        } else {
            forest.workloads.push(owned.view(root));
        }
    }
    forest
}

#[derive(Default)]
struct Owned<'a> {
    pods: HashMap<&'a str, Vec<PodView>>,
    objects: HashMap<&'a str, Vec<ObjectView>>,
    workloads: HashMap<&'a str, Vec<&'a Value>>,
}

impl Owned<'_> {
    fn has_any(&self, uid: &str) -> bool {
        self.pods.contains_key(uid)
            || self.objects.contains_key(uid)
            || self.workloads.contains_key(uid)
    }

    fn view(&self, object: &Value) -> OwnerView {
        let uid = uid(object);
        let kind = text(object, "/kind");
        let (ready, wanted) = replicas(object, &kind);
        let below = self.workloads.get(uid).into_iter().flatten();
        let mut owners: Vec<OwnerView> = below.map(|object| self.view(object)).collect();
        // Old ReplicaSets that hold nothing are history, not the present.
        owners.retain(|owner| {
            owner.kind != "ReplicaSet" || owner.wanted > 0 || !owner.pods.is_empty()
        });
        let is_known = super::Resource::known(&kind, None).is_some();
        let (health, detail) = if is_known {
            (
                health(object, &kind, ready, wanted),
                detail(object, &kind, ready, wanted),
            )
        } else {
            let custom = object::custom(object);
            (custom.health.unwrap_or(Health::Good), custom.detail)
        };
        OwnerView {
            short: short_name(&kind),
            namespace: text(object, "/metadata/namespace"),
            name: text(object, "/metadata/name"),
            ready,
            wanted,
            health,
            detail,
            owners,
            pods: self.pods.get(uid).cloned().unwrap_or_default(),
            objects: self.objects.get(uid).cloned().unwrap_or_default(),
            api_version: text(object, "/apiVersion"),
            kind,
        }
    }
}

fn uid(object: &Value) -> &str {
    let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
    uid.unwrap_or_default()
}

/// The uid of the controller that owns it.
fn controller(object: &Value) -> Option<&str> {
    list(object, "/metadata/ownerReferences")
        .iter()
        .find(|owner| owner["controller"] == true)
        .and_then(|owner| owner["uid"].as_str())
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
    if kind == "CronJob" {
        return cron(object);
    }
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

/// `*/5 * * * *, 1 active`.
fn cron(object: &Value) -> String {
    let mut detail = text(object, "/spec/schedule");
    if object.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
        detail.push_str(", suspended");
    }
    match list(object, "/status/active").len() {
        0 => {}
        active => detail.push_str(&format!(", {active} active")),
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
        let Forest {
            workloads, pods, ..
        } = forest(&material, &[String::new()]);
        assert_eq!((workloads.len(), pods.len()), (1, 1));
        assert_eq!(workloads[0].owners.len(), 1);
        assert_eq!(workloads[0].owners[0].pods[0].name, "web-1-a");
        assert_eq!(workloads[0].detail, "1/1 available");
        assert_eq!(workloads[0].health, Health::Good);
    }
}
