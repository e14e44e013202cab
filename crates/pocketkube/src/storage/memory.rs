//! Objects in memory.

mod rewind;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::RwLock;
use serde_json::Value;

use super::Key;
use super::durable::{Durable, DurableError, Entry, Journal};
use super::watch_log::{Change, ChangeKind, Gone, WatchLog, Watcher};
use crate::api::{GroupResource, Object, ObjectRef, meta};
use crate::cause::Causes;
use crate::tasks::Tasks;

pub use rewind::{Return, RewindError, Rewinding, Whole};

/// Who made a commit and why, for the chain of cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The user name of the writer.
    pub actor: Arc<str>,
    /// When, in cluster time.
    pub at: Timestamp,
    /// The commits that made the writer act; none where somebody outside of the cluster did.
    pub causes: Causes,
    /// What the writer ran, where they said so.
    pub command: Option<Arc<Command>>,
}

/// What somebody ran who then wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// `kubectl apply`, or the name of a program.
    pub name: String,
    /// One and the same for all writes of one run of kubectl; empty for other programs.
    pub session: String,
}

/// Why a commit was refused. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    #[error("the object exists")]
    Exists,
    #[error("the object does not exist")]
    NotFound,
    /// The object is no longer at the revision that the writer read.
    #[error("the object is at revision {actual}")]
    Conflict { actual: u64 },
}

/// Some objects of a resource as they were at one revision.
#[derive(Clone, Debug)]
pub struct ListPage {
    pub items: Vec<ObjectRef>,
    pub revision: u64,
}

/// Namespace and name.
type Place = (String, String);

/// The objects and history of the whole cluster; clones share it.
#[derive(Clone)]
pub struct Storage {
    state: Arc<RwLock<State>>,
    log_capacity: usize,
    journal: Option<Journal>,
}

struct State {
    revision: u64,
    /// What happened up to this revision is not remembered.
    forgotten: u64,
    /// The revision at which this process took over.
    loaded: u64,
    tables: HashMap<Arc<GroupResource>, Table>,
}

struct Table {
    objects: BTreeMap<Place, ObjectRef>,
    log: Arc<WatchLog>,
}

impl Storage {
    /// Changes that the watch log keeps a resource.
    pub const DEFAULT_LOG_CAPACITY: usize = 4096;

    pub fn new(log_capacity: usize) -> Self {
        Self {
            state: Arc::new(RwLock::new(State {
                // Revision 0 means "any" in requests, and whatever clients remember as 1 was of
                // another cluster.
                revision: 2,
                forgotten: 2,
                loaded: 2,
                tables: HashMap::new(),
            })),
            log_capacity,
            journal: None,
        }
    }

    /// Storage that begins with what the file at `path` holds, and follows it. The last commits
    /// are written when `tasks` are shut down. The watch log begins anew.
    pub fn open(path: &Path, log_capacity: usize, tasks: &Tasks) -> Result<Self, DurableError> {
        let durable = Durable::open(path)?;
        let saved = durable.load()?;
        let storage = Self::new(log_capacity);
        {
            let mut state = storage.state.write();
            state.revision = state.revision.max(saved.revision);
            state.forgotten = state.revision;
            state.loaded = state.revision;
            for (key, value) in saved.objects {
                let table = state.table(&key.resource, log_capacity);
                table
                    .objects
                    .insert((key.namespace, key.name), Object::stored(value));
            }
        }
        Ok(Self {
            journal: Some(durable.follow(tasks)),
            ..storage
        })
    }

    /// Hands a commit to the disk; called under the lock, so that the disk sees the same order.
    fn record(&self, key: &Key, object: Option<&ObjectRef>, revision: u64) {
        if let Some(journal) = &self.journal {
            // A writer that failed has said so; the cluster goes on in memory.
            let _ = journal.send(Entry {
                key: key.clone(),
                object: object.cloned(),
                revision,
            });
        }
    }

    /// The revision of the newest commit.
    pub fn revision(&self) -> u64 {
        self.state.read().revision
    }

    pub fn get(&self, key: &Key) -> Option<ObjectRef> {
        let state = self.state.read();
        let place = (key.namespace.clone(), key.name.clone());
        state
            .tables
            .get(&key.resource)?
            .objects
            .get(&place)
            .cloned()
    }

