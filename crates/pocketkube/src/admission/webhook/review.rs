//! The AdmissionReview: what a webhook is asked, and whether its answer is one.
//!
//! Mirrors `CreateAdmissionObjects` and `VerifyAdmissionResponse` in
//! `apiserver/pkg/admission/plugin/webhook/request/admissionreview.go` (v1.35).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::{Attributes, request};
use super::invocation::Invocation;
use crate::api::field::go_quote;
use crate::api::tree::{strings, text};

const GROUP: &str = "admission.k8s.io";
const KIND: &str = "AdmissionReview";

/// What an answer says.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) is_allowed: bool,
    /// The `Status` of a refusal; null where there is none.
    pub(super) result: Value,
    /// The patch as the webhook wrote it, decoded from base64.
    pub(super) patch: Vec<u8>,
    pub(super) patch_type: String,
    pub(super) warnings: Vec<String>,
}

/// Which of the two kinds of webhooks is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Mutating,
    Validating,
}

/// The review that asks about a request, in one of the versions of the API.
pub(super) fn of(
    invocation: &Invocation,
    attributes: &Attributes<'_>,
    version: &str,
    uid: &str,
) -> Value {
    let mut request = request::describe(attributes, invocation.row(attributes));
    request["uid"] = json!(uid);
    request["object"] = invocation.object.clone();
    request["oldObject"] = invocation.old.clone();
    json!({"kind": KIND, "apiVersion": format!("{GROUP}/{version}"), "request": request})
}

/// Reads an answer. The error says why it is none.
pub(super) fn read(
    review: &Value,
    version: &str,
    uid: &str,
    purpose: Purpose,
) -> Result<Response, String> {
    let response = &review["response"];
    if !response.is_object() {
        return Err("webhook response was absent".to_owned());
    }
    if version == "v1" {
        check_identity(review, uid)?;
    }
    let patch = STANDARD
        .decode(text(response, "patch"))
        .map_err(|error| format!("response.patch is not base64: {error}"))?;
    let has_type = !response["patchType"].is_null();
    let mut patch_type = text(response, "patchType").to_owned();
    if version == "v1" {
        check_patch(!patch.is_empty(), has_type, &patch_type, purpose)?;
    } else if !patch.is_empty() {
        // The first version knew no other kind of patch.
        patch_type = "JSONPatch".to_owned();
    }
    let is_allowed = match &response["allowed"] {
        Value::Null => false,
        Value::Bool(allowed) => *allowed,
        other => {
            return Err(format!(
                "json: cannot unmarshal {} into Go struct field AdmissionResponse.response.allowed of type bool",
                json_type(other)
            ));
        }
    };
    Ok(Response {
        is_allowed,
        result: response["status"].clone(),
        patch,
        patch_type,
        warnings: strings(&response["warnings"]).map(str::to_owned).collect(),
    })
}

fn check_identity(review: &Value, uid: &str) -> Result<(), String> {
    let answered = text(&review["response"], "uid");
    if answered != uid {
        return Err(format!(
            "expected response.uid={}, got {}",
            go_quote(uid),
            go_quote(answered)
        ));
    }
    let (version, kind) = (text(review, "apiVersion"), text(review, "kind"));
    if version != format!("{GROUP}/v1") || kind != KIND {
        let version = if version.is_empty() { "/" } else { version };
        return Err(format!(
            "expected webhook response of {GROUP}/v1, Kind={KIND}, got {version}, Kind={kind}"
        ));
    }
    Ok(())
}

fn check_patch(
    has_patch: bool,
    has_type: bool,
    patch_type: &str,
    purpose: Purpose,
) -> Result<(), String> {
    let fault = match (purpose, has_patch, has_type) {
        (Purpose::Validating, true, _) => "validating webhook may not return response.patch",
        (Purpose::Validating, _, true) => "validating webhook may not return response.patchType",
        (Purpose::Mutating, true, false) => {
            "webhook returned response.patch but not response.patchType"
        }
        (Purpose::Mutating, false, true) => {
            "webhook returned response.patchType but not response.patch"
        }
        (Purpose::Mutating, true, true) if patch_type.is_empty() => {
            "webhook returned invalid response.patchType of \"\""
        }
        _ => return Ok(()),
    };
    Err(fault.to_owned())
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Null | Value::Bool(_) => "bool",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(response: Value) -> Value {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
    }

    #[test]
    fn answers_that_are_none_are_told_apart() {
        let patch = STANDARD.encode("[]");
        for (review, purpose, expected) in [
            (
                json!({}),
                Purpose::Validating,
                "webhook response was absent",
            ),
            (
                answer(json!({"uid": "b"})),
                Purpose::Validating,
                "expected response.uid=\"a\", got \"b\"",
            ),
            (
                json!({"response": {"uid": "a", "allowed": true}}),
                Purpose::Validating,
                "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=",
            ),
            (
                answer(json!({"uid": "a", "patch": patch})),
                Purpose::Mutating,
                "webhook returned response.patch but not response.patchType",
            ),
            (
                answer(json!({"uid": "a", "patch": patch, "patchType": "JSONPatch"})),
                Purpose::Validating,
                "validating webhook may not return response.patch",
            ),
            (
                answer(json!({"uid": "a", "allowed": "yes"})),
                Purpose::Validating,
                "json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool",
            ),
        ] {
            assert_eq!(read(&review, "v1", "a", purpose).unwrap_err(), expected);
        }
    }

    #[test]
    fn an_answer_brings_warnings_and_a_patch() {
        let review = answer(json!({
            "uid": "a", "allowed": true, "warnings": ["careful"],
            "patchType": "JSONPatch", "patch": STANDARD.encode("[]"),
        }));
        let response = read(&review, "v1", "a", Purpose::Mutating).unwrap();
        assert!(response.is_allowed);
        assert_eq!(response.warnings, ["careful"]);
        assert_eq!(response.patch, b"[]");
    }

    #[test]
    fn the_first_version_of_the_api_asks_for_less() {
        let review = json!({"response": {"allowed": true, "patch": STANDARD.encode("[]")}});
        let response = read(&review, "v1beta1", "a", Purpose::Mutating).unwrap();
        assert_eq!(response.patch_type, "JSONPatch");
    }
}
