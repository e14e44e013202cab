//! Deleting an object: preconditions, grace, finalizers, and what becomes of dependents.
//!
//! Mirrors `BeforeDelete` in `apiserver/pkg/registry/rest/delete.go` and `Store.Delete` in
//! `apiserver/pkg/registry/generic/registry/store.go` (v1.35).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::ResourceDef;
use super::store::{Admit, Registry, WriteContext, refused};
use crate::api::{GroupResource, Object, ObjectRef, StatusError, meta};
use crate::storage::CommitError;

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    Orphan,
    Background,
    Foreground,
}

/// The body and query of a DELETE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    pub grace_period_seconds: Option<i64>,
    pub propagation: Option<Propagation>,
    /// The deprecated way to say Orphan or Background.
    pub orphan_dependents: Option<bool>,
    /// The object must have this uid; empty for any.
    pub uid: String,
    /// The object must be at this revision; empty for any.
    pub resource_version: String,
}

/// What a DELETE did.
#[derive(Clone, Debug)]
pub enum Deletion {
    /// The object is gone; this was its last state.
    Removed(ObjectRef),
    /// The object waits for its grace period or its finalizers.
    Pending(ObjectRef),
}

/// How an object has to go.
enum Step {
    RemoveNow,
    /// Store this, with its deletion timestamp and finalizers.
    Mark(Value),
    /// Store this, then remove it at once.
    AlreadyPending,
}

impl Registry {
    /// Deletes an object, or begins to.
    pub async fn delete(
        &self,
        resource: &ResourceDef,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
        context: &WriteContext,
        admission: &dyn Admit,
    ) -> Result<Deletion, StatusError> {
        let key = self.key(resource, namespace, name);
        loop {
            let existing = self.get(resource, namespace, name)?;
            check_preconditions(resource, options, &existing)?;
            let shown = self.present(resource, existing.clone()).await?;
            admission.validate(None, Some(shown.value())).await?;

            let revision = existing.resource_version();
            let step = next_step(resource, existing.value(), options, self.clock().now());
            let result = match step {
                Step::AlreadyPending => return Ok(Deletion::Pending(shown)),
                Step::RemoveNow if context.dry_run => return Ok(Deletion::Removed(shown)),
                Step::Mark(object) if context.dry_run => {
                    return Ok(Deletion::Pending(Object::new(object)));
                }
                Step::RemoveNow => self
                    .storage
                    .delete(&key, revision, existing.to_value(), self.origin(context))
                    .map(Deletion::Removed),
                Step::Mark(object) => self
                    .storage
                    .update(&key, revision, object, self.origin(context))
                    .map(Deletion::Pending),
            };
            match result {
                Ok(Deletion::Removed(object)) => {
                    return Ok(Deletion::Removed(self.present(resource, object).await?));
                }
                Ok(Deletion::Pending(object)) => {
                    return Ok(Deletion::Pending(self.present(resource, object).await?));
                }
                Err(CommitError::Conflict { .. }) => {}
                Err(error) => return Err(refused(error, resource, name)),
            }
        }
    }
}

/// Names the kind where other conflicts name the resource, as upstream does.
fn check_preconditions(
    resource: &ResourceDef,
    options: &DeleteOptions,
    existing: &ObjectRef,
) -> Result<(), StatusError> {
    let metadata = &existing.value()["metadata"];
    for (what, field, wanted, guess) in [
        (
            "UID",
            "uid",
            &options.uid,
            "The object might have been deleted and then recreated",
        ),
        (
            "ResourceVersion",
            "resourceVersion",
            &options.resource_version,
            "The object might have been modified",
        ),
    ] {
        let actual = metadata[field].as_str().unwrap_or_default();
        if !wanted.is_empty() && wanted != actual {
            let why = format!(
                "the {what} in the precondition ({wanted}) does not match the {what} in record ({actual}). {guess}"
            );
            let kind = GroupResource::new(&resource.group, &resource.kind);
            return Err(StatusError::conflict(&kind, existing.name(), &why));
        }
    }
    Ok(())
}

fn next_step(
    resource: &ResourceDef,
    existing: &Value,
    options: &DeleteOptions,
    now: Timestamp,
) -> Step {
    let strategy = resource.strategy.as_ref();
    let finalizers = finalizers_for(existing, options, strategy.orphans_dependents());
    let is_held = !finalizers.is_empty() || strategy.holds_deletion(existing);
    let mut object = existing.clone();
    set_finalizers(&mut object, &finalizers);

    if meta::is_terminating(existing) {
        let pending = existing["metadata"]["deletionGracePeriodSeconds"]
            .as_i64()
            .unwrap_or(0);
        return match options.grace_period_seconds {
            // Only a shorter grace period may follow.
            Some(shorter) if shorter < pending => {
                let begun = meta::timestamp(existing, "deletionTimestamp")
                    .unwrap_or(now)
                    .saturating_sub(SignedDuration::from_secs(pending))
                    .unwrap_or(now);
                if shorter <= 0 && !is_held {
                    return Step::RemoveNow;
                }
                set_deletion(&mut object, begun, shorter.max(0));
                Step::Mark(object)
            }
            _ if pending == 0 && !is_held => Step::RemoveNow,
            _ if object != *existing => Step::Mark(object),
            _ => Step::AlreadyPending,
        };
    }

    let grace = strategy
        .grace_period_seconds(existing, options.grace_period_seconds)
        .unwrap_or(0)
        .max(0);
    if grace == 0 && !is_held {
        return Step::RemoveNow;
    }
    set_deletion(&mut object, now, grace);
    if meta::generation(existing) > 0 {
        let generation = meta::generation(existing) + 1;
        meta::metadata_mut(&mut object).insert("generation".into(), generation.into());
    }
    strategy.prepare_for_delete(&mut object);
    Step::Mark(object)
}

fn set_deletion(object: &mut Value, begun: Timestamp, grace: i64) {
    let end = begun
        .saturating_add(SignedDuration::from_secs(grace))
        .unwrap_or(begun);
    let metadata = meta::metadata_mut(object);
    metadata.insert("deletionTimestamp".into(), meta::format_time(end).into());
    metadata.insert("deletionGracePeriodSeconds".into(), grace.into());
}

/// The object's finalizers, with those of the garbage collector as this deletion asks for them.
fn finalizers_for(
    existing: &Value,
    options: &DeleteOptions,
    orphans_by_default: bool,
) -> Vec<String> {
    let has = |wanted: &str| meta::finalizers(existing).any(|name| name == wanted);
    let (orphan, foreground) = match (options.orphan_dependents, options.propagation) {
        (Some(orphan), _) => (orphan, false),
        (None, Some(propagation)) => (
            propagation == Propagation::Orphan,
            propagation == Propagation::Foreground,
        ),
        (None, None) => (
            has(ORPHAN) || (orphans_by_default && !has(FOREGROUND)),
            has(FOREGROUND),
        ),
    };
    let mut finalizers: Vec<String> = meta::finalizers(existing)
        .filter(|name| *name != ORPHAN && *name != FOREGROUND)
        .map(str::to_owned)
        .collect();
    if orphan {
        finalizers.push(ORPHAN.to_owned());
    }
    if foreground {
        finalizers.push(FOREGROUND.to_owned());
    }
    finalizers
}

fn set_finalizers(object: &mut Value, finalizers: &[String]) {
    if finalizers.is_empty() {
        meta::remove(object, "finalizers");
    } else {
        meta::metadata_mut(object).insert("finalizers".into(), json!(finalizers));
    }
}
