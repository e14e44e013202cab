//! One kind, watched once for the whole process: keeps the cache and tells subscribers.
//!
//! Subscribers only enqueue keys; they run on the informer's task right after the cache changed,
//! until the part of the cluster that they belong to ends. Mirrors
//! `client-go/tools/cache/shared_informer.go`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::store::Store;
use super::{Client, Kind, Lister, ObjectKey, ResourceRef};
use crate::api::ObjectRef;
use crate::cause::{self, Causes};
use crate::clock::Clock;
use crate::endpoints::{ListOptions, WatchEvent};

/// How many events are taken into the cache at once at most.
const BATCH: usize = 512;
/// How long a failed watch waits before it tries again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// What happened to an object in the cache.
#[derive(Clone, Debug)]
pub enum Change<K> {
    Added(Arc<K>),
    Updated { old: Arc<K>, new: Arc<K> },
    Deleted(Arc<K>),
}

impl<K> Change<K> {
    /// The object as it is now, or as it last was.
    pub fn object(&self) -> &Arc<K> {
        match self {
            Self::Added(object) | Self::Deleted(object) => object,
            Self::Updated { new, .. } => new,
        }
    }

    /// The object as it was, where it was replaced.
    pub fn old(&self) -> Option<&Arc<K>> {
        match self {
            Self::Updated { old, .. } => Some(old),
            _ => None,
        }
    }
}

type Call<K> = dyn Fn(&Change<K>) + Send + Sync;

/// Somebody who wants to hear of changes, and until when.
struct Handler<K> {
    until: CancellationToken,
    call: Box<Call<K>>,
}

/// A part of the cluster's access to the informer of a kind: what it subscribes ends with it.
#[derive(Clone)]
pub struct Informer<K> {
    shared: Arc<SharedInformer<K>>,
    until: CancellationToken,
}

impl<K: Kind> Informer<K> {
    pub(super) fn new(shared: Arc<SharedInformer<K>>, until: CancellationToken) -> Self {
        Self { shared, until }
    }

    pub fn lister(&self) -> Lister<K> {
        self.shared.lister()
    }

    /// Whether the cache has held the whole state of the cluster once.
    pub fn has_synced(&self) -> bool {
        *self.shared.synced.borrow()
    }

    /// Waits until [`Informer::has_synced`].
    pub async fn wait_synced(&self) {
        let mut synced = self.shared.synced.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        let _ = synced.wait_for(|synced| *synced).await;
    }

    /// Calls `handler` for every object in the cache (as `Added`) and for each change from then
    /// on. It runs on the informer's task and must not block or subscribe to this informer.
    pub fn subscribe(&self, handler: impl Fn(&Change<K>) + Send + Sync + 'static) {
        self.shared.subscribe(Handler {
            until: self.until.clone(),
            call: Box::new(handler),
        });
    }
}

/// The cache of a kind and those who want to hear of its changes.
pub(super) struct SharedInformer<K> {
    store: Arc<RwLock<Store<K>>>,
    /// Also held while a change is told, so that a new subscriber misses none and hears none twice.
    handlers: Mutex<Vec<Handler<K>>>,
    synced: watch::Sender<bool>,
}

impl<K: Kind> SharedInformer<K> {
    pub(super) fn new() -> Self {
        Self {
            store: Arc::new(RwLock::new(Store::new())),
            handlers: Mutex::default(),
            synced: watch::channel(false).0,
        }
    }

    fn lister(&self) -> Lister<K> {
        Lister {
            store: self.store.clone(),
        }
    }

    fn subscribe(&self, handler: Handler<K>) {
        let mut handlers = self.handlers.lock();
        let present: Vec<_> = self.store.read().objects().cloned().collect();
        for object in present {
            (handler.call)(&Change::Added(object));
        }
        handlers.push(handler);
    }

