//! The chain of cause: who committed what, because of which commit.
//!
//! Read off the logs of changes, which are bounded and do not outlive a restart; nothing is kept
//! beside them. What only keeps books (a count in a status, a lease) is not told, and what came of
//! it stands below its own cause.

mod actors;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::GroupResource;
use crate::registry::{Registry, ResourceDef};
use crate::storage::Change;

/// One commit, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    pub revision: u64,
    /// The revision of what it came of; none where a chain begins, or where memory ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<u64>,
    /// In cluster time.
    pub at: Timestamp,
    /// The user name of whoever did it.
    pub actor: String,
    /// The same in plain words: `Deployment controller`, `kubelet on kubekata-worker`.
    pub who: String,
    /// What they ran, where they said so: `kubectl apply`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// `created`, `changed`, `bound`, `reported`, `marked for deletion`, `deleted`.
    pub did: String,
    /// `deployment/web`; kinds that are not Kubernetes' own with their group.
    pub object: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// What changed, in few words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Traced>,
}

/// Why there is nothing to tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    #[error("the cluster has no kind {0}")]
    NoSuchKind(String),
    #[error("nothing is remembered of {object}{}", in_namespace(.namespace))]
    Unknown { object: String, namespace: String },
}

fn in_namespace(namespace: &str) -> String {
    match namespace {
        "" => String::new(),
        namespace => format!(" in namespace {namespace}"),
    }
}

/// The trees in which an object stands.
pub(crate) fn trace(
    registry: &Registry,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Result<Vec<Traced>, TraceError> {
    let row = find(registry, kind).ok_or_else(|| TraceError::NoSuchKind(kind.to_owned()))?;
    let namespace = if row.is_namespaced() { namespace } else { "" };
    let mut history = History::of(registry);
    let asked = history.of_object(&row.storage, namespace, name);
    if asked.is_empty() {
        return Err(TraceError::Unknown {
            object: format!("{}/{name}", row.singular),
            namespace: namespace.to_owned(),
        });
    }
    let related = history.related(asked);
    Ok(grow(history.told(&related)))
}

/// The last `limit` commits that are worth telling, the oldest first.
pub(crate) fn timeline(registry: &Registry, limit: usize) -> Vec<Traced> {
    let mut history = History::of(registry);
    let revisions: Vec<u64> = history.commits.keys().rev().copied().collect();
    let worth_it = revisions.into_iter();
    let mut last: Vec<Traced> = worth_it
        .filter_map(|revision| history.tell(revision))
        .take(limit)
        .collect();
    last.reverse();
    for one in &mut last {
        one.because = history.cause_told(one.revision);
    }
    last
}

/// The row that a kind, a plural or a short name means, with or without its group.
fn find(registry: &Registry, kind: &str) -> Option<Arc<ResourceDef>> {
    let kind = kind.to_lowercase();
    let is_meant = |row: &ResourceDef| {
        let names = row.short_names.iter().map(|name| &**name);
        let mut names = names.chain([&*row.plural, &*row.singular]);
        names.any(|name| {
            let rest = kind.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('.') == Some(&*row.group))
        })
    };
    let rows = registry.resources().all();
    rows.into_iter().find(|row| is_meant(row))
}

/// Resources whose changes make nobody act.
const IGNORED: [&str; 2] = ["events", "leases"];

/// A commit that is remembered.
struct Commit {
    change: Change,
    resource: Arc<GroupResource>,
    kind: Arc<str>,
}

/// Everything that is remembered, in order.
struct History {
    commits: BTreeMap<u64, Commit>,
    /// What was told already: comparing two states of an object takes a while.
    told: HashMap<u64, Option<Traced>>,
    rows: Vec<Arc<ResourceDef>>,
}

impl History {
    fn of(registry: &Registry) -> Self {
        let rows = registry.resources().all();
        let mut commits = BTreeMap::new();
        for (resource, changes) in registry.storage().history() {
            if IGNORED.contains(&resource.resource.as_str()) {
                continue;
            }
            let row = rows.iter().find(|row| row.storage == resource);
            let kind: Arc<str> = match row {
                Some(row) if is_foreign(&row.group) => {
                    format!("{}.{}", row.singular, row.group).into()
                }
                Some(row) => row.singular.as_ref().into(),
                None => resource.resource.as_str().into(),
            };
            commits.extend(changes.into_iter().map(|change| {
                let commit = Commit {
                    resource: resource.clone(),
                    kind: kind.clone(),
                    change,
                };
                (commit.change.revision, commit)
            }));
        }
        Self {
            commits,
            told: HashMap::new(),
            rows,
        }
    }

