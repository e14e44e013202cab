//! The generic store of all kinds: reading, and what every write shares.
//!
//! Mirrors `apiserver/pkg/registry/generic/registry/store.go` (v1.35).

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use serde_json::Value;

use super::strategy::{HookContext, Objects};
use super::{Convert, ResourceDef, ResourceTable};
use crate::api::{GroupResource, ObjectRef, StatusError};
use crate::cause::Causes;
use crate::clock::Clock;
use crate::storage::{Command, CommitError, Key, Origin, Storage};

/// All kinds over one storage; clones share it.
#[derive(Clone)]
pub struct Registry {
    pub(crate) storage: Storage,
    resources: Arc<ResourceTable>,
    clock: Clock,
    /// Set once there is a way to other servers.
    pub(super) converter: Arc<OnceLock<Arc<dyn Convert>>>,
}

/// Who writes, and how.
#[derive(Clone, Debug)]
pub struct WriteContext {
    pub user: Arc<str>,
    pub dry_run: bool,
    /// Empty for the object itself.
    pub subresource: String,
    /// What the writer ran, where they said so.
    pub command: Option<Arc<Command>>,
}

/// Validating admission, called with the object as it would be stored. The endpoints implement
/// it; the registry only says when.
#[async_trait]
pub trait Admit: Send + Sync {
    /// `new` is `None` for a deletion, `old` for a creation.
    async fn validate(&self, new: Option<&Value>, old: Option<&Value>) -> Result<(), StatusError>;
}

/// Nobody is asked: for the steps of a request that admission has seen as a whole.
pub struct Unasked;

#[async_trait]
impl Admit for Unasked {
    async fn validate(
        &self,
        _new: Option<&Value>,
        _old: Option<&Value>,
    ) -> Result<(), StatusError> {
        Ok(())
    }
}

impl Registry {
    pub fn new(storage: Storage, resources: Arc<ResourceTable>, clock: Clock) -> Self {
        Self {
            storage,
            resources,
            clock,
            converter: Arc::default(),
        }
    }

    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    pub fn resources(&self) -> &Arc<ResourceTable> {
        &self.resources
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where an object of `resource` is stored.
    pub fn key(&self, resource: &ResourceDef, namespace: &str, name: &str) -> Key {
        let namespace = if resource.is_namespaced() {
            namespace
        } else {
            ""
        };
        Key::new(&resource.storage, namespace, name)
    }

    /// One object as it is stored, or `NotFound`.
    pub fn get(
        &self,
        resource: &ResourceDef,
        namespace: &str,
        name: &str,
    ) -> Result<ObjectRef, StatusError> {
        self.storage
            .get(&self.key(resource, namespace, name))
            .ok_or_else(|| StatusError::not_found(&resource.group_resource(), name))
    }

    /// Who makes a commit now, and why.
    pub(super) fn origin(&self, context: &WriteContext) -> Origin {
        Origin {
            actor: context.user.clone(),
            at: self.clock.now(),
            causes: Causes::current(),
            command: context.command.clone(),
        }
    }

    pub(super) fn hooks<'a>(&'a self, context: &'a WriteContext) -> HookContext<'a> {
        HookContext {
            now: self.clock.now(),
            dry_run: context.dry_run,
            user: &context.user,
            subresource: &context.subresource,
            objects: self,
        }
    }
}

impl Objects for Registry {
    fn get(&self, resource: &GroupResource, namespace: &str, name: &str) -> Option<ObjectRef> {
        let key = Key::new(&Arc::new(resource.clone()), namespace, name);
        self.storage.get(&key)
    }

    fn list(&self, resource: &GroupResource, namespace: &str) -> Vec<ObjectRef> {
        self.storage.list(resource, namespace).items
    }
}

/// A refused commit in the words of the API.
pub(super) fn refused(error: CommitError, resource: &ResourceDef, name: &str) -> StatusError {
    let resource = resource.group_resource();
    match error {
        CommitError::Exists => StatusError::already_exists(&resource, name),
        CommitError::NotFound => StatusError::not_found(&resource, name),
        CommitError::Conflict { .. } => StatusError::modified(&resource, name),
    }
}
