//! Deletes what nobody owns any longer, and lets owners go in the order that was asked for.
//!
//! Background: dependents go once their owner is gone. Foreground: the owner waits, by a
//! finalizer, until the dependents that block it are gone. Orphan: the owner waits until its
//! dependents have forgotten it. Works on all kinds alike, on metadata only. Mirrors
//! `pkg/controller/garbagecollector` (v1.35).

mod patches;
mod verdict;

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::ObjectReference;
use serde_json::Value;

use self::verdict::{OwnerState, Verdict, judge};
use super::inventory::{Inventory, Item, ItemChange, Owner, owners_of};
use super::{Controller, ControllerContext, SyncError, run};
use crate::api::{GroupVersion, GroupVersionKind, StatusError, meta};
use crate::client::{
    Client, DeleteOptions, EventRecorder, EventType, Propagation, ResourceRef, WorkQueue,
};
use crate::registry::ResourceTable;

const WORKERS: usize = 20;
const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

struct GarbageCollector {
    inventory: Inventory,
    resources: Arc<ResourceTable>,
    client: Client,
    recorder: EventRecorder,
    queue: Arc<WorkQueue<Arc<str>>>,
}

pub(super) fn start(context: ControllerContext) {
    let inventory = context.inventory();
    let controller = Arc::new(GarbageCollector {
        inventory: inventory.clone(),
        resources: context.options.resources.clone(),
        client: context.client.clone(),
        recorder: context.recorder("garbage-collector-controller"),
        queue: context.queue(),
    });
    let handler = controller.clone();
    inventory.subscribe(move |change| handler.item_changed(change));
    inventory.start();
    let queue = (controller.queue.clone(), WORKERS);
    run(
        &context,
        "garbage-collector",
        queue,
        controller,
        async move {
            inventory.wait_synced().await;
        },
    );
}

/// Whether an object waits for its dependents to go first.
fn is_in_foreground(item: &Item) -> bool {
    item.is_terminating && item.has_finalizer(FOREGROUND)
}

impl GarbageCollector {
    fn item_changed(&self, change: &ItemChange) {
        let nobody: &[Owner] = &[];
        let owners =
            |item: &Option<Arc<Item>>| item.as_ref().map_or(nobody, |item| &item.owners).to_vec();
        let (before, after) = (owners(&change.old), owners(&change.new));
        // An owner in the foreground goes on when a dependent lets go of it.
        for owner in before.iter().filter(|owner| !after.contains(owner)) {
            if self
                .inventory
                .get(&owner.uid)
                .is_some_and(|owner| is_in_foreground(&owner))
            {
                self.queue.add(owner.uid.clone());
            }
        }
        let Some(item) = &change.new else {
            if let Some(gone) = &change.old {
                self.enqueue_dependents(&gone.uid);
            }
            return;
        };
        if before != after && after.iter().any(|owner| !self.is_solid(item, owner)) {
            self.queue.add(item.uid.clone());
        }
        let is_news = change.old.as_ref().is_none_or(|old| {
            old.is_terminating != item.is_terminating || old.finalizers != item.finalizers
        });
        if is_news && item.is_terminating {
            if item.has_finalizer(ORPHAN) || item.has_finalizer(FOREGROUND) {
                self.queue.add(item.uid.clone());
            }
            if item.has_finalizer(FOREGROUND) {
                self.enqueue_dependents(&item.uid);
            }
        }
    }

    fn enqueue_dependents(&self, uid: &str) {
        for dependent in self.inventory.dependents(uid) {
            self.queue.add(dependent.uid.clone());
        }
    }

    /// Whether an owner is known to be there, and to stay.
    fn is_solid(&self, item: &Item, owner: &Owner) -> bool {
        let known = self.known_owner(item, owner);
        known.is_some_and(|known| !is_in_foreground(&known))
    }

    /// The owner, if the view has it where the dependent says that it is.
    fn known_owner(&self, item: &Item, owner: &Owner) -> Option<Arc<Item>> {
        self.inventory.get(&owner.uid).filter(|known| {
            (known.namespace.is_empty() || known.namespace == item.namespace)
                && known.name == owner.name
                && known.resource.kind == owner.kind
        })
    }

    /// Lets an owner go once nothing blocks it.
    async fn finish_foreground(&self, item: &Item) -> Result<(), SyncError> {
        let dependents = self.inventory.dependents(&item.uid);
        let blocks = |dependent: &Arc<Item>| {
            let mut owners = dependent.owners.iter();
            owners.any(|owner| owner.uid == item.uid && owner.blocks)
        };
        let blocking: Vec<_> = dependents
            .iter()
            .filter(|dependent| blocks(dependent))
            .collect();
        if blocking.is_empty() {
            return Ok(patches::remove_finalizer(&self.client, item, FOREGROUND).await?);
        }
        for dependent in blocking
            .into_iter()
            .filter(|dependent| !is_in_foreground(dependent))
        {
            self.queue.add(dependent.uid.clone());
        }
        Ok(())
    }

    /// Makes an owner's dependents forget it, then lets it go.
    async fn orphan(&self, item: &Item) -> Result<(), SyncError> {
        for dependent in self.inventory.dependents(&item.uid) {
            patches::remove_owners(&self.client, &dependent, std::slice::from_ref(&item.uid))
                .await?;
        }
        Ok(patches::remove_finalizer(&self.client, item, ORPHAN).await?)
    }

