//! Who am I, and whose token is this?
//!
//! Mirrors `pkg/registry/authentication/{selfsubjectreview,tokenreview}` (v1.35).

use serde_json::{Value, json};

use super::super::request::Request;
use crate::api::StatusError;
use crate::api::tree::{strings, text};

/// The user who asks.
pub(super) fn of_self(request: &Request<'_>) -> Value {
    json!({"userInfo": request.user.to_value()})
}

/// The user whom the token in the question belongs to.
pub(super) fn of_token(request: &Request<'_>, question: &Value) -> Result<Value, StatusError> {
    let spec = &question["spec"];
    let token = text(spec, "token");
    if token.is_empty() {
        return Err(StatusError::bad_request(
            "token is required for TokenReview in authentication",
        ));
    }
    let Some(user) = request.server.authenticators().user_of_token(token) else {
        return Ok(json!({"user": {}, "error": "invalid bearer token"}));
    };
    let mut status = json!({"authenticated": true, "user": user.to_value()});
    let audiences: Vec<&str> = strings(&spec["audiences"]).collect();
    if !audiences.is_empty() {
        status["audiences"] = json!(audiences);
    }
    Ok(status)
}
