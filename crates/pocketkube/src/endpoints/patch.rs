//! PATCH: JSON patch, merge patch, strategic merge patch and server-side apply.
//!
//! Mirrors `apiserver/pkg/endpoints/handlers/patch.go` (v1.35).

use http::HeaderMap;
use serde_json::Value;

use async_trait::async_trait;

use super::body::content_type;
use super::call::{PatchType, Reply};
use super::create::create_object;
use super::decoding::shape_of;
use super::fields::{self, Ownership};
use super::request::Request;
use super::served;
use super::update::{check_identity, finish};
use crate::api::decode::{self, FieldValidation, Shape};
use crate::api::status::Details;
use crate::api::{GroupVersionKind, ObjectRef, StatusError, patch};
use crate::registry::{Admit, Change, SubresourceKind};

const SUPPORTED: &str = "application/json-patch+json, application/merge-patch+json, \
     application/strategic-merge-patch+json, application/apply-patch+yaml";
/// Custom resources have no strategic merge patch: their schemas name no merge keys.
const SUPPORTED_CUSTOM: &str =
    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";

/// How the body of a PATCH is to be read.
pub(super) fn patch_type(headers: &HeaderMap) -> Result<PatchType, StatusError> {
    Ok(match content_type(headers) {
        "application/json-patch+json" => PatchType::Json,
        "application/merge-patch+json" => PatchType::Merge,
        "application/strategic-merge-patch+json" => PatchType::StrategicMerge,
        "application/apply-patch+yaml" | "application/apply-patch" => PatchType::Apply,
        _ => return Err(unsupported(SUPPORTED)),
    })
}

fn unsupported(accepted: &str) -> StatusError {
    StatusError::unsupported_media_type(format!(
        "the body of the request was in an unknown format - accepted media types include: {accepted}"
    ))
    .with_details(Details::default())
}

/// Changes the object by the call's patch. The flag says whether apply made it.
pub(super) async fn patch(request: &Request<'_>) -> Result<(Reply, bool), StatusError> {
    let call = &request.call;
    let admission: &dyn Admit = request;
    let change = Patched { request };
    let is_apply = call.options.patch_type == PatchType::Apply;
    let patched = request
        .server
        .registry()
        .update(
            &request.resource,
            &call.namespace,
            &call.name,
            &change,
            &request.write_context(),
            admission,
        )
        .await;
    match patched {
        // Apply makes what does not exist.
        Err(error) if is_apply && error.is_not_found() && call.subresource.is_empty() => {
            request.authorize("create")?;
            let applied = fields::apply(request, None)?;
            let object = normalized(request, &applied)?;
            check_identity(request, &object)?;
            let object = create_object(request, object, Ownership::Settled).await?;
            Ok((Reply::Object(object), true))
        }
        other => Ok((Reply::Object(other?), false)),
    }
}

struct Patched<'a> {
    request: &'a Request<'a>,
}

#[async_trait]
impl Change for Patched<'_> {
    async fn apply(&self, existing: &ObjectRef) -> Result<Value, StatusError> {
        let current = served::value(&self.request.resource, existing.value());
        let patched = patched(self.request, &current)?;
        let mut object = normalized(self.request, &patched)?;
        check_identity(self.request, &object)?;
        let ownership = match self.request.call.options.patch_type {
            PatchType::Apply => Ownership::Settled,
            _ => Ownership::Track,
        };
        finish(self.request, &mut object, existing, ownership).await?;
        Ok(object)
    }
}

/// `current` with the call's patch applied.
pub(super) fn patched(request: &Request<'_>, current: &Value) -> Result<Value, StatusError> {
    let patch = &request.call.body;
    match request.call.options.patch_type {
        PatchType::Json => patch::json::apply(current, patch),
        PatchType::Merge => patch::merge::apply(current, patch),
        PatchType::StrategicMerge => match shape_of(&request.resource, &kind_of(request)) {
            Shape::BuiltIn(message) => patch::strategic::apply(current, patch, message),
            Shape::Custom(_) => Err(unsupported(SUPPORTED_CUSTOM)),
        },
        PatchType::Apply => fields::apply(request, Some(current)),
    }
}

/// The kind of the patch's target.
fn kind_of(request: &Request<'_>) -> GroupVersionKind {
    match request.resource.subresource(&request.call.subresource) {
        Some(subresource) if matches!(subresource.behaviour, SubresourceKind::Scale(_)) => {
            subresource.kind.clone()
        }
        _ => request.resource.group_version_kind(),
    }
}

/// The patched tree in normal form, judged as the request's field validation says.
pub(super) fn normalized(request: &Request<'_>, patched: &Value) -> Result<Value, StatusError> {
    let shape = shape_of(&request.resource, &kind_of(request));
    let result = decode::normalize(patched, shape)
        .map_err(|why| patch::bad_result(&patched.to_string(), &why))?;
    let mut unknown = match request.call.options.patch_type {
        PatchType::Json => patch::json::unknown_fields(&request.call.body),
        _ => Vec::new(),
    };
    unknown.extend(result.strict_errors);
    match FieldValidation::parse(&request.call.options.field_validation) {
        Some(FieldValidation::Strict) if !unknown.is_empty() => {
            let why = decode::strict_decoding_error(&unknown);
            return Err(patch::bad_result(&request.call.body.to_string(), &why));
        }
        Some(FieldValidation::Warn) => request.warn(unknown),
        _ => {}
    }
    Ok(result.value)
}
