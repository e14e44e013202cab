//! A definition that goes takes its instances along.
//!
//! Mirrors `apiextensions-apiserver/pkg/controller/finalizer/crd_finalizer.go` (v1.35).

use std::time::Duration;

use serde_json::{Value, json};

use super::{CustomResources, SyncError};
use crate::api::meta;
use crate::api::tree::text;
use crate::client::{DeleteOptions, ResourceRef};
use crate::endpoints::ListOptions;
use crate::registry::apiextensions::customresourcedefinition::{
    CLEANUP_FINALIZER, TERMINATING, set_condition,
};
use crate::registry::apiextensions::{serve, withdraw};

/// How soon instances that are held by finalizers are looked at again.
const AGAIN: Duration = Duration::from_secs(1);

impl CustomResources {
    /// Tells every instance to go, and lets the definition go when none is left.
    pub(super) async fn clean_up(&self, definition: &Value) -> Result<(), SyncError> {
        let name = meta::name(definition);
        let spec = &definition["spec"];
        let (group, plural) = (text(spec, "group"), text(&spec["names"], "plural"));
        let rows = self.resources.versions(group, plural);
        if let Some(row) = rows.iter().find(|row| row.is_custom()) {
            // New instances are refused from now on.
            serve(&self.resources, definition);
            let resource = ResourceRef::from(&**row);
            if self.delete_instances(&resource).await? > 0 {
                self.tell_terminating(
                    name,
                    true,
                    "InstanceDeletionInProgress",
                    "CustomResource deletion is in progress",
                )
                .await?;
                self.queue.add_after(name.to_owned(), AGAIN);
                return Ok(());
            }
        }
        self.tell_terminating(
            name,
            false,
            "InstanceDeletionCompleted",
            "removed all instances",
        )
        .await?;
        self.finalize(name).await?;
        withdraw(&self.resources, name);
        self.enqueue_others(name);
        Ok(())
    }

    /// Deletes every instance and counts those that stay for now.
    async fn delete_instances(&self, resource: &ResourceRef) -> Result<usize, SyncError> {
        let all = ListOptions::default;
        let instances = self.client.list_objects(resource, "", all()).await?.items;
        for instance in &instances {
            if meta::is_terminating(instance.value()) {
                continue;
            }
            let options = DeleteOptions::default();
            let (namespace, name) = (instance.namespace(), instance.name());
            let deleted = self
                .client
                .delete_object(resource, namespace, name, &options);
            match deleted.await {
                Err(error) if !error.is_not_found() => return Err(error.into()),
                _ => {}
            }
        }
        if instances.is_empty() {
            return Ok(0);
        }
        let left = self.client.list_objects(resource, "", all()).await?.items;
        Ok(left.len())
    }

    async fn tell_terminating(
        &self,
        name: &str,
        is_pending: bool,
        reason: &str,
        message: &str,
    ) -> Result<(), SyncError> {
        let now = meta::format_time(self.clock.now());
        self.write_status(name, |definition| {
            let condition = json!({
                "type": TERMINATING, "status": if is_pending { "True" } else { "False" },
                "lastTransitionTime": now, "reason": reason, "message": message,
            });
            set_condition(definition, condition);
        })
        .await
    }

    /// Takes the finalizer away; with the last one the definition goes.
    async fn finalize(&self, name: &str) -> Result<(), SyncError> {
        let outcome = crate::client::retry_on_conflict(|| async {
            let latest = self.client.get_object(&self.resource, "", name).await?;
            let mut definition = latest.to_value();
            let left: Vec<&str> = meta::finalizers(latest.value())
                .filter(|own| *own != CLEANUP_FINALIZER)
                .collect();
            meta::metadata_mut(&mut definition).insert("finalizers".to_owned(), json!(left));
            self.client
                .update_object(&self.resource, "", definition)
                .await
                .map(drop)
        });
        match outcome.await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome?),
        }
    }
}
