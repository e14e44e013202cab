//! The cluster as its commits tell it: what there is, what there was a moment ago, and who was
//! disturbed.
//!
//! Loops act on caches that may lag a little, above all when their watches have just been cut. So
//! a rule is broken only by an act that no state of the last second allows.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pocketkube::api::ObjectRef;
use pocketkube::storage::ChangeKind;
use serde_json::Value;

use super::objects::{
    app, controller, has_condition, is_active, is_ready, is_terminating, name, phase, uid,
};

/// How far behind the cluster a loop may be.
pub const LAG: Duration = Duration::from_secs(1);

/// One commit, in the order of revisions.
pub struct Commit {
    pub revision: u64,
    pub at: Timestamp,
    /// The plural name of the resource.
    pub resource: &'static str,
    pub kind: ChangeKind,
    pub object: ObjectRef,
    pub previous: Option<ObjectRef>,
    pub actor: Arc<str>,
}

impl Commit {
    pub fn object(&self) -> &Value {
        self.object.value()
    }

    pub fn previous(&self) -> Option<&Value> {
        self.previous.as_ref().map(|object| object.value())
    }

    /// Whether a controller of this name, or a component, made it.
    pub fn is_by(&self, actor: &str) -> bool {
        self.actor.rsplit(':').next() == Some(actor)
    }

    pub fn is_creation(&self) -> bool {
        self.kind == ChangeKind::Created
    }

    pub fn is_deletion(&self) -> bool {
        self.kind == ChangeKind::Deleted
    }

    /// Whether this is the moment from which the object is on its way out.
    pub fn begins_end(&self) -> bool {
        let Some(previous) = self.previous() else {
            return false;
        };
        !is_terminating(previous) && (self.is_deletion() || is_terminating(self.object()))
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object();
        let what = match self.kind {
            ChangeKind::Created => "creates",
            ChangeKind::Updated => "updates",
            ChangeKind::Deleted => "deletes",
        };
        let actor = self.actor.rsplit(':').next().unwrap_or_default();
        write!(
            f,
            "{} {actor} {what} {} {}",
            self.at,
            self.resource,
            name(object)
        )?;
        match self.resource {
            "pods" => write!(
                f,
                " {} ready={} on {:?}{}",
                phase(object),
                is_ready(object),
                object["spec"]["nodeName"].as_str().unwrap_or_default(),
                if is_terminating(object) {
                    " terminating"
                } else {
                    ""
                }
            ),
            _ => write!(
                f,
                " replicas={} status={}",
                object["spec"]["replicas"],
                without_conditions(&object["status"])
            ),
        }
    }
}

fn without_conditions(status: &Value) -> Value {
    let mut status = status.clone();
    if let Some(fields) = status.as_object_mut() {
        fields.retain(|key, _| !matches!(key.as_str(), "conditions" | "images" | "nodeInfo"));
    }
    status
}

/// Everything that was committed so far.
#[derive(Default)]
pub struct State {
    objects: BTreeMap<(&'static str, String, String), ObjectRef>,
    /// Former versions by uid, and until when each was in force.
    former: HashMap<String, VecDeque<(Timestamp, ObjectRef)>>,
    /// When a workload's Pods were last interfered with, in any way and otherwise than by eviction.
    disturbed: HashMap<String, Timestamp>,
    broken: HashMap<String, Timestamp>,
    /// When the loops last lost their watches.
    blinded: Option<Timestamp>,
    pub now: Timestamp,
}

impl State {
    pub fn apply(&mut self, commit: &Commit) {
        self.now = commit.at;
        let object = commit.object();
        let key = (
            commit.resource,
            commit.object.namespace().to_owned(),
            commit.object.name().to_owned(),
        );
        if let Some(previous) = &commit.previous {
            let former = self.former.entry(uid(object).to_owned()).or_default();
            former.push_back((commit.at, previous.clone()));
            while former
                .front()
                .is_some_and(|(until, _)| is_past(*until, commit.at))
            {
                former.pop_front();
            }
        }
        if commit.is_deletion() {
            self.objects.remove(&key);
        } else {
            self.objects.insert(key, commit.object.clone());
        }
        if is_disturbance(commit) {
            let app = app(commit.previous().unwrap_or(object)).to_owned();
            if !is_eviction(commit) {
                self.broken.insert(app.clone(), self.now);
            }
            self.disturbed.insert(app, self.now);
        }
    }