    fn of_object(&self, resource: &GroupResource, namespace: &str, name: &str) -> BTreeSet<u64> {
        let own = self.commits.iter().filter(|(_, commit)| {
            let object = &commit.change.object;
            *commit.resource == *resource
                && object.name() == name
                && object.namespace() == namespace
        });
        own.map(|(revision, _)| *revision).collect()
    }

    /// The way to what is asked about, and everything that came of it.
    fn related(&mut self, asked: BTreeSet<u64>) -> BTreeSet<u64> {
        let mut way = BTreeSet::new();
        for revision in &asked {
            let mut next = self.cause(*revision);
            while let Some(cause) = next.filter(|cause| way.insert(*cause)) {
                next = self.cause(cause);
            }
        }
        let mut related = asked;
        if let Some(first) = related.first().copied() {
            let later: Vec<u64> = self.commits.range(first..).map(|(own, _)| *own).collect();
            for revision in later {
                if self
                    .cause(revision)
                    .is_some_and(|cause| related.contains(&cause))
                {
                    related.insert(revision);
                }
            }
        }
        related.append(&mut way);
        related
    }

    /// Those that are worth telling, each with what it came of.
    fn told(&mut self, revisions: &BTreeSet<u64>) -> BTreeMap<u64, Traced> {
        let mut told = BTreeMap::new();
        for revision in revisions {
            if let Some(mut one) = self.tell(*revision) {
                one.because = self.cause_told(*revision);
                told.insert(*revision, one);
            }
        }
        told
    }

    /// What a commit came of, as far as that is worth telling. Steps of one and the same (a kubelet
    /// that reports a Pod again and again) stand beside each other, not below.
    fn cause_told(&mut self, revision: u64) -> Option<u64> {
        let mut next = self.cause(revision);
        while let Some(cause) = next {
            if self.tell(cause).is_some() && !self.is_next_step(cause, revision) {
                return Some(cause);
            }
            next = self.cause(cause);
        }
        None
    }

    fn is_next_step(&self, earlier: u64, later: u64) -> bool {
        let (Some(earlier), Some(later)) = (self.commits.get(&earlier), self.commits.get(&later))
        else {
            return false;
        };
        earlier.change.origin.actor == later.change.origin.actor
            && earlier.resource == later.resource
            && earlier.change.object.uid() == later.change.object.uid()
    }

    /// The one cause of a commit: of several the newest that is worth telling.
    fn cause(&mut self, revision: u64) -> Option<u64> {
        let causes = self.commits.get(&revision)?.change.origin.causes;
        let known = causes.revisions();
        let known = known.filter(|cause| *cause < revision && self.commits.contains_key(cause));
        let known: Vec<u64> = known.collect();
        match known.as_slice() {
            [] => None,
            [only] => Some(*only),
            [newest, ..] => {
                let mut known = known.iter().copied();
                let told = known.find(|cause| self.tell(*cause).is_some());
                Some(told.unwrap_or(*newest))
            }
        }
    }

    fn tell(&mut self, revision: u64) -> Option<Traced> {
        if let Some(told) = self.told.get(&revision) {
            return told.clone();
        }
        let commit = self.commits.get(&revision)?;
        let told = words::tell(&commit.kind, &commit.change).map(|words| {
            let (object, origin) = (&commit.change.object, &commit.change.origin);
            Traced {
                revision,
                because: None,
                at: origin.at,
                actor: origin.actor.to_string(),
                who: actors::in_plain_words(&origin.actor, &self.rows),
                command: origin.command.as_ref().map(|command| command.name.clone()),
                did: words.did.to_owned(),
                object: format!("{}/{}", commit.kind, object.name()),
                namespace: object.namespace().to_owned(),
                what: words.what,
                then: Vec::new(),
            }
        });
        self.told.insert(revision, told.clone());
        told
    }
}

/// Whether a group is somebody's own.
fn is_foreign(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io")
}

/// Hangs everything below what it came of.
fn grow(mut told: BTreeMap<u64, Traced>) -> Vec<Traced> {
    let mut roots = Vec::new();
    // From the newest to the oldest each one is whole when it is put below its cause.
    while let Some((_, mut one)) = told.pop_last() {
        one.then.reverse();
        let above = one.because.and_then(|because| told.get_mut(&because));
        match above {
            Some(above) => above.then.push(one),
            None => roots.push(one),
        }
    }
    roots.reverse();
    roots
}
