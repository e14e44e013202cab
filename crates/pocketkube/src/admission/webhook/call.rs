//! Asking one webhook.
//!
//! Mirrors `callAttrMutatingHook` in `plugin/webhook/mutating/dispatcher.go` and `callHook` in
//! `plugin/webhook/validating/dispatcher.go` (v1.35).

use super::super::Attributes;
use super::invocation::Invocation;
use super::review::{Purpose, Response};
use super::source::Webhook;
use super::{Failure, rejection, review};
use crate::api::StatusError;
use crate::api::field::go_quote;
use crate::outbound::Outbound;
use crate::registry::new_uid;

/// Asks a webhook; its warnings go to `warnings`. Fails where it refuses.
pub(super) async fn ask(
    outbound: &Outbound,
    webhook: &Webhook,
    invocation: &Invocation,
    attributes: &Attributes<'_>,
    purpose: Purpose,
    warnings: &mut Vec<String>,
) -> Result<Response, Failure> {
    if attributes.dry_run && !webhook.allows_dry_run {
        return Err(Failure::Final(rejection::no_dry_run(&webhook.name)));
    }
    let not_asked = |why: String| Failure::Call(failed(&webhook.name, &why));
    let version = webhook.review_version.ok_or_else(|| {
        not_asked(
            "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)"
                .to_owned(),
        )
    })?;
    let target = webhook.target.as_ref();
    let target =
        target.map_err(|error| not_asked(format!("could not get REST client: {error}")))?;
    let uid = new_uid();
    let question = review::of(invocation, attributes, version, &uid);
    let answer = outbound
        .post(target, &question, webhook.timeout)
        .await
        .map_err(|error| not_asked(format!("failed to call webhook: {error}")))?;
    let response = review::read(&answer, version, &uid, purpose)
        .map_err(|why| not_asked(format!("received invalid webhook response: {why}")))?;
    warnings.extend(response.warnings.iter().cloned());
    if response.is_allowed {
        Ok(response)
    } else {
        let refusal = rejection::of(&webhook.name, &response.result);
        Err(Failure::Final(refusal))
    }
}

/// The sentence about a webhook that was called in vain.
pub(super) fn failed(webhook: &str, why: &str) -> String {
    format!("failed calling webhook {}: {why}", go_quote(webhook))
}

/// What becomes of a request after a failure: webhooks that fail open are passed over.
pub(super) fn settle(webhook: &Webhook, failure: Failure) -> Result<(), StatusError> {
    match failure {
        Failure::Final(error) => Err(error),
        Failure::Call(why) if webhook.fails_open => {
            tracing::warn!(webhook = webhook.name, "failing open: {why}");
            Ok(())
        }
        Failure::Call(why) => Err(StatusError::internal(why)),
    }
}
