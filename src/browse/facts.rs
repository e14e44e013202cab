//! What is known about an object and its surroundings at one moment; reasons and descriptions
//! are pure functions of it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;
use serde_json::Value;

use super::why::Complaint;
use super::{Tools, logs};
use crate::sandbox::{Reference, Resource, Watched, words_of};

/// Kinds of the object's own namespace that are looked at.
const BESIDE: [&str; 12] = [
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "Service",
    "EndpointSlice",
    "PodDisruptionBudget",
    "ResourceQuota",
    "PersistentVolumeClaim",
    "RoleBinding",
    "Role",
];

/// Kinds of the whole cluster that are looked at.
const EVERYWHERE: [&str; 7] = [
    "Pod",
    "Node",
    "Namespace",
    "PersistentVolume",
    "StorageClass",
    "ClusterRoleBinding",
    "ClusterRole",
];

/// Lines of a container that died which are looked at.
const LAST_LINES: i64 = 10;

/// What is known.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub of: Reference,
    /// As the cluster has it; null where it is not there.
    pub object: Value,
    /// Events about it, newest last.
    pub events: Vec<Value>,
    /// Other objects, by kind.
    pub lists: HashMap<String, Vec<Arc<Value>>>,
    /// The cluster's time.
    pub now: Timestamp,
    /// What its containers said last, by container.
    pub said: Vec<(String, Vec<String>)>,
    /// What a review said of the access that was refused.
    pub reviewed: Option<(Complaint, bool)>,
}

impl Facts {
    /// Reads everything; lists come from watches that are kept, so this is quick.
    ///
    /// # Errors
    /// The object cannot be read; says why in the cluster's words.
    pub async fn gather(tools: &Tools, of: &Reference) -> Result<Self, String> {
        let client = tools.observer.client();
        let api = of.api(client).await.map_err(|error| words_of(&error))?;
        let object = api
            .get_opt(&of.name)
            .await
            .map_err(|error| words_of(&error))?;
        let mut object = serde_json::to_value(object).unwrap_or_default();
        if object.is_object() {
            object["kind"] = of.kind.clone().into();
            object["apiVersion"] = of.api_version.clone().into();
        }
        let mut facts = Self {
            of: of.clone(),
            object,
            now: tools.clock.now(),
            ..Self::default()
        };
        facts.read_lists(tools).await;
        facts.read_events(tools).await;
        facts.read_logs(tools).await;
        facts.review(tools).await;
        Ok(facts)
    }

    /// What changes whenever the facts may.
    pub fn watched(of: &Reference) -> Vec<Watched> {
        let namespace = of.namespace.clone();
        let in_namespace = |kind: &&str| {
            Some(Watched {
                resource: Resource::known(kind, None)?,
                namespace: Some(namespace.clone()?),
            })
        };
        let everywhere = |kind: &&str| {
            Some(Watched {
                resource: Resource::known(kind, None)?,
                namespace: None,
            })
        };
        let own = [of.kind.as_str(), "Event"];
        let mut watched: Vec<Watched> = own.iter().filter_map(in_namespace).collect();
        watched.extend(BESIDE.iter().filter_map(in_namespace));
        watched.extend(EVERYWHERE.iter().filter_map(everywhere));
        watched
    }

    async fn read_lists(&mut self, tools: &Tools) {
        let kinds = Self::watched(&self.of).into_iter();
        let reads = kinds.map(|watched| async move {
            let kind = watched.resource.api.kind.clone();
            let listing = tools.observer.list(&watched).await.unwrap_or_default();
            (kind, listing.iter().cloned().collect::<Vec<_>>())
        });
        self.lists = futures::future::join_all(reads).await.into_iter().collect();
    }

    async fn read_events(&mut self, tools: &Tools) {
        let Some(resource) = Resource::known("Event", None) else {
            return;
        };
        let namespace = self.of.namespace.clone();
        let watched = Watched {
            resource,
            namespace: Some(namespace.unwrap_or_else(|| "default".to_owned())),
        };
        let listing = tools.observer.list(&watched).await.unwrap_or_default();
        let is_about = |event: &&Arc<Value>| {
            event.pointer("/involvedObject/name") == Some(&self.of.name.as_str().into())
                && event.pointer("/involvedObject/kind") == Some(&self.of.kind.as_str().into())
        };
        let mut events: Vec<Value> = listing
            .iter()
            .filter(is_about)
            .map(|event| Value::clone(event))
            .collect();
        events.sort_by_key(|event| crate::sandbox::picture::event_view(event).at);
        self.events = events;
    }

