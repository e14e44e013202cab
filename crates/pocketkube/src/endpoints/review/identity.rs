//! Who am I, and whose token is this?
//!
//! Mirrors `pkg/registry/authentication/{selfsubjectreview,tokenreview}` (v1.35).

use serde_json::{Value, json};

use super::super::request::Request;
use crate::api::StatusError;
use crate::api::tree::{strings, text};
use crate::authentication::UserInfo;

/// The user who asks.
pub(super) fn of_self(request: &Request<'_>) -> Value {
    json!({"userInfo": user_info(request.user)})
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
    let mut status = json!({"authenticated": true, "user": user_info(&user)});
    let audiences: Vec<&str> = strings(&spec["audiences"]).collect();
    if !audiences.is_empty() {
        status["audiences"] = json!(audiences);
    }
    Ok(status)
}

fn user_info(user: &UserInfo) -> Value {
    let mut info = json!({"username": user.name});
    if !user.uid.is_empty() {
        info["uid"] = json!(user.uid);
    }
    if !user.groups.is_empty() {
        info["groups"] = json!(user.groups);
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_does_not_have_is_left_out() {
        assert_eq!(
            user_info(&UserInfo::new("eve", &["g"])),
            json!({"username": "eve", "groups": ["g"]})
        );
    }
}
