//! Empties namespaces that are being deleted, and then lets them go.
//!
//! Pods go first, then everything else that is served in namespaces, custom resources included.
//! [`content`] deletes and counts, [`conditions`] tells what is left. Unlike upstream there is no
//! grace period before a deletion is noticed: there is one API server only. Mirrors
//! `pkg/controller/namespace` (v1.35).

mod conditions;
mod content;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Namespace;
use parking_lot::Mutex;
use serde_json::json;

use self::content::Remaining;
use super::inventory::Inventory;
use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{Client, Kind, Lister, ResourceRef, WorkQueue, retry_on_conflict};
use crate::clock::Clock;
use crate::registry::ResourceTable;

const WORKERS: usize = 10;
/// In `spec.finalizers`: this controller has work to do first.
const FINALIZER: &str = "kubernetes";

struct NamespaceController {
    namespaces: Lister<Namespace>,
    resources: Arc<ResourceTable>,
    client: Client,
    clock: Clock,
    queue: Arc<WorkQueue<String>>,
    /// The namespaces that wait for their content to go.
    waiting: Mutex<BTreeSet<String>>,
}

pub(super) fn start(context: ControllerContext) {
    let namespaces = context.informers.get::<Namespace>();
    let inventory: Inventory = context.inventory();
    let controller = Arc::new(NamespaceController {
        namespaces: namespaces.lister(),
        resources: context.options.resources.clone(),
        client: context.client.clone(),
        clock: context.clock.clone(),
        queue: context.queue(),
        waiting: Mutex::default(),
    });
    let queue = controller.queue.clone();
    namespaces.subscribe(move |change| {
        let namespace = change.object();
        if namespace.is_terminating() {
            queue.add(namespace.name().to_owned());
        }
    });
    let handler = controller.clone();
    inventory.subscribe(move |change| {
        // Whoever waits for content looks again as soon as some of it is gone.
        if let (Some(gone), None) = (&change.old, &change.new)
            && handler.waiting.lock().contains(&gone.namespace)
        {
            handler.queue.add(gone.namespace.clone());
        }
    });
    inventory.start();
    let queue = (controller.queue.clone(), WORKERS);
    run(
        &context,
        "namespace-controller",
        queue,
        controller,
        async move {
            namespaces.wait_synced().await;
        },
    );
}

#[async_trait]
impl Controller for NamespaceController {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        if self.namespaces.get("", name).is_none() {
            self.waiting.lock().remove(name);
            return Ok(());
        }
        let Some(namespace) = self.client.find::<Namespace>("", name).await? else {
            return Ok(());
        };
        let finalizers = namespace.spec.clone().unwrap_or_default().finalizers;
        if !namespace.is_terminating() || finalizers.unwrap_or_default().is_empty() {
            return Ok(());
        }
        self.waiting.lock().insert(name.clone());
        let remaining = content::delete(self, &namespace).await;
        self.tell(&namespace, &remaining).await?;
        if let Some(error) = remaining.error() {
            return Err(error);
        }
        match remaining.estimate {
            0 => self.finalize(&namespace).await,
            seconds => {
                let wait = u64::try_from(seconds / 2 + 1).unwrap_or(1);
                self.queue
                    .add_after(name.clone(), Duration::from_secs(wait));
                Ok(())
            }
        }
    }
}

impl NamespaceController {
    /// Writes the conditions, if they are news.
    async fn tell(&self, namespace: &Namespace, remaining: &Remaining) -> Result<(), SyncError> {
        let outcome = retry_on_conflict(|| async {
            let mut latest: Namespace = self.client.get("", namespace.name()).await?;
            if conditions::update(&mut latest, remaining, self.clock.now()) {
                self.client.update_status(&latest).await?;
            }
            Ok(())
        });
        match outcome.await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    /// Takes this controller's finalizer away; with the last one the namespace goes.
    async fn finalize(&self, namespace: &Namespace) -> Result<(), SyncError> {
        let resource = ResourceRef::of::<Namespace>();
        let outcome = retry_on_conflict(|| async {
            let latest = self
                .client
                .get_object(&resource, "", namespace.name())
                .await?;
            let mut object = latest.to_value();
            let finalizers = object["spec"]["finalizers"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let left: Vec<_> = finalizers
                .into_iter()
                .filter(|own| own != FINALIZER)
                .collect();
            object["spec"]["finalizers"] = json!(left);
            self.client
                .update_object(&resource, "finalize", object)
                .await
                .map(drop)
        });
        let outcome = outcome.await;
        self.waiting.lock().remove(namespace.name());
        match outcome {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome?),
        }
    }
}