    /// Every object of a resource, or of one namespace, in order of namespace and name.
    pub fn list(&self, resource: &GroupResource, namespace: &str) -> ListPage {
        let state = self.state.read();
        let items = match state.tables.get(resource) {
            Some(table) => table.range(namespace).cloned().collect(),
            None => Vec::new(),
        };
        ListPage {
            items,
            revision: state.revision,
        }
    }

    /// Like [`Storage::list`], as it was at an earlier revision. Fails where the log no longer
    /// reaches back that far.
    pub fn list_at(
        &self,
        resource: &GroupResource,
        namespace: &str,
        revision: u64,
    ) -> Result<ListPage, Gone> {
        let state = self.state.read();
        state.remembers(revision)?;
        let Some(table) = state.tables.get(resource) else {
            return Ok(ListPage {
                items: Vec::new(),
                revision,
            });
        };
        let mut objects: BTreeMap<Place, ObjectRef> = table
            .range(namespace)
            .map(|object| (place_of(object), object.clone()))
            .collect();
        for change in table.log.after(revision, usize::MAX)?.iter().rev() {
            if !namespace.is_empty() && change.object.namespace() != namespace {
                continue;
            }
            let place = place_of(&change.object);
            match &change.previous {
                Some(previous) => objects.insert(place, previous.clone()),
                None => objects.remove(&place),
            };
        }
        Ok(ListPage {
            items: objects.into_values().collect(),
            revision,
        })
    }

    /// The number of objects of a resource in all namespaces.
    pub fn count(&self, resource: &GroupResource) -> usize {
        let state = self.state.read();
        state
            .tables
            .get(resource)
            .map_or(0, |table| table.objects.len())
    }

    /// Resources that hold at least one object, or once did.
    pub fn resources(&self) -> Vec<Arc<GroupResource>> {
        self.state.read().tables.keys().cloned().collect()
    }

    /// Stores a new object and returns it with its revision.
    pub fn create(
        &self,
        key: &Key,
        value: Value,
        origin: Origin,
    ) -> Result<ObjectRef, CommitError> {
        let mut state = self.state.write();
        let revision = state.revision + 1;
        let table = state.table(&key.resource, self.log_capacity);
        let place = (key.namespace.clone(), key.name.clone());
        if table.objects.contains_key(&place) {
            return Err(CommitError::Exists);
        }
        let object = at_revision(value, revision);
        table.objects.insert(place, object.clone());
        table.log.append(Change {
            revision,
            kind: ChangeKind::Created,
            object: object.clone(),
            previous: None,
            origin,
        });
        self.record(key, Some(&object), revision);
        state.revision = revision;
        Ok(object)
    }

    /// Replaces an object that is still at the revision `expected`.
    pub fn update(
        &self,
        key: &Key,
        expected: u64,
        value: Value,
        origin: Origin,
    ) -> Result<ObjectRef, CommitError> {
        let mut state = self.state.write();
        let revision = state.revision + 1;
        let table = state.table(&key.resource, self.log_capacity);
        let place = (key.namespace.clone(), key.name.clone());
        let previous = table.at(&place, expected)?;
        let object = at_revision(value, revision);
        table.objects.insert(place, object.clone());
        table.log.append(Change {
            revision,
            kind: ChangeKind::Updated,
            object: object.clone(),
            previous: Some(previous),
            origin,
        });
        self.record(key, Some(&object), revision);
        state.revision = revision;
        Ok(object)
    }

    /// Removes an object that is still at the revision `expected`, and returns `last`, its final
    /// state, at the revision of the removal.
    pub fn delete(
        &self,
        key: &Key,
        expected: u64,
        last: Value,
        origin: Origin,
    ) -> Result<ObjectRef, CommitError> {
        let mut state = self.state.write();
        let revision = state.revision + 1;
        let table = state.table(&key.resource, self.log_capacity);
        let place = (key.namespace.clone(), key.name.clone());
        let previous = table.at(&place, expected)?;
        let object = at_revision(last, revision);
        table.objects.remove(&place);
        table.log.append(Change {
            revision,
            kind: ChangeKind::Deleted,
            object: object.clone(),
            previous: Some(previous),
            origin,
        });
        self.record(key, None, revision);
        state.revision = revision;
        Ok(object)
    }

