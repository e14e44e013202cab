//! Following a collection: the watch log, seen through a request's selectors.
//!
//! Mirrors `apiserver/pkg/storage/cacher` and `apiserver/pkg/endpoints/handlers/watch.go` (v1.35).

use std::collections::VecDeque;
use std::sync::Arc;

use futures::stream::{self, Stream};

use super::call::WatchEvent;
use super::list::too_large;
use super::request::Request;
use super::selection::Selection;
use crate::api::{ObjectRef, StatusError};
use crate::registry::{Registry, ResourceDef};
use crate::storage::{Change, ChangeKind, Watcher};

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The current state as `Added` events, then changes.
    CurrentState {
        /// Send a bookmark once the current state is complete.
        bookmark: bool,
    },
    /// Changes after a revision.
    After(u64),
}

impl Start {
    /// Reads the version parameters of a request.
    pub fn parse(request: &Request<'_>, allow_bookmarks: bool) -> Result<Self, StatusError> {
        let options = &request.call.options.list;
        let version = match options.resource_version.as_str() {
            "" | "0" => 0,
            version => version.parse::<u64>().map_err(|_| {
                // Upstream takes this for a fault of its own.
                StatusError::internal(format!(
                    "strconv.ParseUint: parsing {version:?}: invalid syntax"
                ))
            })?,
        };
        Ok(match (options.send_initial_events, version) {
            (Some(true), _) => Self::CurrentState {
                bookmark: allow_bookmarks,
            },
            (None, 0) => Self::CurrentState { bookmark: false },
            // From now on.
            (Some(false), 0) => Self::After(request.server.registry().storage().revision()),
            (_, version) => Self::After(version),
        })
    }
}

/// The events of a watch. The stream ends after `Expired`.
pub(super) fn watch(
    request: &Request<'_>,
    start: Start,
) -> Result<impl Stream<Item = WatchEvent> + Send + use<>, StatusError> {
    let selection = Selection::parse(&request.resource, &request.call)?;
    let storage = request.server.registry().storage();
    let resource = &request.resource.storage;
    let namespace = request.call.namespace.clone();
    let mut pending = VecDeque::new();
    let mut initial = None;
    let watcher = match start {
        Start::CurrentState { bookmark } => {
            let (page, watcher) = storage.list_and_watch(resource, &namespace);
            initial = Some(Initial {
                objects: page.items,
                bookmark: bookmark.then_some(page.revision),
            });
            watcher
        }
        Start::After(revision) => {
            let current = storage.revision();
            if revision > current {
                return Err(too_large(revision, current));
            }
            match storage.watch(resource, revision) {
                Ok(watcher) => watcher,
                Err(gone) => {
                    pending.push_back(WatchEvent::Expired(gone.to_string().into()));
                    storage.list_and_watch(resource, &namespace).1
                }
            }
        }
    };
    let follow = Follow {
        registry: request.server.registry().clone(),
        resource: request.resource.clone(),
        initial,
        watcher,
        selection,
        namespace,
        pending,
        is_over: false,
    };
    Ok(stream::unfold(follow, |mut follow| async move {
        follow.next().await.map(|event| (event, follow))
    }))
}

/// The state with which a watch begins.
struct Initial {
    objects: Vec<ObjectRef>,
    /// The revision of the bookmark that ends it, where one is wanted.
    bookmark: Option<u64>,
}

struct Follow {
    registry: Registry,
    resource: Arc<ResourceDef>,
    initial: Option<Initial>,
    watcher: Watcher,
    selection: Selection,
    namespace: String,
    pending: VecDeque<WatchEvent>,
    is_over: bool,
}

impl Follow {
    async fn next(&mut self) -> Option<WatchEvent> {
        loop {
            if self.is_over {
                return None;
            }
            if let Some(event) = self.pending.pop_front() {
                self.is_over = matches!(event, WatchEvent::Expired(_));
                return Some(event);
            }
            if let Some(initial) = self.initial.take() {
                self.begin(initial).await?;
                continue;
            }
            match self.watcher.next().await {
                Ok(changes) => {
                    let changes = self.presented(changes).await?;
                    let events = changes.into_iter().filter_map(|change| self.event(change));
                    let events: Vec<_> = events.collect();
                    self.pending.extend(events);
                }
                Err(gone) => {
                    self.is_over = true;
                    return Some(WatchEvent::Expired(gone.to_string().into()));
                }
            }
        }
    }

    /// The current state as events. `None` where it cannot be converted: the watch ends, and
    /// whoever lists anew is told why.
    async fn begin(&mut self, initial: Initial) -> Option<()> {
        let Initial { objects, bookmark } = initial;
        let objects = self.registry.present_all(&self.resource, objects).await;
        let chosen = objects
            .ok()?
            .into_iter()
            .filter(|object| self.selection.matches(object));
        self.pending.extend(chosen.map(WatchEvent::Added));
        self.pending.extend(bookmark.map(WatchEvent::Bookmark));
        Some(())
    }

    /// The changes with their objects as they are served.
    async fn presented(&self, mut changes: Vec<Change>) -> Option<Vec<Change>> {
        if self.resource.conversion_webhook().is_none() {
            return Some(changes);
        }
        let objects = changes
            .iter()
            .flat_map(|change| std::iter::once(&change.object).chain(&change.previous));
        let objects: Vec<ObjectRef> = objects.cloned().collect();
        let presented = self.registry.present_all(&self.resource, objects).await;
        let mut presented = presented.ok()?.into_iter();
        for change in &mut changes {
            change.object = presented.next()?;
            if change.previous.is_some() {
                change.previous = Some(presented.next()?);
            }
        }
        Some(changes)
    }

    /// A change as this watcher sees it: an object that begins to match is added, one that stops
    /// to match is deleted.
    fn event(&self, change: Change) -> Option<WatchEvent> {
        if !self.namespace.is_empty() && change.object.namespace() != self.namespace {
            return None;
        }
        let matched = |object: &ObjectRef| self.selection.matches(object);
        let before = change.previous.as_ref().is_some_and(matched);
        let now = change.kind != ChangeKind::Deleted && matched(&change.object);
        match (before, now) {
            (false, false) => None,
            (false, true) => Some(WatchEvent::Added(change.object)),
            (true, true) => Some(WatchEvent::Modified(change.object)),
            (true, false) => Some(WatchEvent::Deleted(change.object)),
        }
    }
}
