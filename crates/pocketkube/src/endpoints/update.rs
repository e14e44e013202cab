//! PUT: an object replaced as a whole.
//!
//! Mirrors `apiserver/pkg/endpoints/handlers/update.go` (v1.35).

use async_trait::async_trait;
use serde_json::Value;

use super::call::Reply;
use super::create::create_object;
use super::fields::{self, Ownership};
use super::request::Request;
use super::served;
use crate::admission::Operation;
use crate::api::{ObjectRef, StatusError, meta};
use crate::registry::{Admit, Change};

/// Replaces the object, or its status where the call names that subresource. Where the kind
/// allows it, an object that does not exist is created.
pub(super) async fn update(request: &Request<'_>) -> Result<(Reply, bool), StatusError> {
    let call = &request.call;
    check_identity(request, &call.body)?;
    let registry = request.server.registry();
    let admission: &dyn Admit = request;
    let change = Replace { request };
    let updated = registry
        .update(
            &request.resource,
            &call.namespace,
            &call.name,
            &change,
            &request.write_context(),
            admission,
        )
        .await;
    match updated {
        Err(error)
            if error.is_not_found()
                && call.subresource.is_empty()
                && request.resource.strategy.allows_create_on_update() =>
        {
            request.authorize("create")?;
            let object = create_object(request, call.body.clone(), Ownership::Track).await?;
            Ok((Reply::Object(object), true))
        }
        other => Ok((Reply::Object(other?), false)),
    }
}

/// The body must be the object that the path names.
pub(super) fn check_identity(request: &Request<'_>, object: &Value) -> Result<(), StatusError> {
    let call = &request.call;
    let name = meta::name(object);
    if name.is_empty() && meta::generate_name(object).is_empty() {
        return Err(StatusError::bad_request("name must be provided"));
    }
    if name != call.name {
        return Err(StatusError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.name
        )));
    }
    let namespace = meta::namespace(object);
    if request.resource.is_namespaced() && !namespace.is_empty() && namespace != call.namespace {
        return Err(StatusError::bad_request(format!(
            "the namespace of the object ({namespace}) does not match the namespace on the request ({})",
            call.namespace
        )));
    }
    Ok(())
}

struct Replace<'a> {
    request: &'a Request<'a>,
}

#[async_trait]
impl Change for Replace<'_> {
    async fn apply(&self, existing: &ObjectRef) -> Result<Value, StatusError> {
        let mut object = self.request.call.body.clone();
        finish(self.request, &mut object, existing, Ownership::Track).await?;
        Ok(object)
    }
}

/// What every changed object goes through before the registry sees it.
pub(super) async fn finish(
    request: &Request<'_>,
    object: &mut Value,
    existing: &ObjectRef,
    ownership: Ownership,
) -> Result<(), StatusError> {
    let resource = &request.resource;
    served::to_storage(resource, object);
    if resource.is_namespaced() {
        meta::set_text(object, "namespace", &request.call.namespace);
    }
    resource.strategy.default(object);
    if ownership == Ownership::Track {
        fields::own(request, object, Some(existing.value()));
    }
    request
        .mutate(Operation::Update, object, Some(existing.value()))
        .await?;
    request.remark(resource.strategy.warnings(object, Some(existing.value())));
    Ok(())
}
