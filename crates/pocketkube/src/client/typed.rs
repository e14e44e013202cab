//! Calls on typed objects.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{DeleteOptions, Kind, Patch, ResourceRef, Transport, erased};
use crate::api::{ObjectRef, StatusError};
use crate::authentication::UserInfo;
use crate::endpoints::{ListOptions, Reply};

/// Talks to the cluster in the name of one user; clones are cheap and share everything.
///
/// Every method fails with the `Status` that a remote client would get. Dropping a call's future
/// may leave it done or undone.
#[derive(Clone)]
pub struct Client {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) user: Arc<UserInfo>,
    /// Who owns the fields that this client sets.
    pub(super) field_manager: Arc<str>,
}

impl Client {
    /// A client of `user` whose writes carry `field_manager` in `managedFields`
    /// (`kube-controller-manager`, `kube-scheduler`, `kubelet`).
    pub fn new(transport: Arc<dyn Transport>, user: UserInfo, field_manager: &str) -> Self {
        Self {
            transport,
            user: Arc::new(user),
            field_manager: erased::shorten(field_manager),
        }
    }

    /// The same way to the cluster for another user.
    pub fn with_user(&self, user: UserInfo) -> Self {
        Self {
            user: Arc::new(user),
            ..self.clone()
        }
    }

    pub fn user(&self) -> &UserInfo {
        &self.user
    }

    pub async fn get<K: Kind>(&self, namespace: &str, name: &str) -> Result<K, StatusError> {
        let resource = ResourceRef::of::<K>();
        typed(&self.get_object(&resource, namespace, name).await?)
    }

    /// The object, or `None` where there is none of that name.
    pub async fn find<K: Kind>(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<K>, StatusError> {
        match self.get(namespace, name).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All objects of a namespace, or of all where `namespace` is empty.
    pub async fn list<K: Kind>(&self, namespace: &str) -> Result<Vec<K>, StatusError> {
        self.list_with(namespace, ListOptions::default()).await
    }

    pub async fn list_with<K: Kind>(
        &self,
        namespace: &str,
        options: ListOptions,
    ) -> Result<Vec<K>, StatusError> {
        let resource = ResourceRef::of::<K>();
        let reply = self.list_objects(&resource, namespace, options).await?;
        reply.items.iter().map(typed).collect()
    }

    /// Creates the object in its namespace and returns it as stored.
    pub async fn create<K: Kind>(&self, object: &K) -> Result<K, StatusError> {
        let resource = ResourceRef::of::<K>();
        typed(&self.create_object(&resource, tree(object)?).await?)
    }

    /// Replaces everything but the status. A stale `resourceVersion` is a conflict.
    pub async fn update<K: Kind>(&self, object: &K) -> Result<K, StatusError> {
        self.update_part("", object).await
    }

    /// Replaces the status. A stale `resourceVersion` is a conflict.
    pub async fn update_status<K: Kind>(&self, object: &K) -> Result<K, StatusError> {
        self.update_part("status", object).await
    }

    async fn update_part<K: Kind>(&self, part: &str, object: &K) -> Result<K, StatusError> {
        let resource = ResourceRef::of::<K>();
        typed(&self.update_object(&resource, part, tree(object)?).await?)
    }

    pub async fn patch<K: Kind>(
        &self,
        namespace: &str,
        name: &str,
        patch: Patch,
    ) -> Result<K, StatusError> {
        self.patch_part::<K>((namespace, name, ""), patch).await
    }

    pub async fn patch_status<K: Kind>(
        &self,
        namespace: &str,
        name: &str,
        patch: Patch,
    ) -> Result<K, StatusError> {
        self.patch_part::<K>((namespace, name, "status"), patch)
            .await
    }

    async fn patch_part<K: Kind>(
        &self,
        target: (&str, &str, &str),
        patch: Patch,
    ) -> Result<K, StatusError> {
        let resource = ResourceRef::of::<K>();
        typed(&self.patch_object(&resource, target, patch).await?)
    }

    pub async fn delete<K: Kind>(
        &self,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<(), StatusError> {
        let resource = ResourceRef::of::<K>();
        self.delete_object(&resource, namespace, name, options)
            .await
    }

    /// Posts a typed body to a subresource, such as a `Binding` to a Pod's `binding`.
    pub async fn post<K: Kind, B: Serialize + Sync>(
        &self,
        namespace: &str,
        name: &str,
        subresource: &str,
        body: &B,
    ) -> Result<Reply, StatusError> {
        let resource = ResourceRef::of::<K>();
        let target = (namespace, name, subresource);
        self.create_subresource(&resource, target, tree(body)?)
            .await
    }
}

fn tree<B: Serialize>(object: &B) -> Result<Value, StatusError> {
    serde_json::to_value(object)
        .map_err(|error| StatusError::internal(format!("encoding the object: {error}")))
}

fn typed<K: Kind>(object: &ObjectRef) -> Result<K, StatusError> {
    object.typed().map_err(|error| {
        let kind = K::KIND;
        StatusError::internal(format!("decoding {kind} {:?}: {error}", object.name()))
    })
}
