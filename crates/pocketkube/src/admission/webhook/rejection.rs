//! A webhook's refusal as the client sees it.
//!
//! Mirrors `apiserver/pkg/admission/plugin/webhook/errors/statuserror.go` (v1.35).

use serde_json::Value;

use crate::api::StatusError;
use crate::api::field::go_quote;
use crate::api::status::{Cause, Details};
use crate::api::tree::{elements, text};

/// The error for a refusal with this `Status`, which the webhook may have left out.
pub(super) fn of(webhook: &str, result: &Value) -> StatusError {
    let denied = format!("admission webhook {} denied the request", go_quote(webhook));
    let reason = text(result, "reason");
    let message = match (text(result, "message"), reason) {
        ("", "") => format!("{denied} without explanation"),
        ("", reason) => format!("{denied}: {reason}"),
        (message, _) => format!("{denied}: {message}"),
    };
    // A code that means success cannot come with a refusal.
    let code = result["code"].as_u64().and_then(|c| u16::try_from(c).ok());
    let code = code.filter(|code| (400..600).contains(code)).unwrap_or(400);
    let error = StatusError::new(code, reason.to_owned(), message);
    match &result["details"] {
        given @ Value::Object(_) => error.with_details(details(given)),
        _ => error,
    }
}

/// Asked with dry run, a webhook that may do more than answer is not called.
pub(super) fn no_dry_run(webhook: &str) -> StatusError {
    StatusError::bad_request(format!(
        "admission webhook {} does not support dry run",
        go_quote(webhook)
    ))
}

fn details(given: &Value) -> Details {
    let own = |field: &str| text(given, field).to_owned();
    let cause = |cause: &Value| Cause {
        reason: text(cause, "reason").to_owned(),
        message: text(cause, "message").to_owned(),
        field: text(cause, "field").to_owned(),
    };
    let seconds = given["retryAfterSeconds"].as_u64();
    Details {
        name: own("name"),
        group: own("group"),
        kind: own("kind"),
        uid: own("uid"),
        causes: elements(&given["causes"]).iter().map(cause).collect(),
        retry_after_seconds: seconds.and_then(|s| u32::try_from(s).ok()).unwrap_or(0),
        continue_token: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_keeps_what_the_webhook_says_about_it() {
        for (result, code, reason, message) in [
            (
                json!({"message": "no latest tag", "code": 403, "reason": "Forbidden"}),
                403,
                "Forbidden",
                "admission webhook \"a.b.c\" denied the request: no latest tag",
            ),
            (
                json!({"reason": "no latest tag"}),
                400,
                "no latest tag",
                "admission webhook \"a.b.c\" denied the request: no latest tag",
            ),
            (
                Value::Null,
                400,
                "",
                "admission webhook \"a.b.c\" denied the request without explanation",
            ),
            (
                json!({"code": 200, "message": "no"}),
                400,
                "",
                "admission webhook \"a.b.c\" denied the request: no",
            ),
        ] {
            let error = of("a.b.c", &result);
            assert_eq!((error.code, error.reason.as_ref()), (code, reason));
            assert_eq!(error.message, message);
        }
    }
}
