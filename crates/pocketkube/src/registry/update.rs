//! Changing an object: the one order of hooks for all kinds.
//!
//! Mirrors `BeforeUpdate` in `apiserver/pkg/registry/rest/update.go` and `Store.Update` in
//! `apiserver/pkg/registry/generic/registry/store.go` (v1.35).

use async_trait::async_trait;
use serde_json::Value;

use super::ResourceDef;
use super::store::{Admit, Registry, WriteContext, refused};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::validate::{built_in_object_meta_update, object_meta_update};
use crate::api::{Object, ObjectRef, StatusError, managed_fields, meta};
use crate::storage::CommitError;

/// A change, computed from the latest state. It runs again when another writer was faster.
#[async_trait]
pub trait Change: Send + Sync {
    /// The whole object as it shall be: decoded, defaulted and through mutating admission. Its
    /// `metadata.resourceVersion` is the revision that the writer insists on, if any.
    async fn apply(&self, existing: &ObjectRef) -> Result<Value, StatusError>;
}

impl Registry {
    /// Changes a stored object. An update that changes nothing keeps the revision; one that
    /// removes the last finalizer of a deleted object removes the object.
    pub async fn update(
        &self,
        resource: &ResourceDef,
        namespace: &str,
        name: &str,
        change: &dyn Change,
        context: &WriteContext,
        admission: &dyn Admit,
    ) -> Result<ObjectRef, StatusError> {
        let key = self.key(resource, namespace, name);
        loop {
            let stored = self.get(resource, namespace, name)?;
            let is_stored_as_now = self.is_stored_as_now(resource, stored.value());
            let existing = self.present(resource, stored).await?;
            let mut object = change.apply(&existing).await?;
            check_revision(resource, &mut object, &existing)?;
            check_uid(resource, &object, &existing)?;

            let strategy = resource.strategy.as_ref();
            let hooks = self.hooks(context);
            let old = existing.value();
            carry_over(&mut object, old);
            let reservation = if context.subresource == "status" {
                strategy.prepare_for_status_update(&mut object, old, &hooks);
                None
            } else {
                strategy.prepare_for_update(&mut object, old, &hooks);
                if strategy.counts_generation() && strategy.is_new_generation(&object, old) {
                    let generation = meta::generation(old) + 1;
                    meta::metadata_mut(&mut object).insert("generation".into(), generation.into());
                }
                strategy.allocate(&mut object, Some(old), &hooks)?
            };
            let mut errors = metadata_errors(resource, &object, old);
            errors.extend(if context.subresource == "status" {
                strategy.validate_status_update(&object, old, &hooks)
            } else {
                strategy.validate_update(&object, old, &hooks)
            });
            if !errors.is_empty() {
                return Err(StatusError::invalid(
                    &resource.group,
                    &resource.kind,
                    name,
                    &errors,
                ));
            }
            admission.validate(Some(&object), Some(old)).await?;

            managed_fields::ignore_times(old, &mut object);
            if object == *old && is_stored_as_now {
                return Ok(existing);
            }
            if context.dry_run {
                return Ok(Object::new(object));
            }
            let revision = existing.resource_version();
            let is_deletion_complete = is_deletion_complete(resource, &object, old);
            let object = self.in_stored_version(resource, object).await?;
            let committed = if is_deletion_complete {
                self.storage
                    .delete(&key, revision, object, self.origin(context))
            } else {
                self.storage
                    .update(&key, revision, object, self.origin(context))
            };
            match committed {
                Ok(committed) => {
                    if let Some(reservation) = reservation {
                        reservation.keep();
                    }
                    return self.present(resource, committed).await;
                }
                Err(CommitError::Conflict { .. }) => {}
                Err(error) => return Err(refused(error, resource, name)),
            }
        }
    }
}

/// Refuses a writer that insists on another revision; fills in the current one for a writer that
/// insists on none.
fn check_revision(
    resource: &ResourceDef,
    object: &mut Value,
    existing: &ObjectRef,
) -> Result<(), StatusError> {
    let wanted = object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default();
    let current = existing.resource_version();
    if wanted.is_empty() || wanted == "0" {
        if !resource.strategy.allows_unconditional_update() {
            let error = Error::invalid(
                Path::new("metadata.resourceVersion"),
                0,
                "must be specified for an update",
            );
            let name = existing.name();
            return Err(StatusError::invalid(
                &resource.group,
                &resource.kind,
                name,
                &[error],
            ));
        }
        meta::set_text(object, "resourceVersion", &current.to_string());
        return Ok(());
    }
    match wanted.parse::<u64>() {
        Ok(wanted) if wanted == current => Ok(()),
        Ok(_) => Err(StatusError::modified(
            &resource.group_resource(),
            existing.name(),
        )),
        Err(_) => {
            let error = Error::invalid(
                Path::new("metadata.resourceVersion"),
                wanted,
                "must be a valid resource version",
            );
            let name = existing.name();
            Err(StatusError::invalid(
                &resource.group,
                &resource.kind,
                name,
                &[error],
            ))
        }
    }
}

/// Refuses a writer that means another object of the same name.
fn check_uid(
    resource: &ResourceDef,
    object: &Value,
    existing: &ObjectRef,
) -> Result<(), StatusError> {
    let wanted = meta::uid(object);
    if wanted.is_empty() || wanted == existing.uid() {
        return Ok(());
    }
    let why = format!(
        "Precondition failed: UID in precondition: {wanted}, UID in object meta: {}",
        existing.uid()
    );
    Err(StatusError::conflict(
        &resource.group_resource(),
        existing.name(),
        &why,
    ))
}

/// Metadata that an update may leave out, or may not touch.
fn carry_over(object: &mut Value, old: &Value) {
    let old = &old["metadata"];
    let metadata = meta::metadata_mut(object);
    for field in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        if !metadata.contains_key(field) && !old[field].is_null() {
            metadata.insert(field.to_owned(), old[field].clone());
        }
    }
    match &old["generation"] {
        Value::Null => metadata.remove("generation"),
        generation => metadata.insert("generation".into(), generation.clone()),
    };
    metadata.remove("selfLink");
    for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
        let is_empty = match metadata.get(field) {
            Some(Value::Object(map)) => map.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            _ => false,
        };
        if is_empty {
            metadata.remove(field);
        }
    }
}

fn metadata_errors(resource: &ResourceDef, object: &Value, old: &Value) -> ErrorList {
    let rules = if resource.takes_any_finalizer() {
        object_meta_update
    } else {
        built_in_object_meta_update
    };
    rules(
        &object["metadata"],
        &old["metadata"],
        &Path::new("metadata"),
    )
}

/// Whether nothing keeps a deleted object any longer.
fn is_deletion_complete(resource: &ResourceDef, object: &Value, old: &Value) -> bool {
    old["metadata"]["deletionGracePeriodSeconds"].as_i64() == Some(0)
        && meta::finalizers(object).next().is_none()
        && !resource.strategy.holds_deletion(object)
}
