//! Watched copies of what is in the cluster, shared by whoever reads: checks and the picture.
//!
//! A resource is watched from the first time someone reads it, once per namespace, until the
//! [`Observer`] is dropped. Readers get whole lists at once and are told when a list changes;
//! nobody polls.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::Client;
use kube::core::DynamicObject;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use parking_lot::Mutex;
use pocketkube::tasks::Tasks;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::resource::Resource;

/// How long a reader waits for the first list of a resource.
const FIRST_LIST: Duration = Duration::from_secs(10);

/// Something to watch: a resource in one namespace, or in all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Watched {
    pub resource: Resource,
    pub namespace: Option<String>,
}

/// The objects of one watched resource at one moment, by namespace and name.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    objects: Arc<BTreeMap<(String, String), Arc<Value>>>,
    synced: bool,
    error: Option<String>,
}

impl Listing {
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(&(namespace.to_owned(), name.to_owned()))
    }

    #[cfg(test)]
    pub(super) fn of(objects: Vec<Value>) -> Self {
        let keyed = objects.into_iter().map(|object| {
            let text = |name: &str| {
                object["metadata"][name]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            ((text("namespace"), text("name")), Arc::new(object))
        });
        Self {
            objects: Arc::new(keyed.collect()),
            synced: true,
            error: None,
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Value>> {
        self.objects.values()
    }
}

/// Owns the watches. Cheap to clone; the watches end with the last clone.
#[derive(Clone)]
pub struct Observer {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    tasks: Tasks,
    token: CancellationToken,
    _stop: DropGuard,
    feeds: Mutex<HashMap<Watched, watch::Receiver<Listing>>>,
}

impl Observer {
    pub fn new(client: Client) -> Self {
        let token = CancellationToken::new();
        Self {
            shared: Arc::new(Shared {
                client,
                tasks: Tasks::new(),
                _stop: token.clone().drop_guard(),
                token,
                feeds: Mutex::default(),
            }),
        }
    }

    pub fn client(&self) -> &Client {
        &self.shared.client
    }

    /// The objects of a resource; waits for the first list.
    ///
    /// Fails with the cluster's words when it refuses to list them.
    pub async fn list(&self, watched: &Watched) -> Result<Listing, String> {
        let mut feed = self.feed(watched);
        let ready = feed.wait_for(|listing| listing.synced || listing.error.is_some());
        let listing = match tokio::time::timeout(FIRST_LIST, ready).await {
            Ok(Ok(listing)) => listing.clone(),
            Ok(Err(_)) => return Err("the cluster is gone".to_owned()),
            Err(_) => {
                let name = watched.resource.name();
                return Err(format!("the cluster did not list {name} in time"));
            }
        };
        match listing.error {
            Some(error) if !listing.synced => Err(error),
            _ => Ok(listing),
        }
    }

    /// Tells when the resource changes from now on.
    pub fn changes(&self, watched: &Watched) -> watch::Receiver<Listing> {
        let mut feed = self.feed(watched);
        feed.mark_unchanged();
        feed
    }

    fn feed(&self, watched: &Watched) -> watch::Receiver<Listing> {
        let mut feeds = self.shared.feeds.lock();
        if let Some(feed) = feeds.get(watched) {
            return feed.clone();
        }
        let (sender, receiver) = watch::channel(Listing::default());
        feeds.insert(watched.clone(), receiver.clone());
        let token = self.shared.token.clone();
        let follow = follow(self.shared.client.clone(), watched.clone(), sender);
        let name = format!("watch {}", watched.resource.name());
        self.shared.tasks.spawn(name, async move {
            let _ = token.run_until_cancelled(follow).await;
        });
        receiver
    }
}

/// Keeps a listing as the cluster's, for ever.
async fn follow(client: Client, watched: Watched, sender: watch::Sender<Listing>) {
    let api = watched.resource.api(&client, watched.namespace.as_deref());
    let mut events = watcher(api, watcher::Config::default())
        .default_backoff()
        .boxed();
    let mut coming: BTreeMap<(String, String), Arc<Value>> = BTreeMap::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => coming.clear(),
            Ok(Event::InitApply(object)) => {
                let (key, value) = entry(object, &watched.resource);
                coming.insert(key, value);
            }
            Ok(Event::InitDone) => {
                let objects = Arc::new(std::mem::take(&mut coming));
                sender.send_replace(Listing {
                    objects,
                    synced: true,
                    error: None,
                });
            }
            Ok(Event::Apply(object)) => {
                let (key, value) = entry(object, &watched.resource);
                sender.send_modify(|listing| {
                    Arc::make_mut(&mut listing.objects).insert(key, value);
                });
            }
            Ok(Event::Delete(object)) => {
                let (key, _) = entry(object, &watched.resource);
                sender.send_modify(|listing| {
                    Arc::make_mut(&mut listing.objects).remove(&key);
                });
            }
            Err(error) => {
                tracing::debug!(%error, resource = watched.resource.name(), "watch failed");
                sender.send_modify(|listing| listing.error = Some(error.to_string()));
            }
        }
    }
}

/// The object as whole JSON; items of lists come without their type.
fn entry(mut object: DynamicObject, resource: &Resource) -> ((String, String), Arc<Value>) {
    if object.types.is_none() {
        object.types = Some(kube::core::TypeMeta {
            api_version: resource.api.api_version.clone(),
            kind: resource.api.kind.clone(),
        });
    }
    let key = (
        object.metadata.namespace.clone().unwrap_or_default(),
        object.metadata.name.clone().unwrap_or_default(),
    );
    let value = serde_json::to_value(object).unwrap_or_default();
    (key, Arc::new(value))
}
