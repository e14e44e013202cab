//! Calls on objects as trees, for whatever works on all resources alike (garbage collection,
//! namespace deletion) and as the ground that typed calls stand on.

use std::sync::Arc;

use serde_json::Value;

use super::{Client, DeleteOptions, Patch, ResourceRef, WatchReceiver};
use crate::api::{ObjectRef, StatusError, meta};
use crate::endpoints::{Call, CallOptions, ListOptions, ListReply, Reply};
use crate::registry::Verb;

impl Client {
    pub async fn get_object(
        &self,
        resource: &ResourceRef,
        namespace: &str,
        name: &str,
    ) -> Result<ObjectRef, StatusError> {
        let call = self.to_call(resource, Verb::Get, namespace, name);
        one(self.perform(call).await?)
    }

    /// Reads a subresource, such as the `scale` of a workload.
    pub async fn get_subresource(
        &self,
        resource: &ResourceRef,
        (namespace, name, subresource): (&str, &str, &str),
    ) -> Result<ObjectRef, StatusError> {
        let mut call = self.to_call(resource, Verb::Get, namespace, name);
        subresource.clone_into(&mut call.subresource);
        one(self.perform(call).await?)
    }

    /// All objects that the options select, at one revision; of all namespaces where `namespace`
    /// is empty.
    pub async fn list_objects(
        &self,
        resource: &ResourceRef,
        namespace: &str,
        list: ListOptions,
    ) -> Result<ListReply, StatusError> {
        let mut call = self.to_call(resource, Verb::List, namespace, "");
        call.options.list = list;
        match self.perform(call).await? {
            Reply::List(reply) => Ok(reply),
            other => Err(unexpected(&other)),
        }
    }

    /// Follows a resource from its current state (`from == 0`) or from a revision.
    pub fn watch_objects(
        &self,
        resource: &ResourceRef,
        list: ListOptions,
        from: u64,
    ) -> Result<WatchReceiver, StatusError> {
        let mut call = self.to_call(resource, Verb::Watch, "", "");
        call.options.list = list;
        self.transport.watch(&self.user, call, from)
    }

    /// Creates an object in the namespace that it names itself.
    pub async fn create_object(
        &self,
        resource: &ResourceRef,
        object: Value,
    ) -> Result<ObjectRef, StatusError> {
        let mut call = self.to_call(resource, Verb::Create, meta::namespace(&object), "");
        call.body = object;
        one(self.perform(call).await?)
    }

    /// Replaces an object, or with `subresource` the part of that name.
    pub async fn update_object(
        &self,
        resource: &ResourceRef,
        subresource: &str,
        object: Value,
    ) -> Result<ObjectRef, StatusError> {
        let (namespace, name) = (meta::namespace(&object), meta::name(&object));
        let mut call = self.to_call(resource, Verb::Update, namespace, name);
        subresource.clone_into(&mut call.subresource);
        call.body = object;
        one(self.perform(call).await?)
    }

    pub async fn patch_object(
        &self,
        resource: &ResourceRef,
        (namespace, name, subresource): (&str, &str, &str),
        patch: Patch,
    ) -> Result<ObjectRef, StatusError> {
        let mut call = self.to_call(resource, Verb::Patch, namespace, name);
        subresource.clone_into(&mut call.subresource);
        call.options.patch_type = patch.patch_type();
        call.body = match patch {
            Patch::Json(body) | Patch::Merge(body) | Patch::Strategic(body) => body,
            Patch::Apply {
                object,
                field_manager,
                force,
            } => {
                call.options.field_manager = field_manager;
                call.options.force = force;
                object
            }
        };
        one(self.perform(call).await?)
    }

    pub async fn delete_object(
        &self,
        resource: &ResourceRef,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<(), StatusError> {
        let mut call = self.to_call(resource, Verb::Delete, namespace, name);
        call.body = options.to_value();
        self.perform(call).await.map(drop)
    }

    /// Deletes every object of a namespace (or of the cluster) that the options select.
    pub async fn delete_collection(
        &self,
        resource: &ResourceRef,
        namespace: &str,
        list: ListOptions,
        options: &DeleteOptions,
    ) -> Result<(), StatusError> {
        let mut call = self.to_call(resource, Verb::DeleteCollection, namespace, "");
        call.options.list = list;
        call.body = options.to_value();
        self.perform(call).await.map(drop)
    }

    /// Posts a body to an object's subresource, such as `binding`, `eviction` or `token`.
    pub async fn create_subresource(
        &self,
        resource: &ResourceRef,
        (namespace, name, subresource): (&str, &str, &str),
        body: Value,
    ) -> Result<Reply, StatusError> {
        let mut call = self.to_call(resource, Verb::Create, namespace, name);
        subresource.clone_into(&mut call.subresource);
        call.body = body;
        self.perform(call).await
    }

    async fn perform(&self, call: Call) -> Result<Reply, StatusError> {
        self.transport.call(&self.user, call).await
    }

    fn to_call(&self, resource: &ResourceRef, verb: Verb, namespace: &str, name: &str) -> Call {
        Call {
            verb,
            resource: resource.resource.clone(),
            version: resource.version.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: String::new(),
            body: Value::Null,
            options: CallOptions {
                field_manager: self.field_manager.to_string(),
                ..CallOptions::default()
            },
        }
    }
}

fn one(reply: Reply) -> Result<ObjectRef, StatusError> {
    match reply {
        Reply::Object(object) => Ok(object),
        Reply::Value(value) => Ok(crate::api::Object::new(value)),
        Reply::List(_) => Err(unexpected(&reply)),
    }
}

fn unexpected(reply: &Reply) -> StatusError {
    let what = match reply {
        Reply::Object(_) => "an object",
        Reply::List(_) => "a list",
        Reply::Value(_) => "a value",
    };
    StatusError::internal(format!(
        "the reply was {what}, which the call did not ask for"
    ))
}

/// The parts of a [`Client`] that its calls share.
pub(super) fn shorten(name: &str) -> Arc<str> {
    // Field managers are at most 128 characters long.
    name.chars().take(128).collect::<String>().into()
}
