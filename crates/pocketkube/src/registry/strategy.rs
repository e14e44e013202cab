//! What differs from kind to kind: defaulting, preparation and validation.
//!
//! Hooks are pure: they see the object (a tree whose types the decoder has already checked against
//! the schema), fill in or report, and never reach for storage except through [`HookContext`].
//! Mirrors `apiserver/pkg/registry/rest/{create,update,delete}.go` and the `strategy.go` of each
//! kind (v1.35).

use jiff::Timestamp;
use serde_json::Value;

use crate::api::field::ErrorList;
use crate::api::names::NameRule;
use crate::api::{GroupResource, ObjectRef, StatusError};

/// What a hook may know besides its object.
pub struct HookContext<'a> {
    pub now: Timestamp,
    pub dry_run: bool,
    /// Who asks: a user name.
    pub user: &'a str,
    /// The subresource that is written; empty for the object itself.
    pub subresource: &'a str,
    /// Other objects as they are now, for allocators and references.
    pub objects: &'a dyn Objects,
}

/// Read access to stored objects.
pub trait Objects: Send + Sync {
    fn get(&self, resource: &GroupResource, namespace: &str, name: &str) -> Option<ObjectRef>;
    /// All of a resource; of one namespace where it is not empty.
    fn list(&self, resource: &GroupResource, namespace: &str) -> Vec<ObjectRef>;
}

/// Something taken for an object that is being written, such as a cluster IP. It is given back
/// on drop unless the write succeeded and kept it.
pub trait Reservation: Send {
    fn keep(self: Box<Self>);
}

/// The policy of one kind. Every hook has a neutral default.
pub trait Strategy: Send + Sync {
    /// Fills in what is missing, as reading through the API would show it. Idempotent.
    fn default(&self, _object: &mut Value) {}

    /// The rule for `metadata.name`.
    fn name_rule(&self) -> NameRule;

    /// Drops what a client may not set and sets what it can't, such as an empty status.
    fn prepare_for_create(&self, _object: &mut Value, _context: &HookContext<'_>) {}

    /// Every mistake in a new object's fields (`metadata` is checked for all kinds alike).
    fn validate(&self, _object: &Value, _context: &HookContext<'_>) -> ErrorList {
        ErrorList::new()
    }

    /// Takes what a new or changed object needs from a shared pool and writes it into the object.
    fn allocate(
        &self,
        _object: &mut Value,
        _old: Option<&Value>,
        _context: &HookContext<'_>,
    ) -> Result<Option<Box<dyn Reservation>>, StatusError> {
        Ok(None)
    }

    /// Keeps what an update may not touch (the status, for one) as it was.
    fn prepare_for_update(&self, _new: &mut Value, _old: &Value, _context: &HookContext<'_>) {}

    /// Every mistake in a changed object, immutable fields included.
    fn validate_update(&self, new: &Value, _old: &Value, context: &HookContext<'_>) -> ErrorList {
        self.validate(new, context)
    }

    /// Keeps everything but the status as it was.
    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        new["spec"] = old["spec"].clone();
    }

    /// Every mistake in a changed status.
    fn validate_status_update(
        &self,
        _new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        ErrorList::new()
    }

    /// Sentences for the `Warning` header of a create or update.
    fn warnings(&self, _object: &Value, _old: Option<&Value>) -> Vec<String> {
        Vec::new()
    }

    /// Whether PUT on a name that does not exist creates it.
    fn allows_create_on_update(&self) -> bool {
        false
    }

    /// Whether PUT without a resourceVersion overwrites.
    fn allows_unconditional_update(&self) -> bool {
        true
    }

    /// Whether objects carry `metadata.generation`.
    fn counts_generation(&self) -> bool {
        false
    }

    /// Whether an update counts the generation up, where the kind has one.
    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        new["spec"] != old["spec"]
    }

    /// Seconds that a deleted object stays, where it is deleted gracefully: from the request
    /// (`requested`), or the object's own wish.
    fn grace_period_seconds(&self, _object: &Value, _requested: Option<i64>) -> Option<i64> {
        None
    }

    /// Finalizer-like fields outside `metadata` that keep a deleted object alive
    /// (`spec.finalizers` of a Namespace).
    fn holds_deletion(&self, _object: &Value) -> bool {
        false
    }

    /// What a graceful or finalized deletion changes besides `metadata.deletionTimestamp`
    /// (`status.phase` of a Namespace).
    fn prepare_for_delete(&self, _object: &mut Value) {}

    /// Whether a deletion that does not say otherwise leaves dependents alone, rather than
    /// deleting them in the background.
    fn orphans_dependents(&self) -> bool {
        false
    }

    /// Whether DELETE answers with the object rather than a `Status`.
    fn returns_deleted_object(&self) -> bool {
        false
    }
}

/// Policy of kinds whose rules are all generic.
pub struct PlainStrategy(pub NameRule);

impl Strategy for PlainStrategy {
    fn name_rule(&self) -> NameRule {
        self.0
    }
}
