//! A request and its reply, as typed data: what HTTP decodes into, and what in-process clients
//! build directly.

use std::sync::Arc;

use serde_json::Value;

use crate::api::{GroupResource, ObjectRef};
use crate::registry::Verb;
use crate::storage::Command;

/// One request for one resource. Watches go through their own call.
#[derive(Clone, Debug)]
pub struct Call {
    pub verb: Verb,
    pub resource: GroupResource,
    pub version: String,
    /// Empty for cluster-scoped resources and for all namespaces.
    pub namespace: String,
    /// Empty for collections.
    pub name: String,
    /// Empty for the object itself.
    pub subresource: String,
    /// The object, patch or delete options.
    pub body: Value,
    pub options: CallOptions,
}

/// How to read a PATCH body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PatchType {
    Json,
    #[default]
    Merge,
    StrategicMerge,
    /// Server-side apply.
    Apply,
}

/// Query parameters of writes and lists.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub patch_type: PatchType,
    pub field_manager: String,
    /// What the client says that its user ran, or its own name.
    pub command: Option<Arc<Command>>,
    pub force: bool,
    pub dry_run: bool,
    /// `Strict`, `Warn`, `Ignore`, or empty for `Warn`.
    pub field_validation: String,
    pub list: ListOptions,
}

/// Query parameters of list, watch and deletecollection.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    pub label_selector: String,
    pub field_selector: String,
    pub limit: usize,
    pub continue_token: String,
    pub resource_version: String,
    pub resource_version_match: String,
    /// Whether a watch begins with the current state; `None` where that follows from the
    /// revision.
    pub send_initial_events: Option<bool>,
}

/// What a call returned.
#[derive(Clone, Debug)]
pub enum Reply {
    Object(ObjectRef),
    List(ListReply),
    /// A `Status` (deletions of objects that are gone) or another object made for the reply.
    Value(Value),
}

/// A page of objects at one revision.
#[derive(Clone, Debug)]
pub struct ListReply {
    pub items: Vec<ObjectRef>,
    pub revision: u64,
    /// Empty on the last page.
    pub continue_token: String,
    pub remaining: Option<usize>,
}

/// One change that a watcher sees.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    Added(ObjectRef),
    Modified(ObjectRef),
    Deleted(ObjectRef),
    /// Everything up to this revision has been sent.
    Bookmark(u64),
    /// The watcher fell behind the log, or asked for a revision before it: it must list anew.
    Expired(Arc<str>),
}
