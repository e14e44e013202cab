//! PATCH: JSON patch, merge patch, strategic merge patch and server-side apply.
//!
//! Mirrors `apiserver/pkg/endpoints/handlers/patch.go` (v1.35).

use http::HeaderMap;
use serde_json::Value;

use async_trait::async_trait;

use super::body::content_type;
use super::call::{PatchType, Reply};
use super::request::Request;
use super::served;
use super::update::{check_identity, finish};
use crate::api::{ObjectRef, StatusError};
use crate::registry::{Admit, Change};

const SUPPORTED: &str = "application/json-patch+json, application/merge-patch+json, \
     application/strategic-merge-patch+json, application/apply-patch+yaml";

/// How the body of a PATCH is to be read.
pub(super) fn patch_type(headers: &HeaderMap) -> Result<PatchType, StatusError> {
    Ok(match content_type(headers) {
        "application/json-patch+json" => PatchType::Json,
        "application/merge-patch+json" => PatchType::Merge,
        "application/strategic-merge-patch+json" => PatchType::StrategicMerge,
        "application/apply-patch+yaml" | "application/apply-patch" => PatchType::Apply,
        other => {
            let _ = other;
            return Err(StatusError::unsupported_media_type(format!(
                "the body of the request was in an unknown format - accepted media types include: {SUPPORTED}"
            )));
        }
    })
}

/// Changes the object by the call's patch. The flag says whether apply made it.
pub(super) async fn patch(request: &Request<'_>) -> Result<(Reply, bool), StatusError> {
    let call = &request.call;
    let admission: &dyn Admit = request;
    let change = Patched { request };
    let object = request
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
        .await?;
    Ok((Reply::Object(object), false))
}

struct Patched<'a> {
    request: &'a Request<'a>,
}

#[async_trait]
impl Change for Patched<'_> {
    async fn apply(&self, existing: &ObjectRef) -> Result<Value, StatusError> {
        let mut object = served::value(&self.request.resource, existing.value()).into_owned();
        json_patch::merge(&mut object, &self.request.call.body);
        check_identity(self.request, &object)?;
        finish(self.request, &mut object, existing).await?;
        Ok(object)
    }
}

/// RFC 6902.
pub(super) fn json(object: &Value, patch: &Value) -> Result<Value, StatusError> {
    let patch: json_patch::Patch = serde_json::from_value(patch.clone())
        .map_err(|error| StatusError::bad_request(error.to_string()))?;
    let mut patched = object.clone();
    json_patch::patch(&mut patched, &patch)
        .map_err(|error| StatusError::new(422, "Invalid", error.to_string()))?;
    Ok(patched)
}
