//! The `binding` subresource: a scheduler assigns a Pod to a node.
//!
//! What a binding may say and what it does to a Pod is [`pod::binding`]'s business. Mirrors
//! `BindingREST` in `pkg/registry/core/pod/storage/storage.go` (v1.35).

use async_trait::async_trait;
use serde_json::Value;

use super::call::{Call, Reply};
use super::request::Request;
use super::subresource;
use crate::api::{GroupResource, ObjectRef, StatusError, meta};
use crate::registry::core::pod;
use crate::registry::{Admit, Change};

/// Assigns the Pod that the Binding itself names: the collection `bindings`.
pub(super) async fn bind_by_name(
    request: &Request<'_>,
    binding: &Value,
) -> Result<(Reply, bool), StatusError> {
    let call = Call {
        resource: GroupResource::new("", "pods"),
        name: meta::name(binding).to_owned(),
        subresource: "binding".to_owned(),
        ..request.call.clone()
    };
    bind(&Request::new(request.server, request.user, call)?).await
}

/// Assigns the Pod to the target of the Binding in the call's body.
pub(super) async fn bind(request: &Request<'_>) -> Result<(Reply, bool), StatusError> {
    let call = &request.call;
    let errors = pod::binding::validate(&call.body);
    if !errors.is_empty() {
        return Err(StatusError::invalid("", "Binding", &call.name, &errors));
    }
    let admission: &dyn Admit = request;
    request
        .server
        .registry()
        .update(
            &request.resource,
            &call.namespace,
            &call.name,
            &Assign { request },
            &request.write_context(),
            admission,
        )
        .await?;
    Ok(subresource::done())
}

struct Assign<'a> {
    request: &'a Request<'a>,
}

#[async_trait]
impl Change for Assign<'_> {
    async fn apply(&self, existing: &ObjectRef) -> Result<Value, StatusError> {
        let now = self.request.server.registry().clock().now();
        pod::binding::bind(existing.value(), &self.request.call.body, now)
    }
}