    /// Every change that is remembered, resource by resource, the oldest first in each.
    pub fn history(&self) -> Vec<(Arc<GroupResource>, Vec<Change>)> {
        let logs: Vec<_> = {
            let state = self.state.read();
            let tables = state.tables.iter();
            tables
                .map(|(resource, table)| (resource.clone(), table.log.clone()))
                .collect()
        };
        let logs = logs.into_iter();
        logs.map(|(resource, log)| (resource, log.history()))
            .collect()
    }

    /// Follows a resource from after `revision`. Fails where the log no longer reaches back.
    pub fn watch(&self, resource: &Arc<GroupResource>, revision: u64) -> Result<Watcher, Gone> {
        let log = {
            let mut state = self.state.write();
            state.remembers(revision)?;
            state.table(resource, self.log_capacity).log.clone()
        };
        log.after(revision, 0)?;
        Ok(Watcher::new(log, revision))
    }

    /// Forgets what happened until now, as etcd does when it is compacted: whoever asks for an
    /// earlier revision learns that it is gone. Watchers that are under way go on.
    pub fn forget(&self) {
        let mut state = self.state.write();
        state.forgotten = state.revision;
    }

    /// Forgets what happened until now and ends every watch that is under way, as a cache of
    /// watches does that starts anew: whoever follows has to list again.
    pub fn expire_watches(&self) {
        let mut state = self.state.write();
        // A revision of its own, so that whoever lists now is not among those that end.
        state.revision += 1;
        let revision = state.revision;
        state.forgotten = revision;
        for table in state.tables.values() {
            table.log.expire(revision);
        }
    }

    /// The objects of a resource together with a watcher that misses nothing after them.
    pub fn list_and_watch(
        &self,
        resource: &Arc<GroupResource>,
        namespace: &str,
    ) -> (ListPage, Watcher) {
        let mut state = self.state.write();
        let revision = state.revision;
        let table = state.table(resource, self.log_capacity);
        let items = table.range(namespace).cloned().collect();
        let watcher = Watcher::new(table.log.clone(), revision);
        (ListPage { items, revision }, watcher)
    }
}

impl State {
    fn remembers(&self, revision: u64) -> Result<(), Gone> {
        if revision < self.forgotten {
            return Err(Gone {
                requested: revision,
                oldest: self.forgotten,
            });
        }
        Ok(())
    }

    fn table(&mut self, resource: &Arc<GroupResource>, log_capacity: usize) -> &mut Table {
        let (forgotten, loaded) = (self.forgotten, self.loaded);
        self.tables
            .entry(resource.clone())
            .or_insert_with(|| Table {
                objects: BTreeMap::new(),
                log: WatchLog::new(log_capacity, forgotten, loaded),
            })
    }
}

impl Table {
    /// Objects of one namespace, or all where it is empty.
    fn range<'a>(&'a self, namespace: &str) -> Box<dyn Iterator<Item = &'a ObjectRef> + 'a> {
        if namespace.is_empty() {
            return Box::new(self.objects.values());
        }
        let namespace = namespace.to_owned();
        let from = Bound::Included((namespace.clone(), String::new()));
        let range = self.objects.range((from, Bound::Unbounded));
        Box::new(
            range
                .take_while(move |((ns, _), _)| *ns == namespace)
                .map(|(_, object)| object),
        )
    }

    fn at(&self, place: &Place, expected: u64) -> Result<ObjectRef, CommitError> {
        let object = self.objects.get(place).ok_or(CommitError::NotFound)?;
        match object.resource_version() {
            actual if actual == expected => Ok(object.clone()),
            actual => Err(CommitError::Conflict { actual }),
        }
    }
}

fn place_of(object: &ObjectRef) -> Place {
    (object.namespace().to_owned(), object.name().to_owned())
}

