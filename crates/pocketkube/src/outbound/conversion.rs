//! Asking the conversion webhook of a CustomResourceDefinition.
//!
//! Of what comes back, only the object's content and its labels and annotations count: the rest of
//! `metadata` stays as it was. Mirrors
//! `apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go` (v1.35).

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Outbound, Target};
use crate::api::field::go_quote;
use crate::api::tree::{elements, text};
use crate::api::{GroupVersion, StatusError, meta};
use crate::registry::{ConversionWebhook, Convert, new_uid};

const GROUP: &str = "apiextensions.k8s.io";
const KIND: &str = "ConversionReview";
const TIMEOUT: Duration = Duration::from_secs(30);

#[async_trait]
impl Convert for Outbound {
    async fn convert(
        &self,
        webhook: &ConversionWebhook,
        objects: Vec<Value>,
        to: &str,
    ) -> Result<Vec<Value>, StatusError> {
        let from = objects.first().map(kind_of).unwrap_or_default();
        self.ask(webhook, &objects, to).await.map_err(|why| {
            StatusError::new(500, "", format!("conversion webhook for {from} {why}"))
        })
    }
}

impl Outbound {
    async fn ask(
        &self,
        webhook: &ConversionWebhook,
        objects: &[Value],
        to: &str,
    ) -> Result<Vec<Value>, String> {
        let failed = |why: &dyn std::fmt::Display| format!("failed: {why}");
        let target = Target::of(&webhook.client_config).map_err(|error| failed(&error))?;
        let known = |version: &&String| matches!(version.as_str(), "v1" | "v1beta1");
        let version = webhook.review_versions.iter().find(known).ok_or_else(|| {
            failed(&"does not recognize any supported ConversionReview version (v1, v1beta1)")
        })?;
        let uid = new_uid();
        let question = json!({
            "kind": KIND, "apiVersion": format!("{GROUP}/{version}"),
            "request": {"uid": uid, "desiredAPIVersion": to, "objects": objects},
        });
        let answer = self.post(&target, &question, TIMEOUT).await;
        let answer = answer.map_err(|error| failed(&error))?;
        let converted = read(&answer, version, &uid).map_err(|why| failed(&why))?;
        if converted.len() != objects.len() {
            return Err(format!(
                "returned {} objects, expected {}",
                converted.len(),
                objects.len()
            ));
        }
        let pairs = converted.into_iter().zip(objects).enumerate();
        pairs
            .map(|(at, (converted, original))| {
                checked(converted, original, to).map_err(|why| {
                    format!("returned invalid converted object at index {at}: {why}")
                })
            })
            .collect()
    }
}

/// The converted objects in an answer.
fn read(answer: &Value, version: &str, uid: &str) -> Result<Vec<Value>, String> {
    let (api_version, kind) = (meta::api_version(answer), meta::kind(answer));
    if api_version != format!("{GROUP}/{version}") || kind != KIND {
        let got = if api_version.is_empty() {
            "/"
        } else {
            api_version
        };
        return Err(format!(
            "expected webhook response of {GROUP}/{version}, Kind={KIND}, got {got}, Kind={kind}"
        ));
    }
    let response = &answer["response"];
    if !response.is_object() {
        return Err("no response provided".to_owned());
    }
    let answered = text(response, "uid");
    if version == "v1" && answered != uid {
        return Err(format!(
            "expected response.uid={}, got {}",
            go_quote(uid),
            go_quote(answered)
        ));
    }
    let result = &response["result"];
    match (text(result, "status"), text(result, "message")) {
        ("Success", _) => Ok(elements(&response["convertedObjects"]).to_vec()),
        (status, "") => Err(format!(
            "response.result.status was '{status}', not 'Success'"
        )),
        (_, message) => Err(message.to_owned()),
    }
}

/// A converted object that is still the same one, with the metadata that a webhook may not touch.
fn checked(mut converted: Value, original: &Value, to: &str) -> Result<Value, String> {
    if meta::api_version(&converted) != to {
        return Err(format!(
            "invalid groupVersion (expected {to}, received {})",
            meta::api_version(&converted)
        ));
    }
    if meta::kind(&converted) != meta::kind(original) {
        return Err(format!(
            "invalid kind (expected {}, received {})",
            meta::kind(original),
            meta::kind(&converted)
        ));
    }
    if !converted["metadata"].is_object() {
        return Err("missing metadata in converted object".to_owned());
    }
    for (what, read) in [
        ("name", meta::name as fn(&Value) -> &str),
        ("namespace", meta::namespace),
        ("UID", meta::uid),
    ] {
        let (own, other) = (read(original), read(&converted));
        if own != other {
            return Err(format!("must have the same {what}: {own} != {other}"));
        }
    }
    let mut metadata = original["metadata"].clone();
    for field in ["labels", "annotations"] {
        let given = converted["metadata"][field].take();
        let is_none = given.as_object().is_none_or(serde_json::Map::is_empty);
        match metadata.as_object_mut() {
            Some(kept) if is_none => drop(kept.remove(field)),
            _ => metadata[field] = given,
        }
    }
    converted["metadata"] = metadata;
    Ok(converted)
}

/// `example.com/v1, Kind=Bowl`, as Go prints it.
fn kind_of(object: &Value) -> String {
    let GroupVersion { group, version } = GroupVersion::parse(meta::api_version(object));
    format!("{group}/{version}, Kind={}", meta::kind(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(version: &str) -> Value {
        json!({
            "apiVersion": version, "kind": "Bowl",
            "metadata": {"name": "a", "uid": "1", "generation": 3, "labels": {"old": "x"}},
        })
    }

    #[test]
    fn metadata_stays_but_for_labels_and_annotations() {
        let mut converted = object("e.com/v2");
        converted["metadata"]["generation"] = json!(9);
        converted["metadata"]["labels"] = json!({"new": "y"});
        let checked = checked(converted, &object("e.com/v1"), "e.com/v2").unwrap();
        assert_eq!(
            checked["metadata"],
            json!({"name": "a", "uid": "1", "generation": 3, "labels": {"new": "y"}})
        );
    }

    #[test]
    fn what_is_no_longer_the_same_object_is_refused() {
        let original = object("e.com/v1");
        let fault = |change: &dyn Fn(&mut Value)| {
            let mut converted = object("e.com/v2");
            change(&mut converted);
            checked(converted, &original, "e.com/v2").unwrap_err()
        };
        assert_eq!(
            fault(&|o| o["apiVersion"] = json!("e.com/v1")),
            "invalid groupVersion (expected e.com/v2, received e.com/v1)"
        );
        assert_eq!(
            fault(&|o| o["metadata"]["name"] = json!("b")),
            "must have the same name: a != b"
        );
        assert_eq!(
            fault(&|o| drop(o["metadata"].take())),
            "missing metadata in converted object"
        );
    }

    #[test]
    fn answers_without_success_say_why() {
        let answer = |result: Value| {
            let response = json!({"uid": "1", "result": result});
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": KIND, "response": response})
        };
        let why = |result: Value| read(&answer(result), "v1", "1").unwrap_err();
        assert_eq!(
            why(json!({"status": "Failed", "message": "no way"})),
            "no way"
        );
        assert_eq!(
            why(json!({})),
            "response.result.status was '', not 'Success'"
        );
        assert_eq!(
            read(&json!({}), "v1", "1").unwrap_err(),
            "expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind="
        );
    }
}
