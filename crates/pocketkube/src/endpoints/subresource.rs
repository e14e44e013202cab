//! Subresources with a handler of their own: one row each.

use serde_json::json;

use super::call::Reply;
use super::request::Request;
use crate::api::StatusError;

/// Serves a subresource that is neither status nor scale nor a connection.
pub(super) async fn serve(request: &Request<'_>) -> Result<(Reply, bool), StatusError> {
    match (
        request.resource.plural.as_ref(),
        request.call.subresource.as_str(),
    ) {
        ("namespaces", "finalize") => super::update::update(request).await,
        ("serviceaccounts", "token") => Ok((super::token_request::create(request)?, true)),
        ("pods", "binding") => super::binding::bind(request).await,
        ("pods", "eviction") => super::eviction::evict(request).await,
        ("pods", "ephemeralcontainers" | "resize") | ("certificatesigningrequests", "approval") => {
            match request.call.verb {
                crate::registry::Verb::Get => Ok((super::get::get(request).await?, false)),
                crate::registry::Verb::Patch => super::patch::patch(request).await,
                _ => super::update::update(request).await,
            }
        }
        _ => Err(StatusError::no_such_path()),
    }
}

/// The answer of a subresource that has done what it was asked and has no object to show.
pub(super) fn done() -> (Reply, bool) {
    let success = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
    });
    (Reply::Value(success), true)
}
