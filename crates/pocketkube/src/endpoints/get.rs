//! GET of one object.

use super::call::Reply;
use super::list::too_large;
use super::request::Request;
use crate::api::StatusError;

/// The object as it is now. Fails with 504 where it shall not be older than a revision to come.
pub(super) async fn get(request: &Request<'_>) -> Result<Reply, StatusError> {
    let call = &request.call;
    let registry = request.server.registry();
    if let Ok(wanted) = call.options.list.resource_version.parse::<u64>() {
        let current = registry.storage().revision();
        if wanted > current {
            return Err(too_large(wanted, current));
        }
    }
    if let Some(objects) = request.server.computed(&request.resource, &call.namespace) {
        let found = objects
            .into_iter()
            .find(|object| object.name() == call.name);
        let missing = || StatusError::not_found(&request.resource.group_resource(), &call.name);
        return found.map(Reply::Object).ok_or_else(missing);
    }
    let object = registry
        .read(&request.resource, &call.namespace, &call.name)
        .await?;
    Ok(Reply::Object(object))
}
