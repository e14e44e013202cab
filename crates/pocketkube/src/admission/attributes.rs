//! What a plugin may know of the request.

use std::sync::Arc;

use serde_json::Value;

use super::Reinvocation;
use crate::api::{GroupVersionKind, StatusError};
use crate::authentication::UserInfo;
use crate::registry::ResourceDef;

/// What is being done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

impl Operation {
    /// As webhooks and policies spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// One request on its way to storage.
pub struct Attributes<'a> {
    pub operation: Operation,
    pub resource: &'a ResourceDef,
    /// Empty for the object itself.
    pub subresource: &'a str,
    pub namespace: &'a str,
    /// Empty while a generated name is still to come.
    pub name: &'a str,
    pub user: &'a Arc<UserInfo>,
    pub dry_run: bool,
    /// The object before; `None` for a creation.
    pub old: Option<&'a Value>,
    /// The body of the options: CreateOptions, UpdateOptions or DeleteOptions.
    pub options: &'a Value,
    /// What the rounds of mutating admission know of each other.
    pub reinvocation: Reinvocation,
}

impl Attributes<'_> {
    /// Whether the request is for this resource and subresource; empty for the object itself.
    pub fn is(&self, group: &str, resource: &str, subresource: &str) -> bool {
        self.resource.group == group
            && self.resource.plural == resource
            && self.subresource == subresource
    }

    /// The kind of the object that is written: a subresource may have one of its own.
    pub fn kind(&self) -> GroupVersionKind {
        kind_of(self.resource, self.subresource)
    }

    /// The refusal of this request.
    pub fn forbidden(&self, why: &str) -> StatusError {
        StatusError::forbidden(&self.resource.group_resource(), self.name, why)
    }
}

/// The kind that a resource has, or its subresource.
pub(super) fn kind_of(resource: &ResourceDef, subresource: &str) -> GroupVersionKind {
    match resource.subresource(subresource) {
        Some(subresource) => subresource.kind.clone(),
        None => resource.group_version_kind(),
    }
}
