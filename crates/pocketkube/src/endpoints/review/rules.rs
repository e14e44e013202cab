//! What may I do in a namespace?
//!
//! Mirrors `pkg/registry/authorization/selfsubjectrulesreview/rest.go` (v1.35).

use serde_json::{Value, json};

use super::super::request::Request;
use crate::api::StatusError;
use crate::api::tree::text;
use crate::authorization::{Attributes, Decision};

/// Everything, for those who may do everything; the rules of others are not known here.
pub(super) fn of_self(request: &Request<'_>, question: &Value) -> Result<Value, StatusError> {
    let namespace = text(&question["spec"], "namespace");
    if namespace.is_empty() {
        return Err(StatusError::bad_request("no namespace on request"));
    }
    let everything = Attributes {
        user: request.user,
        verb: "*",
        is_resource: true,
        group: "*",
        resource: "*",
        subresource: "",
        namespace: "",
        name: "",
        path: "",
    };
    if request.server.authorizer().authorize(&everything) == Decision::Allow {
        return Ok(json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false,
        }));
    }
    Ok(json!({"resourceRules": [], "nonResourceRules": [], "incomplete": true}))
}
