//! GET of one object.

use super::call::Reply;
use super::request::Request;
use crate::api::StatusError;

/// The object as it is now.
pub(super) fn get(request: &Request<'_>) -> Result<Reply, StatusError> {
    let call = &request.call;
    let registry = request.server.registry();
    let object = registry.get(&request.resource, &call.namespace, &call.name)?;
    Ok(Reply::Object(object))
}
