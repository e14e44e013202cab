//! OpenAPI documents (being built).

use axum::body::Body;
use http::{Request as HttpRequest, Response};

use super::ApiServer;
use crate::api::StatusError;

/// Documents of the table's present edition.
#[derive(Default)]
pub(super) struct OpenApiCache {}

/// Serves `/openapi/…`.
pub(super) fn serve(
    _server: &ApiServer,
    _segments: &[&str],
    _request: &HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    Err(StatusError::no_such_path())
}
