//! Follows CustomResourceDefinitions: accepts their names, serves what they define, and removes
//! the instances of those that go.
//!
//! [`names`] decides who may have which name, [`status`] what the conditions say, [`cleanup`]
//! empties a definition that is being deleted. How a definition becomes rows of the resource table
//! is the registry's business. Mirrors `apiextensions-apiserver/pkg/controller/{status,establish,
//! finalizer,apiapproval}` (v1.35).

mod cleanup;
mod names;
mod status;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::RwLock;
use serde_json::Value;

use super::{Controller, ControllerContext, SyncError, run};
use crate::api::tree::text;
use crate::api::{ObjectRef, meta};
use crate::authentication::UserInfo;
use crate::client::{Client, ResourceRef, WorkQueue, retry_on_conflict};
use crate::clock::Clock;
use crate::endpoints::{ListOptions, WatchEvent};
use crate::registry::ResourceTable;
use crate::registry::apiextensions::customresourcedefinition::CLEANUP_FINALIZER;
use crate::registry::apiextensions::{GROUP, serve, withdraw};

/// How long a failed watch waits before it tries again.
const RETRY: Duration = Duration::from_secs(1);

/// The definitions as the watch last saw them.
type Seen = Arc<RwLock<BTreeMap<String, ObjectRef>>>;

struct CustomResources {
    seen: Seen,
    resources: Arc<ResourceTable>,
    client: Client,
    clock: Clock,
    queue: Arc<WorkQueue<String>>,
    resource: ResourceRef,
}

pub(super) fn start(context: ControllerContext) {
    let controller = Arc::new(CustomResources {
        seen: Seen::default(),
        resources: context.options.resources.clone(),
        // Upstream this is a part of the API server, which asks nobody for permission.
        client: context
            .client
            .with_user(UserInfo::new("system:apiserver", &["system:masters"])),
        clock: context.clock.clone(),
        queue: context.queue(),
        resource: ResourceRef::new(GROUP, "v1", "customresourcedefinitions"),
    });
    let watching = controller.clone();
    context
        .tasks
        .spawn("customresourcedefinitions", async move {
            watching.watch().await
        });
    // One worker: names are given to whoever asks first.
    let queue = (controller.queue.clone(), 1);
    let name = "crd-controller";
    run(&context, name, queue, controller, std::future::ready(()));
}

impl CustomResources {
    /// Keeps `seen` in step with the definitions and enqueues what changes.
    async fn watch(&self) {
        loop {
            let events = self
                .client
                .watch_objects(&self.resource, ListOptions::default(), 0);
            match events {
                Ok(mut events) => {
                    while let Some(event) = events.next().await {
                        match event {
                            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                                let name = object.name().to_owned();
                                self.seen.write().insert(name.clone(), object);
                                self.queue.add(name);
                            }
                            WatchEvent::Deleted(object) => {
                                self.seen.write().remove(object.name());
                                self.queue.add(object.name().to_owned());
                            }
                            WatchEvent::Bookmark(_) => {}
                            WatchEvent::Expired(_) => break,
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "watch of definitions failed"),
            }
            self.clock.sleep(RETRY).await;
        }
    }

    /// Others of the group may get names that are free now.
    fn enqueue_others(&self, name: &str) {
        let group = name.split_once('.').map_or("", |(_, group)| group);
        for (other, definition) in &*self.seen.read() {
            if other != name && text(&definition.value()["spec"], "group") == group {
                self.queue.add(other.clone());
            }
        }
    }

    /// Writes the status that `change` makes, if it is another than before.
    async fn write_status(
        &self,
        name: &str,
        change: impl Fn(&mut Value) + Send + Sync,
    ) -> Result<(), SyncError> {
        let outcome = retry_on_conflict(|| async {
            let latest = self.client.get_object(&self.resource, "", name).await?;
            let mut definition = latest.to_value();
            change(&mut definition);
            if definition == *latest.value() {
                return Ok(());
            }
            let updated = self
                .client
                .update_object(&self.resource, "status", definition)
                .await?;
            self.seen.write().insert(name.to_owned(), updated);
            Ok(())
        });
        match outcome.await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome?),
        }
    }
}

#[async_trait]
impl Controller for CustomResources {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let definition = match self.client.get_object(&self.resource, "", name).await {
            Ok(definition) => definition,
            Err(error) if error.is_not_found() => {
                withdraw(&self.resources, name);
                self.enqueue_others(name);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if meta::is_terminating(definition.value()) {
            if meta::finalizers(definition.value()).any(|own| own == CLEANUP_FINALIZER) {
                return self.clean_up(definition.value()).await;
            }
            return Ok(());
        }
        let taken = names::taken_by_others(&self.seen.read(), definition.value());
        let status = status::wanted(definition.value(), &taken, self.clock.now());
        let is_news = status != definition.value()["status"];
        let mut decided = std::borrow::Cow::Borrowed(definition.value());
        if is_news {
            decided.to_mut()["status"] = status.clone();
        }
        // Served first, told second: whoever waits for the condition can use the resource.
        if status::is_established(&decided) {
            serve(&self.resources, &decided);
        }
        if is_news {
            self.write_status(name, |latest| latest["status"] = status.clone())
                .await?;
            self.enqueue_others(name);
        }
        Ok(())
    }
}