    /// Notes that the loops have to list anew before they see anything.
    pub fn blind(&mut self, now: Timestamp) {
        self.blinded = Some(now);
    }

    /// Whether the loops see the Pods of a workload as they are, evictions apart.
    pub fn is_seen(&self, app: &str) -> bool {
        let last = self.broken.get(app).into_iter().chain(&self.blinded).max();
        last.is_none_or(|last| is_past(*last, self.now))
    }

    /// Whether nobody has interfered with the Pods of a workload lately.
    pub fn is_calm(&self, app: &str) -> bool {
        let last = self.disturbed.get(app);
        last.is_none_or(|last| is_past(*last, self.now))
    }

    pub fn all(&self, resource: &'static str) -> impl Iterator<Item = &Value> {
        let from = (resource, String::new(), String::new());
        let range = self.objects.range(from..);
        let range = range.take_while(move |((own, _, _), _)| *own == resource);
        range.map(|(_, object)| object.value())
    }

    pub fn get(&self, resource: &'static str, namespace: &str, name: &str) -> Option<&Value> {
        let key = (resource, namespace.to_owned(), name.to_owned());
        self.objects.get(&key).map(|object| object.value())
    }

    pub fn by_uid(&self, resource: &'static str, wanted: &str) -> Option<&Value> {
        self.all(resource).find(|object| uid(object) == wanted)
    }

    pub fn controlled_by<'a>(
        &'a self,
        resource: &'static str,
        owner: &'a str,
    ) -> impl Iterator<Item = &'a Value> {
        self.all(resource)
            .filter(move |object| controller(object) == owner)
    }

    /// How an object is, and how it was at any time of the last second.
    pub fn lately<'a>(&'a self, object: &'a Value) -> impl Iterator<Item = &'a Value> {
        let former = self.former.get(uid(object)).into_iter().flatten();
        let former = former.filter(|(until, _)| !is_past(*until, self.now));
        former.map(|(_, former)| former.value()).chain([object])
    }

    /// Whether a field of an object has been the same for the last second.
    pub fn is_steady(&self, object: &Value, pointer: &str) -> bool {
        let now = object.pointer(pointer);
        self.lately(object)
            .all(|former| former.pointer(pointer) == now)
    }

    /// Forgets what belongs to nobody any more.
    pub fn tidy(&mut self) {
        self.former.clear();
        self.disturbed.clear();
        self.broken.clear();
    }
}

fn is_past(moment: Timestamp, now: Timestamp) -> bool {
    now.duration_since(moment) > jiff::SignedDuration::try_from(LAG).unwrap()
}

/// Whether a user asked, through the API for evictions, for the Pod to go.
pub fn is_eviction(commit: &Commit) -> bool {
    let object = commit.object();
    commit.resource == "pods"
        && commit.begins_end()
        && commit.is_by("kubernetes-admin")
        && has_condition(object, "DisruptionTarget")
}

/// Whether a Pod was taken from its workload by somebody other than the workload's controller.
fn is_disturbance(commit: &Commit) -> bool {
    const OWNERS: [&str; 5] = [
        "replicaset-controller",
        "replication-controller",
        "statefulset-controller",
        "daemon-set-controller",
        "job-controller",
    ];
    let (Some(before), after) = (commit.previous(), commit.object()) else {
        return false;
    };
    if commit.resource != "pods" || OWNERS.iter().any(|owner| commit.is_by(owner)) {
        return false;
    }
    let lost_readiness = is_active(before) && is_ready(before) && !is_ready(after);
    let lost = is_active(before) && (commit.is_deletion() || !is_active(after));
    let moved = controller(before) != controller(after) || app(before) != app(after);
    lost_readiness || lost || moved
}