    /// Deletes an object whose owners are gone; frees one of owners that are going.
    async fn collect(&self, item: &Arc<Item>) -> Result<(), SyncError> {
        let resource = item.reference();
        let found = self
            .client
            .get_object(&resource, &item.namespace, &item.name)
            .await;
        let latest = match found {
            Ok(latest) if latest.uid() == &*item.uid => latest,
            Ok(_) => return Ok(()),
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut owners = Vec::new();
        for owner in owners_of(&latest) {
            let state = self.state_of(item, &owner).await?;
            owners.push((owner, state));
        }
        let has_dependents = self.inventory.has_dependents(&item.uid);
        match judge(&owners, has_dependents) {
            Verdict::Keep => Ok(()),
            Verdict::RemoveOwners(uids) => {
                Ok(patches::remove_owners(&self.client, item, &uids).await?)
            }
            Verdict::DeleteInForeground => {
                self.break_circle(item).await?;
                self.delete(item, latest.value(), Propagation::Foreground)
                    .await
            }
            Verdict::Delete => {
                let has = |finalizer| meta::finalizers(latest.value()).any(|own| own == finalizer);
                let propagation = if has(ORPHAN) {
                    Propagation::Orphan
                } else if has(FOREGROUND) {
                    Propagation::Foreground
                } else {
                    Propagation::Background
                };
                self.delete(item, latest.value(), propagation).await
            }
        }
    }

    /// Objects that own each other in a circle must not wait for each other.
    async fn break_circle(&self, item: &Item) -> Result<(), SyncError> {
        let dependents = self.inventory.dependents(&item.uid);
        if dependents
            .iter()
            .any(|dependent| is_in_foreground(dependent))
        {
            patches::unblock_owners(&self.client, item).await?;
        }
        Ok(())
    }

    async fn delete(
        &self,
        item: &Item,
        latest: &Value,
        propagation: Propagation,
    ) -> Result<(), SyncError> {
        let mut options = DeleteOptions::of_uid(&item.uid).propagation(propagation);
        options.resource_version = Some(meta::resource_version(latest).to_string());
        let (resource, namespace, name) = (item.reference(), &item.namespace, &item.name);
        match self
            .client
            .delete_object(&resource, namespace, name, &options)
            .await
        {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    /// Whether an owner exists where the dependent says; asks the server where the view is not
    /// sure.
    async fn state_of(&self, item: &Item, owner: &Owner) -> Result<OwnerState, SyncError> {
        if let Some(known) = self.known_owner(item, owner) {
            return Ok(match is_in_foreground(&known) {
                true => OwnerState::Waiting,
                false => OwnerState::Solid,
            });
        }
        let version = GroupVersion::parse(&owner.api_version);
        let kind = GroupVersionKind::new(&version.group, &version.version, &owner.kind);
        let Some(row) = self.resources.by_kind(&kind) else {
            let message = format!(
                "no matches for kind {:?} in version {version:?}",
                owner.kind,
                version = owner.api_version
            );
            return Err(SyncError::Other(message));
        };
        let namespace = if row.is_namespaced() {
            item.namespace.as_str()
        } else {
            ""
        };
        if row.is_namespaced() && item.namespace.is_empty() {
            self.tell_misplaced(item, owner);
            return Ok(OwnerState::Solid);
        }
        let resource = ResourceRef::from(&*row);
        match self
            .client
            .get_object(&resource, namespace, &owner.name)
            .await
        {
            Ok(found) if found.uid() == &*owner.uid => {
                let finalizers = &mut meta::finalizers(found.value());
                let waits =
                    meta::is_terminating(found.value()) && finalizers.any(|own| own == FOREGROUND);
                Ok(if waits {
                    OwnerState::Waiting
                } else {
                    OwnerState::Solid
                })
            }
            Ok(_) => Ok(self.absent(item, owner)),
            Err(error) if is_absent(&error) => Ok(self.absent(item, owner)),
            Err(error) => Err(error.into()),
        }
    }

    fn absent(&self, item: &Item, owner: &Owner) -> OwnerState {
        if self.inventory.get(&owner.uid).is_some() {
            self.tell_misplaced(item, owner);
        }
        OwnerState::Absent
    }

    /// An owner in another namespace is no owner.
    fn tell_misplaced(&self, item: &Item, owner: &Owner) {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let about = ObjectReference {
            api_version: Some(item.resource.group_version().to_string()),
            kind: Some(item.resource.kind.to_string()),
            namespace: text(&item.namespace),
            name: text(&item.name),
            uid: text(&item.uid),
            ..ObjectReference::default()
        };
        let Owner {
            api_version,
            kind,
            name,
            uid,
            ..
        } = owner;
        let namespace = &item.namespace;
        let message = format!(
            "ownerRef [{api_version}/{kind}, namespace: {namespace}, name: {name}, uid: {uid}] does not exist in namespace {namespace:?}"
        );
        let reason = "OwnerRefInvalidNamespace";
        self.recorder
            .event_about(about, EventType::Warning, reason, message);
    }
}

fn is_absent(error: &StatusError) -> bool {
    error.is_not_found()
}

#[async_trait]
impl Controller for GarbageCollector {
    type Key = Arc<str>;

    async fn sync(&self, uid: &Arc<str>) -> Result<(), SyncError> {
        let Some(item) = self.inventory.get(uid) else {
            return Ok(());
        };
        if item.is_terminating {
            if item.has_finalizer(ORPHAN) {
                return self.orphan(&item).await;
            }
            if item.has_finalizer(FOREGROUND) {
                return self.finish_foreground(&item).await;
            }
            return Ok(());
        }
        if item.owners.is_empty() {
            return Ok(());
        }
        self.collect(&item).await
    }
}
