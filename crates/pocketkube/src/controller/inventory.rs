//! Every object of the cluster, by its metadata alone, for the controllers that work on all kinds.
//!
//! One watch per served resource, custom ones included as they come and go. It knows nothing of
//! what its readers do with it. Mirrors `pkg/controller/garbagecollector/graph_builder.go` and the
//! metadata informers (v1.35).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use parking_lot::{Mutex, RwLock};
use serde::Deserialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::api::{GroupResource, Object, ObjectRef};
use crate::cause::{self, Causes};
use crate::client::{Client, ResourceRef};
use crate::clock::Clock;
use crate::endpoints::{ListOptions, WatchEvent};
use crate::registry::{ResourceDef, ResourceTable, Verb};
use crate::tasks::Tasks;

/// How long a failed watch waits before it tries again.
const RETRY: Duration = Duration::from_secs(1);

/// What is known of one object.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) resource: Arc<ResourceDef>,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: Arc<str>,
    pub(super) owners: Vec<Owner>,
    pub(super) finalizers: Vec<String>,
    pub(super) is_terminating: bool,
}

/// Who an object belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: Arc<str>,
    /// Whether the owner may not go before this object, when it is deleted in the foreground.
    pub(super) blocks: bool,
}

impl Item {
    fn new(resource: &Arc<ResourceDef>, object: &Object) -> Self {
        let Metadata {
            owner_references,
            finalizers,
            deletion_timestamp,
        } = metadata_of(object);
        Self {
            resource: resource.clone(),
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
            uid: object.uid().into(),
            owners: owner_references.into_iter().map(Owner::from).collect(),
            finalizers,
            is_terminating: deletion_timestamp.is_some(),
        }
    }

    pub(super) fn has_finalizer(&self, finalizer: &str) -> bool {
        self.finalizers.iter().any(|own| own == finalizer)
    }

    pub(super) fn reference(&self) -> ResourceRef {
        ResourceRef::from(&*self.resource)
    }
}

impl From<OwnerReference> for Owner {
    fn from(reference: OwnerReference) -> Self {
        Self {
            api_version: reference.api_version,
            kind: reference.kind,
            name: reference.name,
            uid: reference.uid.into(),
            blocks: reference.block_owner_deletion == Some(true),
        }
    }
}

/// The owner references of an object.
pub(super) fn owners_of(object: &Object) -> Vec<Owner> {
    let references = metadata_of(object).owner_references;
    references.into_iter().map(Owner::from).collect()
}

/// What is read of an object: its text is gone through, its tree is not made.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    owner_references: Vec<OwnerReference>,
    finalizers: Vec<String>,
    deletion_timestamp: Option<String>,
}

fn metadata_of(object: &Object) -> Metadata {
    #[derive(Deserialize)]
    struct Whole {
        metadata: Metadata,
    }
    let whole = object.typed_without_managed_fields::<Whole>();
    whole.map(|whole| whole.metadata).unwrap_or_default()
}

/// An object before and after a change; one of them is there.
pub(super) struct ItemChange {
    pub(super) old: Option<Arc<Item>>,
    pub(super) new: Option<Arc<Item>>,
}

type Handler = Box<dyn Fn(&ItemChange) + Send + Sync>;

/// The view; clones share it.
#[derive(Clone)]
pub(super) struct Inventory {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    clock: Clock,
    tasks: Tasks,
    resources: Arc<ResourceTable>,
    graph: RwLock<Graph>,
    handlers: Mutex<Vec<Handler>>,
    /// The resources that are watched, with what ends their watch.
    watched: Mutex<BTreeMap<GroupResource, (Arc<ResourceDef>, CancellationToken)>>,
    /// How many resources have not been listed yet; `None` before the first is.
    unlisted: watch::Sender<Option<usize>>,
}