    /// Follows the kind for ever; whoever spawned this cancels it.
    pub(super) async fn run(self: Arc<Self>, client: Client, clock: Clock) {
        let resource = ResourceRef::of::<K>();
        let (mut wait, longest) = RETRY;
        loop {
            match client.watch_objects(&resource, ListOptions::default(), 0) {
                Ok(mut events) => {
                    let mut listing = Some(BTreeSet::new());
                    while let Some(event) = events.next().await {
                        let mut batch = vec![event];
                        while let Some(event) = events.try_next() {
                            batch.push(event);
                            if batch.len() == BATCH {
                                break;
                            }
                        }
                        if !self.take(batch, &mut listing) {
                            break;
                        }
                        wait = RETRY.0;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, resource = %resource.resource, "watch failed");
                }
            }
            clock.sleep(wait).await;
            wait = (wait * 2).min(longest);
        }
    }

    /// Brings events into the cache and tells the subscribers. `listing` holds the keys of the
    /// current state while it is still being sent. False once the watch has expired.
    fn take(&self, batch: Vec<WatchEvent>, listing: &mut Option<BTreeSet<ObjectKey>>) -> bool {
        let mut handlers = self.handlers.lock();
        handlers.retain(|handler| !handler.until.is_cancelled());
        let mut changes = Vec::with_capacity(batch.len());
        let mut expired = false;
        let mut listed = false;
        for event in batch {
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    let Some(object) = decode::<K>(&object) else {
                        continue;
                    };
                    if let Some(listing) = listing {
                        listing.insert(object.key());
                    }
                    changes.extend(self.put(object));
                }
                WatchEvent::Deleted(object) => {
                    let key = ObjectKey::new(object.namespace(), object.name());
                    if let Some(listing) = listing {
                        listing.remove(&key);
                    }
                    if let Some(cached) = self.store.write().remove(&key) {
                        let last = decode(&object).unwrap_or(cached);
                        changes.push(Change::Deleted(last));
                    }
                }
                WatchEvent::Bookmark(_) => {
                    if let Some(present) = listing.take() {
                        changes.extend(self.keep_only(&present));
                        listed = true;
                    }
                }
                WatchEvent::Expired(_) => {
                    expired = true;
                    break;
                }
            }
        }
        for change in &changes {
            let causes = Causes::of_version(change.object().resource_version());
            cause::telling(causes, || {
                for handler in handlers.iter() {
                    (handler.call)(change);
                }
            });
        }
        drop(handlers);
        if listed {
            self.synced.send_replace(true);
        }
        !expired
    }

    fn put(&self, object: Arc<K>) -> Option<Change<K>> {
        let mut store = self.store.write();
        let cached = store.get(&object.key());
        if cached.is_some_and(|cached| cached.resource_version() == object.resource_version()) {
            return None;
        }
        Some(match store.insert(object.clone()) {
            Some(old) => Change::Updated { old, new: object },
            None => Change::Added(object),
        })
    }

    /// Drops what disappeared while nobody watched.
    fn keep_only(&self, present: &BTreeSet<ObjectKey>) -> Vec<Change<K>> {
        let mut store = self.store.write();
        let gone: Vec<_> = store
            .objects()
            .map(|object| object.key())
            .filter(|key| !present.contains(key))
            .collect();
        gone.iter()
            .filter_map(|key| store.remove(key))
            .map(Change::Deleted)
            .collect()
    }
}

