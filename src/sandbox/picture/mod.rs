//! Pictures the namespaces of a kata, again whenever something in them changes.

mod event;
mod node;
mod object;
mod pod;
mod service;
mod workload;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{join_all, select_all};
use pocketkube::clock::Clock;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::observe::{Listing, Observer, Watched};
use super::resource::Resource;
use super::view::ClusterView;

/// Changes within this time make one picture.
const GATHER: Duration = Duration::from_millis(25);

/// What is looked at in each namespace.
const NAMESPACED: [&str; 12] = [
    "Pod",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "Service",
    "EndpointSlice",
    "Event",
    "ConfigMap",
    "Secret",
    "PersistentVolumeClaim",
];

/// Sends a view now and after every change, until `views` is closed or this is dropped.
pub async fn follow(
    observer: Observer,
    clock: Clock,
    namespaces: Vec<String>,
    views: mpsc::Sender<Arc<ClusterView>>,
) {
    let sources = sources(&namespaces);
    let mut feeds: Vec<_> = sources
        .iter()
        .map(|watched| observer.changes(watched))
        .collect();
    let mut last: Option<ClusterView> = None;
    loop {
        let view = take(&observer, &sources, &namespaces, &clock).await;
        if last.as_ref().is_none_or(|last| !is_same(last, &view)) {
            last = Some(view.clone());
            if views.send(Arc::new(view)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = change(&mut feeds) => {}
            () = views.closed() => return,
        }
        tokio::time::sleep(GATHER).await;
    }
}

fn sources(namespaces: &[String]) -> Vec<Watched> {
    let namespaced = namespaces.iter().flat_map(|namespace| {
        NAMESPACED.iter().filter_map(|kind| {
            Some(Watched {
                resource: Resource::known(kind, None)?,
                namespace: Some(namespace.clone()),
            })
        })
    });
    let nodes = Resource::known("Node", None).map(|resource| Watched {
        resource,
        namespace: None,
    });
    namespaced.chain(nodes).collect()
}

async fn change(feeds: &mut [watch::Receiver<Listing>]) {
    let changes = feeds.iter_mut().map(|feed| {
        async move {
            if feed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        .boxed()
    });
    select_all(changes).await;
}

/// That time passed is no change.
fn is_same(last: &ClusterView, now: &ClusterView) -> bool {
    let mut aged = last.clone();
    aged.taken = now.taken;
    aged == *now
}

async fn take(
    observer: &Observer,
    sources: &[Watched],
    namespaces: &[String],
    clock: &Clock,
) -> ClusterView {
    let read = |watched: &Watched| {
        let watched = watched.clone();
        async move {
            // A kind that this cluster does not serve has no objects.
            let listing = observer.list(&watched).await.unwrap_or_default();
            (watched, listing)
        }
    };
    let listings = join_all(sources.iter().map(read)).await;
    let material = Material { listings };
    let (workloads, pods) = workload::forest(&material);
    ClusterView {
        namespaces: namespaces.to_vec(),
        nodes: node::nodes(&material),
        workloads,
        pods,
        services: service::services(&material),
        objects: object::objects(&material),
        events: event::events(&material),
        taken: Some(clock.now()),
    }
}

/// Everything a picture is made from.
struct Material {
    listings: Vec<(Watched, Listing)>,
}

impl Material {
    fn all(&self, kind: &str) -> Vec<&Value> {
        self.listings
            .iter()
            .filter(|(watched, _)| watched.resource.api.kind == kind)
            .flat_map(|(_, listing)| listing.iter().map(AsRef::as_ref))
            .collect()
    }
}

fn text(object: &Value, pointer: &str) -> String {
    optional(object, pointer).unwrap_or_default()
}

fn optional(object: &Value, pointer: &str) -> Option<String> {
    object.pointer(pointer)?.as_str().map(str::to_owned)
}

fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn moment(object: &Value, pointer: &str) -> Option<jiff::Timestamp> {
    object.pointer(pointer)?.as_str()?.parse().ok()
}

fn is_leaving(object: &Value) -> bool {
    object
        .pointer("/metadata/deletionTimestamp")
        .is_some_and(|moment| !moment.is_null())
}

/// Whether a condition of that type is `True`; `None` where it is not there.
fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions")
        .iter()
        .find(|condition| condition["type"] == kind)
}
