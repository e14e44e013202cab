//! What may I do in a namespace?
//!
//! Mirrors `pkg/registry/authorization/selfsubjectrulesreview/rest.go` (v1.35).

use serde_json::{Value, json};

use super::super::request::Request;
use crate::api::StatusError;
use crate::api::tree::text;
use crate::registry::rbac::PolicyRule;

/// The rules of every role that the user is bound to there, and in the whole cluster.
pub(super) fn of_self(request: &Request<'_>, question: &Value) -> Result<Value, StatusError> {
    let namespace = text(&question["spec"], "namespace");
    if namespace.is_empty() {
        return Err(StatusError::bad_request("no namespace on request"));
    }
    let grants = request.server.authorizer().grants(request.user, namespace);
    let is_about_urls = |rule: &PolicyRule| !rule.non_resource_urls.is_empty();
    let (urls, resources): (Vec<_>, Vec<_>) = grants.rules.into_iter().partition(is_about_urls);
    let mut status = json!({
        "resourceRules": resources, "nonResourceRules": urls, "incomplete": false,
    });
    match grants.errors.as_slice() {
        [] => {}
        [one] => status["evaluationError"] = json!(one),
        many => status["evaluationError"] = json!(format!("[{}]", many.join(", "))),
    }
    Ok(status)
}
