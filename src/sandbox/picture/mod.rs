//! Pictures the namespaces of a kata, again whenever something in them changes.

mod event;
mod node;
mod object;
mod pod;
mod service;
mod workload;

pub use event::view as event_view;
pub use node::{amount, bytes, cores, taint};

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

/// What is looked at in each namespace. Pods are looked at everywhere: they share the nodes.
const NAMESPACED: [&str; 10] = [
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "ReplicationController",
    "Service",
    "EndpointSlice",
    "Event",
];

/// What is looked at in the whole cluster.
const CLUSTER_WIDE: [&str; 3] = ["Pod", "Node", "CustomResourceDefinition"];

/// Sends a view now and after every change, until `views` is closed or this is dropped.
pub async fn follow(
    observer: Observer,
    clock: Clock,
    namespaces: Vec<String>,
    views: mpsc::Sender<Arc<ClusterView>>,
) {
    let mut sources = sources(&namespaces);
    let mut feeds: Vec<_> = sources
        .iter()
        .map(|watched| observer.changes(watched))
        .collect();
    let mut last: Option<Arc<ClusterView>> = None;
    loop {
        let material = read(&observer, &sources).await;
        for watched in defined(&material, &namespaces) {
            if !sources.contains(&watched) {
                feeds.push(observer.changes(&watched));
                sources.push(watched);
            }
        }
        // When it was taken is no part of what is compared: that time passed is no change.
        let view = draw(&material, &namespaces);
        if last.as_deref() != Some(&view) {
            last = Some(Arc::new(view.clone()));
            let taken = Some(clock.now());
            if views
                .send(Arc::new(ClusterView { taken, ..view }))
                .await
                .is_err()
            {
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
    let kinds = || NAMESPACED.iter().chain(object::LISTED.iter());
    let namespaced = namespaces.iter().flat_map(|namespace| {
        kinds().filter_map(|kind| {
            Some(Watched {
                resource: Resource::known(kind, None)?,
                namespace: Some(namespace.clone()),
            })
        })
    });
    let everywhere = CLUSTER_WIDE.iter().filter_map(|kind| {
        Some(Watched {
            resource: Resource::known(kind, None)?,
            namespace: None,
        })
    });
    namespaced.chain(everywhere).collect()
}

/// The kinds that the cluster was taught, in the namespaces shown.
fn defined(material: &Material, namespaces: &[String]) -> Vec<Watched> {
    let definitions = material.all("CustomResourceDefinition").into_iter();
    let resources = definitions
        .filter(|it| condition(it, "Established").is_some_and(|it| it["status"] == "True"))
        .filter_map(|it| serde_json::from_value(it.clone()).ok())
        .filter_map(|definition| Resource::defined(&definition))
        .filter(|resource| resource.namespaced);
    resources
        .flat_map(|resource| {
            namespaces.iter().map(move |namespace| Watched {
                resource: resource.clone(),
                namespace: Some(namespace.clone()),
            })
        })
        .collect()
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

async fn read(observer: &Observer, sources: &[Watched]) -> Material {
    let read = |watched: &Watched| {
        let watched = watched.clone();
        async move {
            // A kind that this cluster does not serve has no objects.
            let listing = observer.list(&watched).await.unwrap_or_default();
            (watched, listing)
        }
    };
    Material {
        listings: join_all(sources.iter().map(read)).await,
    }
}

fn draw(material: &Material, namespaces: &[String]) -> ClusterView {
    let forest = workload::forest(material, namespaces);
    ClusterView {
        namespaces: namespaces.to_vec(),
        nodes: node::nodes(material, namespaces),
        workloads: forest.workloads,
        pods: forest.pods,
        services: service::services(material),
        objects: forest.objects,
        events: event::events(material),
        taken: None,
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

    /// Those of every namespace.
    fn every_pod(&self) -> Vec<&Value> {
        self.all("Pod")
    }

    /// The objects of kinds that the cluster was taught.
    fn custom(&self) -> Vec<&Value> {
        self.listings
            .iter()
            .filter(|(watched, _)| Resource::known(&watched.resource.api.kind, None).is_none())
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