    /// The last words of containers that do not do as they should.
    async fn read_logs(&mut self, tools: &Tools) {
        if self.of.kind != "Pod" {
            return;
        }
        let troubled: Vec<(String, bool)> = self
            .container_statuses()
            .into_iter()
            .filter(|status| status["ready"] != true)
            .map(|status| {
                let has_ended = status.pointer("/lastState/terminated").is_some();
                let waits = status.pointer("/state/waiting").is_some();
                (text(status, "/name"), waits && has_ended)
            })
            .collect();
        for (name, previous) in troubled {
            let lines = logs::tail(tools, &self.of, &name, previous, LAST_LINES).await;
            self.said.push((name, lines));
        }
    }

    /// Asks the cluster about an access that somebody was refused.
    async fn review(&mut self, tools: &Tools) {
        let Some(complaint) = Complaint::find(self) else {
            return;
        };
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(complaint.user.clone()),
                groups: Some(complaint.groups()),
                resource_attributes: Some(ResourceAttributes {
                    verb: Some(complaint.verb.clone()),
                    group: Some(complaint.group.clone()),
                    resource: Some(complaint.resource.clone()),
                    subresource: complaint.subresource.clone(),
                    namespace: complaint.namespace.clone(),
                    ..ResourceAttributes::default()
                }),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let api: Api<SubjectAccessReview> = Api::all(tools.observer.client().clone());
        if let Ok(answer) = api.create(&PostParams::default(), &review).await {
            let allowed = answer.status.is_some_and(|status| status.allowed);
            self.reviewed = Some((complaint, allowed));
        }
    }

    /// Objects of a kind, of the object's namespace where the kind has namespaces.
    pub fn all(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.lists
            .get(kind)
            .into_iter()
            .flatten()
            .map(AsRef::as_ref)
    }

    /// The Pods beside it.
    pub fn pods(&self) -> impl Iterator<Item = &Value> {
        let namespace = self.of.namespace().to_owned();
        self.all("Pod")
            .filter(move |pod| text(pod, "/metadata/namespace") == namespace)
    }

    /// Statuses of init containers first, then of the others.
    pub fn container_statuses(&self) -> Vec<&Value> {
        statuses(&self.object)
    }

    /// Seconds since a moment that the cluster wrote.
    pub fn seconds_since(&self, moment: &str) -> Option<i64> {
        let moment: Timestamp = moment.parse().ok()?;
        Some(self.now.as_second() - moment.as_second())
    }

    /// The newest event of a reason, with its message.
    pub fn event(&self, reason: &str) -> Option<&Value> {
        self.events
            .iter()
            .rev()
            .find(|event| event["reason"] == reason)
    }
}

/// Statuses of a Pod's init containers first, then of the others.
pub fn statuses(pod: &Value) -> Vec<&Value> {
    let pointers = ["/status/initContainerStatuses", "/status/containerStatuses"];
    pointers
        .iter()
        .flat_map(|pointer| list(pod, pointer))
        .collect()
}

pub fn text(object: &Value, pointer: &str) -> String {
    let text = object.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

pub fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    let list = object.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// The condition of a type.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let mut conditions = list(object, "/status/conditions").iter();
    conditions.find(|condition| condition["type"] == kind)
}

/// `40 s`, `6 min`, `3 h`.
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{} s", seconds.max(0)),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

impl Facts {
    /// The workload at the top of the chain of controllers, where there is one.
    pub fn top_owner(&self) -> Option<&Value> {
        let mut top = None;
        let mut below = &self.object;
        // No chain of controllers is longer.
        for _ in 0..4 {
            let mut owners = list(below, "/metadata/ownerReferences").iter();
            let Some(owner) = owners.find(|owner| owner["controller"] == true) else {
                break;
            };
            let uid = text(owner, "/uid");
            let mut known = self.all(owner["kind"].as_str().unwrap_or_default());
            let Some(found) = known.find(|it| text(it, "/metadata/uid") == uid) else {
                break;
            };
            top = Some(found);
            below = found;
        }
        top
    }

    /// The uids of the object and of the ReplicaSets that it controls.
    pub fn family(&self) -> Vec<String> {
        let own = text(&self.object, "/metadata/uid");
        let below = self.all("ReplicaSet").filter(|it| {
            let mut owners = list(it, "/metadata/ownerReferences").iter();
            owners.any(|owner| owner["uid"] == own.as_str())
        });
        let below = below.map(|it| text(it, "/metadata/uid"));
        below.chain([own.clone()]).collect()
    }
}