#[derive(Default)]
struct Graph {
    by_uid: HashMap<Arc<str>, Arc<Item>>,
    dependents: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl Inventory {
    /// A view that reads in the name of `client`.
    pub(super) fn new(
        client: Client,
        clock: Clock,
        tasks: Tasks,
        resources: Arc<ResourceTable>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                client,
                clock,
                tasks,
                resources,
                graph: RwLock::default(),
                handlers: Mutex::default(),
                watched: Mutex::default(),
                unlisted: watch::channel(None).0,
            }),
        }
    }

    /// Begins to watch; later calls do nothing. Must be called inside a runtime.
    pub(super) fn start(&self) {
        {
            let mut watched = self.shared.watched.lock();
            if !watched.is_empty() {
                return;
            }
            self.follow_table(&mut watched);
        }
        let view = self.clone();
        let mut changes = self.shared.resources.changes();
        self.shared.tasks.spawn("inventory", async move {
            while changes.changed().await.is_ok() {
                view.follow_table(&mut view.shared.watched.lock());
            }
        });
    }

    /// Calls `handler` for every change from now on, on the task of the resource it is about.
    pub(super) fn subscribe(&self, handler: impl Fn(&ItemChange) + Send + Sync + 'static) {
        self.shared.handlers.lock().push(Box::new(handler));
    }

    /// Waits until everything that was served when the view started has been seen.
    pub(super) async fn wait_synced(&self) {
        let mut unlisted = self.shared.unlisted.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        let _ = unlisted.wait_for(|left| *left == Some(0)).await;
    }

    pub(super) fn get(&self, uid: &str) -> Option<Arc<Item>> {
        self.shared.graph.read().by_uid.get(uid).cloned()
    }

    /// The objects that name `uid` among their owners.
    pub(super) fn dependents(&self, uid: &str) -> Vec<Arc<Item>> {
        let graph = self.shared.graph.read();
        let uids = graph.dependents.get(uid).into_iter().flatten();
        uids.filter_map(|uid| graph.by_uid.get(uid).cloned())
            .collect()
    }

    /// Whether anything names `uid` among its owners.
    pub(super) fn has_dependents(&self, uid: &str) -> bool {
        self.shared.graph.read().dependents.contains_key(uid)
    }

    /// Starts watches for new resources and ends those of removed ones.
    fn follow_table(
        &self,
        watched: &mut BTreeMap<GroupResource, (Arc<ResourceDef>, CancellationToken)>,
    ) {
        let mut served: BTreeMap<GroupResource, Arc<ResourceDef>> = BTreeMap::new();
        for row in self.shared.resources.all() {
            if !is_of_interest(&row) {
                continue;
            }
            // The version that is stored needs nobody who converts.
            let known = served.get(&*row.storage);
            if known.is_none_or(|known| !known.is_stored_version() && row.is_stored_version()) {
                served.insert((*row.storage).clone(), row);
            }
        }
        watched.retain(|resource, (row, end)| {
            // A resource whose version is served no longer is followed in another one.
            let stays = served
                .get(resource)
                .is_some_and(|served| served.version == row.version);
            if !stays {
                end.cancel();
            }
            stays
        });
        for (resource, row) in served {
            if watched.contains_key(&resource) {
                continue;
            }
            let end = CancellationToken::new();
            let unlisted = &self.shared.unlisted;
            unlisted.send_modify(|left| *left = Some(left.unwrap_or(0) + 1));
            let (view, token, name) =
                (self.clone(), end.clone(), format!("metadata of {resource}"));
            watched.insert(resource, (row.clone(), end));
            self.shared.tasks.spawn(name, async move {
                let _ = token.run_until_cancelled(view.watch(&row)).await;
                view.forget(&row);
            });
        }
    }

    async fn watch(&self, row: &Arc<ResourceDef>) {
        let resource = ResourceRef::from(&**row);
        let mut is_first = true;
        loop {
            let events = self
                .shared
                .client
                .watch_objects(&resource, ListOptions::default(), 0);
            let mut listed = Some(BTreeSet::new());
            match events {
                Ok(mut events) => {
                    while let Some(event) = events.next().await {
                        if matches!(event, WatchEvent::Expired(_)) {
                            break;
                        }
                        if self.take(row, event, &mut listed) && std::mem::take(&mut is_first) {
                            let unlisted = &self.shared.unlisted;
                            unlisted.send_modify(|left| *left = left.map(|left| left - 1));
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, ?row, "watch failed"),
            }
            self.shared.clock.sleep(RETRY).await;
        }
    }

    /// Takes an event in; true where it ended the listing of the current state, of which `listed`
    /// holds the uids.
    fn take(
        &self,
        row: &Arc<ResourceDef>,
        event: WatchEvent,
        listed: &mut Option<BTreeSet<Arc<str>>>,
    ) -> bool {
        match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                if let Some(listed) = listed {
                    listed.insert(object.uid().into());
                }
                let causes = Causes::of(object.resource_version());
                cause::telling(causes, || self.put(row, &object));
                false
            }
            WatchEvent::Deleted(object) => {
                let causes = Causes::of(object.resource_version());
                cause::telling(causes, || {
                    self.remove(object.uid(), || Arc::new(Item::new(row, &object)));
                });
                false
            }
            WatchEvent::Bookmark(_) => match listed.take() {
                Some(present) => {
                    self.keep_only(row, &present);
                    true
                }
                None => false,
            },
            WatchEvent::Expired(_) => false,
        }
    }

    fn put(&self, row: &Arc<ResourceDef>, object: &ObjectRef) {
        let item = Arc::new(Item::new(row, object));
        let old = self.shared.graph.write().insert(item.clone());
        self.tell(&ItemChange {
            old,
            new: Some(item),
        });
    }

    /// Also tells of objects that were never seen: whoever waits for their owner may have been.
    fn remove(&self, uid: &str, last: impl FnOnce() -> Arc<Item>) {
        let old = self.shared.graph.write().remove(uid);
        self.tell(&ItemChange {
            old: Some(old.unwrap_or_else(last)),
            new: None,
        });
    }

    fn keep_only(&self, row: &Arc<ResourceDef>, present: &BTreeSet<Arc<str>>) {
        let gone: Vec<Arc<str>> = {
            let graph = self.shared.graph.read();
            let items = graph.by_uid.values();
            let items = items.filter(|item| item.resource.storage == row.storage);
            let gone = items.filter(|item| !present.contains(&item.uid));
            gone.map(|item| item.uid.clone()).collect()
        };
        for uid in gone {
            if let Some(item) = self.get(&uid) {
                self.remove(&uid, || item.clone());
            }
        }
    }

    /// Drops everything of a resource that is no longer served.
    fn forget(&self, row: &Arc<ResourceDef>) {
        self.keep_only(row, &BTreeSet::new());
    }

    fn tell(&self, change: &ItemChange) {
        for handler in self.shared.handlers.lock().iter() {
            handler(change);
        }
    }
}

/// Events own nothing and are owned by nobody; what can't be listed, watched and deleted can't be
/// collected.
fn is_of_interest(row: &ResourceDef) -> bool {
    row.plural != "events"
        && [Verb::List, Verb::Watch, Verb::Delete]
            .iter()
            .all(|verb| row.verbs.contains(verb))
}

impl Graph {
    fn insert(&mut self, item: Arc<Item>) -> Option<Arc<Item>> {
        let old = self.by_uid.insert(item.uid.clone(), item.clone());
        if let Some(old) = &old {
            self.unlink(old);
        }
        for owner in &item.owners {
            let dependents = self.dependents.entry(owner.uid.clone()).or_default();
            dependents.insert(item.uid.clone());
        }
        old
    }

    fn remove(&mut self, uid: &str) -> Option<Arc<Item>> {
        let old = self.by_uid.remove(uid)?;
        self.unlink(&old);
        Some(old)
    }

    fn unlink(&mut self, item: &Item) {
        for owner in &item.owners {
            if let Some(dependents) = self.dependents.get_mut(&owner.uid) {
                dependents.remove(&item.uid);
                if dependents.is_empty() {
                    self.dependents.remove(&owner.uid);
                }
            }
        }
    }
}
