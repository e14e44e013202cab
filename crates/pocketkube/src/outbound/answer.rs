//! What an answer says, or why it is none.
//!
//! Mirrors `Request.transformResponse` and `Result.Into` in `client-go/rest/request.go` and
//! `NewGenericServerResponse` in `apimachinery/pkg/api/errors` (v1.35).

use http::header::CONTENT_TYPE;
use http::response::Parts;
use serde_json::Value;

use super::CallError;
use crate::api::decode::{self, MediaType};
use crate::api::field::go_quote;
use crate::api::tree::text;

/// Longer texts are cut.
const MESSAGE_LIMIT: usize = 2048;

/// The tree in a successful answer.
pub(super) fn read(head: &Parts, body: &[u8]) -> Result<Value, CallError> {
    let status = head.status.as_u16();
    let content_type = head.headers.get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default();
    let tree = || decode::untyped(MediaType::Json, body).map(|(tree, _)| tree);
    if !(200..=206).contains(&status) {
        let from_status = tree().ok().filter(is_failure);
        return Err(CallError::Refused(match from_status {
            Some(failure) => text(&failure, "message").to_owned(),
            None => refusal(status, content_type, body),
        }));
    }
    if body.is_empty() {
        return Err(CallError::Unreadable(format!(
            "0-length response with status code: {status} and content type: {content_type}"
        )));
    }
    let tree = tree().map_err(|why| {
        CallError::Unreadable(format!(
            "couldn't get version/kind; json parse error: {}",
            why.trim_start_matches("json: ")
        ))
    })?;
    if is_failure(&tree) {
        return Err(CallError::Refused(text(&tree, "message").to_owned()));
    }
    Ok(tree)
}

fn is_failure(tree: &Value) -> bool {
    text(tree, "kind") == "Status" && text(tree, "status") == "Failure"
}

fn refusal(status: u16, content_type: &str, body: &[u8]) -> String {
    let is_text = content_type.is_empty() || content_type.starts_with("text/");
    let said = match std::str::from_utf8(body) {
        Ok(said) if is_text => said.trim().chars().take(MESSAGE_LIMIT).collect(),
        _ => "unknown".to_owned(),
    };
    match status {
        400 => "the server rejected our request for an unknown reason".to_owned(),
        401 => "the server has asked for the client to provide credentials".to_owned(),
        403 | 415 => said,
        404 => "the server could not find the requested resource".to_owned(),
        405 => "the server does not allow this method on the requested resource".to_owned(),
        409 => "the server reported a conflict".to_owned(),
        429 => {
            "the server has received too many requests and has asked us to try again later"
                .to_owned()
        }
        503 => "the server is currently unable to handle the request".to_owned(),
        504 => "the server was unable to return a response in the time allotted, but may still be processing the request".to_owned(),
        500.. => format!(
            "an error on the server ({}) has prevented the request from succeeding",
            go_quote(&said)
        ),
        _ => format!(
            "the server responded with the status code {status} but did not return more information"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, kind: &str, body: &str) -> Result<Value, String> {
        let response = http::Response::builder().status(status);
        let response = response.header(CONTENT_TYPE, kind).body(()).unwrap();
        read(&response.into_parts().0, body.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn servers_without_an_answer_are_told_in_the_words_of_client_go() {
        for (status, kind, body, expected) in [
            (
                404,
                "text/plain",
                "nope",
                "the server could not find the requested resource",
            ),
            (
                500,
                "text/plain",
                "boom\n",
                "an error on the server (\"boom\") has prevented the request from succeeding",
            ),
            (
                502,
                "application/json",
                "{}",
                "an error on the server (\"unknown\") has prevented the request from succeeding",
            ),
            (
                200,
                "application/json",
                "",
                "0-length response with status code: 200 and content type: application/json",
            ),
            (
                200,
                "text/html",
                "<html>",
                "couldn't get version/kind; json parse error: invalid character '<' looking for beginning of value",
            ),
        ] {
            assert_eq!(answer(status, kind, body), Err(expected.to_owned()));
        }
        assert!(answer(200, "application/json", "{\"a\": 1}").is_ok());
    }
}
