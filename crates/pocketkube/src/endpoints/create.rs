//! POST: a new object.
//!
//! Mirrors `apiserver/pkg/endpoints/handlers/create.go` (v1.35).

use serde_json::Value;

use super::call::Reply;
use super::fields::{self, Ownership};
use super::request::Request;
use super::served;
use crate::admission::Operation;
use crate::api::{ObjectRef, StatusError, meta};
use crate::registry::Admit;

/// Creates the object in the call's body, which it takes.
pub(super) async fn create(request: &mut Request<'_>) -> Result<Reply, StatusError> {
    let object = std::mem::take(&mut request.call.body);
    let created = create_object(request, object, Ownership::Track).await?;
    Ok(Reply::Object(created))
}

/// Creates `object`, which has been decoded but not defaulted.
pub(super) async fn create_object(
    request: &Request<'_>,
    mut object: Value,
    ownership: Ownership,
) -> Result<ObjectRef, StatusError> {
    let resource = &request.resource;
    served::to_storage(resource, &mut object);
    settle_namespace(request, &mut object)?;
    resource.strategy.default(&mut object);
    if ownership == Ownership::Track {
        fields::own(request, &mut object, None);
    }
    request.mutate(Operation::Create, &mut object, None).await?;
    request.remark(resource.strategy.warnings(&object, None));
    let admission: &dyn Admit = request;
    request
        .server
        .registry()
        .create(
            resource,
            &request.call.namespace,
            object,
            &request.write_context(),
            admission,
        )
        .await
}

/// The namespace of the path, which the body may repeat but not contradict.
pub(super) fn settle_namespace(
    request: &Request<'_>,
    object: &mut Value,
) -> Result<(), StatusError> {
    let wanted = meta::namespace(object);
    if !request.resource.is_namespaced() {
        return if wanted.is_empty() {
            Ok(())
        } else {
            meta::remove(object, "namespace");
            Ok(())
        };
    }
    let namespace = &request.call.namespace;
    if namespace.is_empty() {
        return Err(StatusError::bad_request(
            "an empty namespace may not be set during creation",
        ));
    }
    if !wanted.is_empty() && wanted != namespace {
        return Err(StatusError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    meta::set_text(object, "namespace", namespace);
    Ok(())
}