fn at_revision(mut value: Value, revision: u64) -> ObjectRef {
    meta::set_text(&mut value, "resourceVersion", &revision.to_string());
    Object::stored(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config_maps() -> Arc<GroupResource> {
        Arc::new(GroupResource::new("", "configmaps"))
    }

    fn object(name: &str, data: &str) -> Value {
        json!({"metadata": {"namespace": "default", "name": name}, "data": {"k": data}})
    }

    fn storage_with(names: &[&str]) -> (Storage, Arc<GroupResource>) {
        let storage = Storage::new(8);
        let resource = config_maps();
        for name in names {
            let key = Key::new(&resource, "default", name);
            storage
                .create(&key, object(name, "1"), Origin::default())
                .expect("the name is free");
        }
        (storage, resource)
    }

    #[test]
    fn a_commit_counts_one_global_revision_up() {
        let (storage, resource) = storage_with(&["a", "b"]);
        assert_eq!(storage.revision(), 4);
        let found = storage
            .get(&Key::new(&resource, "default", "b"))
            .expect("b exists");
        assert_eq!(found.resource_version(), 4);
    }

    #[test]
    fn a_writer_that_read_an_old_revision_is_refused() {
        let (storage, resource) = storage_with(&["a"]);
        let key = Key::new(&resource, "default", "a");
        storage
            .update(&key, 3, object("a", "2"), Origin::default())
            .expect("the revision is current");
        let late = storage.update(&key, 3, object("a", "3"), Origin::default());
        assert_eq!(late.unwrap_err(), CommitError::Conflict { actual: 4 });
    }

    #[tokio::test]
    async fn watches_that_expire_end_and_new_ones_see_what_comes() {
        let (storage, resource) = storage_with(&["a"]);
        let (_, mut before) = storage.list_and_watch(&resource, "");
        storage.expire_watches();
        assert!(before.next().await.is_err());
        let (page, mut after) = storage.list_and_watch(&resource, "");
        assert_eq!(page.items.len(), 1);
        let key = Key::new(&resource, "default", "b");
        let created = storage.create(&key, object("b", "1"), Origin::default());
        created.expect("the name is free");
        let changes = after.next().await.expect("the watch goes on");
        assert_eq!(changes[0].object.name(), "b");
    }

    #[test]
    fn a_list_at_an_earlier_revision_shows_what_was_there() {
        let (storage, resource) = storage_with(&["a", "b"]);
        let then = storage.revision();
        let a = Key::new(&resource, "default", "a");
        storage
            .delete(&a, 3, object("a", "1"), Origin::default())
            .expect("a is deleted");
        let c = Key::new(&resource, "default", "c");
        storage
            .create(&c, object("c", "1"), Origin::default())
            .expect("c is free");
        let page = storage
            .list_at(&resource, "default", then)
            .expect("the log reaches back");
        let names: Vec<_> = page
            .items
            .iter()
            .map(|item| item.name().to_owned())
            .collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[tokio::test]
    async fn a_watcher_sees_every_change_once_and_in_order() {
        let (storage, resource) = storage_with(&["a"]);
        let (page, mut watcher) = storage.list_and_watch(&resource, "");
        assert_eq!(page.items.len(), 1);
        let key = Key::new(&resource, "default", "a");
        for expected in 3..6 {
            storage
                .update(&key, expected, object("a", "x"), Origin::default())
                .expect("the revision is current");
        }
        let batch = watcher.next().await.expect("the log reaches back");
        let revisions: Vec<_> = batch.iter().map(|change| change.revision).collect();
        assert_eq!(revisions, [4, 5, 6]);
    }

    #[tokio::test]
    async fn a_watcher_that_fell_behind_learns_that_its_revision_is_gone() {
        let (storage, resource) = storage_with(&["a"]);
        let (_, mut watcher) = storage.list_and_watch(&resource, "");
        let key = Key::new(&resource, "default", "a");
        for expected in 3..21 {
            storage
                .update(&key, expected, object("a", "x"), Origin::default())
                .expect("the revision is current");
        }
        assert!(watcher.next().await.is_err());
    }

    #[tokio::test]
    async fn what_was_forgotten_is_gone_and_watchers_under_way_go_on() {
        let (storage, resource) = storage_with(&["a", "b"]);
        let then = storage.revision() - 1;
        let mut watcher = storage.watch(&resource, then).expect("nothing is gone");
        storage.forget();
        assert!(storage.watch(&resource, then).is_err());
        assert!(storage.list_at(&resource, "", then).is_err());
        assert!(storage.watch(&resource, storage.revision()).is_ok());
        let batch = watcher.next().await.expect("it was there before");
        assert_eq!(batch.len(), 1);
    }
}