/// The typed object without `managedFields`, which no controller reads and which would double
/// the size of the cache. An update without them leaves them as they are.
fn decode<K: Kind>(object: &ObjectRef) -> Option<Arc<K>> {
    match object.typed_without_managed_fields::<K>() {
        Ok(typed) => Some(Arc::new(typed)),
        Err(error) => {
            tracing::error!(%error, kind = K::KIND, name = object.name(), "undecodable object");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use serde_json::json;

    use super::*;
    use crate::api::Object;

    fn config_map(name: &str, revision: u64) -> ObjectRef {
        Object::new(json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "default", "resourceVersion": revision.to_string()},
        }))
    }

    fn names(informer: &SharedInformer<ConfigMap>) -> Vec<String> {
        let all = informer.lister().all();
        all.iter().map(|object| object.name().to_owned()).collect()
    }

    fn recorded(informer: &Arc<SharedInformer<ConfigMap>>) -> Arc<Mutex<Vec<String>>> {
        recorded_until(informer, CancellationToken::new())
    }

    fn recorded_until(
        informer: &Arc<SharedInformer<ConfigMap>>,
        until: CancellationToken,
    ) -> Arc<Mutex<Vec<String>>> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        Informer::new(informer.clone(), until).subscribe(move |change| {
            let what = match change {
                Change::Added(_) => "added",
                Change::Updated { .. } => "updated",
                Change::Deleted(_) => "deleted",
            };
            log.lock()
                .push(format!("{what} {}", change.object().name()));
        });
        seen
    }

    #[test]
    fn a_relist_drops_what_disappeared_and_skips_what_is_unchanged() {
        let informer = Arc::new(SharedInformer::<ConfigMap>::new());
        let seen = recorded(&informer);
        let mut listing = Some(BTreeSet::new());
        let first = ["a", "b", "c"].map(|name| WatchEvent::Added(config_map(name, 1)));
        informer.take(first.into(), &mut listing);
        assert!(!*informer.synced.borrow());
        informer.take(vec![WatchEvent::Bookmark(1)], &mut listing);
        assert!(*informer.synced.borrow());

        let mut listing = Some(BTreeSet::new());
        let second = vec![
            WatchEvent::Added(config_map("a", 1)),
            WatchEvent::Added(config_map("c", 5)),
            WatchEvent::Bookmark(7),
        ];
        informer.take(second, &mut listing);
        assert_eq!(names(&informer), ["a", "c"]);
        assert_eq!(
            *seen.lock(),
            ["added a", "added b", "added c", "updated c", "deleted b"]
        );
    }

    #[test]
    fn a_late_subscriber_hears_of_what_is_there_already() {
        let informer = Arc::new(SharedInformer::<ConfigMap>::new());
        informer.take(
            vec![WatchEvent::Added(config_map("a", 1))],
            &mut Some(BTreeSet::new()),
        );
        assert_eq!(*recorded(&informer).lock(), ["added a"]);
    }

    #[test]
    fn a_part_of_the_cluster_that_has_ended_hears_nothing_more() {
        let informer = Arc::new(SharedInformer::<ConfigMap>::new());
        let until = CancellationToken::new();
        let (ended, goes_on) = (
            recorded_until(&informer, until.clone()),
            recorded(&informer),
        );
        let add = |name| informer.take(vec![WatchEvent::Added(config_map(name, 1))], &mut None);
        add("a");
        until.cancel();
        add("b");
        assert_eq!(*ended.lock(), ["added a"]);
        assert_eq!(*goes_on.lock(), ["added a", "added b"]);
    }

    #[test]
    fn an_index_follows_changes_whenever_it_was_built() {
        let informer = Arc::new(SharedInformer::<ConfigMap>::new());
        let lister = informer.lister();
        let add = |name, revision| {
            let event = WatchEvent::Added(config_map(name, revision));
            informer.take(vec![event], &mut None);
        };
        add("a", 1);
        let index = lister.index("version", |map: &ConfigMap| {
            vec![map.resource_version().to_owned()]
        });
        assert_eq!(index.count("1"), 1);
        add("a", 2);
        add("b", 2);
        assert_eq!((index.count("1"), index.count("2")), (0, 2));
        informer.take(vec![WatchEvent::Deleted(config_map("a", 3))], &mut None);
        assert_eq!(index.get("2")[0].name(), "b");
        assert_eq!(lister.by_controller().orphans("default").len(), 1);
    }
}
