//! May somebody do something? The cluster's authorizers know.
//!
//! Mirrors `pkg/registry/authorization/util/helpers.go` (v1.35).

use serde_json::{Value, json};

use super::super::request::Request;
use crate::api::tree::{entries, strings, text};
use crate::authentication::UserInfo;
use crate::authorization::{Attributes, Decision};

/// The answer about the user that the question names.
pub(super) fn of_subject(request: &Request<'_>, question: &Value) -> Value {
    let spec = &question["spec"];
    let texts = |list: &Value| strings(list).map(str::to_owned).collect();
    let subject = UserInfo {
        name: text(spec, "user").to_owned(),
        uid: text(spec, "uid").to_owned(),
        groups: texts(&spec["groups"]),
        extra: entries(&spec["extra"])
            .map(|(key, values)| (key.clone(), texts(values)))
            .collect(),
        is_component: false,
    };
    decide(request, &subject, spec)
}

/// The answer about the user who asks.
pub(super) fn of_self(request: &Request<'_>, question: &Value) -> Value {
    decide(request, request.user, &question["spec"])
}

fn decide(request: &Request<'_>, user: &UserInfo, spec: &Value) -> Value {
    let (resource, other) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let is_resource = !resource.is_null();
    let verb = if is_resource {
        text(resource, "verb")
    } else {
        text(other, "verb")
    };
    let attributes = Attributes {
        user,
        verb,
        is_resource,
        group: text(resource, "group"),
        resource: text(resource, "resource"),
        subresource: text(resource, "subresource"),
        namespace: text(resource, "namespace"),
        name: text(resource, "name"),
        path: text(other, "path"),
        field_selector: None,
    };
    let authorizer = request.server.authorizer();
    let (mut status, reason) = match authorizer.authorize(&attributes) {
        Decision::Allow => {
            let grant = authorizer.granted_by(&attributes).unwrap_or_default();
            (json!({"allowed": true}), grant)
        }
        Decision::Deny(reason) => (json!({"allowed": false, "denied": true}), reason),
        Decision::NoOpinion(reason) => (json!({"allowed": false}), reason),
    };
    if !reason.is_empty() {
        status["reason"] = json!(reason);
    }
    status
}
