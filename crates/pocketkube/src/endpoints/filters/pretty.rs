//! Answers that people read are written over several lines.
//!
//! Who asks with `?pretty=true`, `curl`, `wget` or a browser is taken for a person. Mirrors
//! `isPrettyPrint` in `apiserver/pkg/endpoints/handlers/negotiation/negotiate.go` (v1.35).

use axum::body::{Body, HttpBody};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::endpoints::query::Query;

/// Whether a person asks.
pub(super) fn is_wanted(headers: &HeaderMap, query: &Query) -> bool {
    if query.has("pretty") {
        return query.flag("pretty");
    }
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    agent.is_some_and(|agent| {
        ["curl", "Wget", "Mozilla/5.0"]
            .iter()
            .any(|person| agent.starts_with(person))
    })
}

/// The same answer in more lines, where it is JSON and of a known length.
pub(super) async fn indent(response: Response<Body>) -> Response<Body> {
    let kind = response.headers().get(CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind == "application/json");
    if !is_json || response.body().size_hint().exact().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(collected) = body.collect().await else {
        // It is all in memory; a body that cannot be read would have no length.
        return Response::from_parts(parts, Body::empty());
    };
    let bytes = collected.to_bytes();
    let indented = serde_json::from_slice::<Value>(&bytes)
        .and_then(|value| serde_json::to_string_pretty(&value));
    match indented {
        Ok(text) => {
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(text))
        }
        Err(_) => Response::from_parts(parts, Body::from(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn people_are_told_from_programs() {
        let wanted = |agent: &'static str, query: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, HeaderValue::from_static(agent));
            is_wanted(&headers, &Query::parse(query))
        };
        assert!(wanted("curl/8.5.0", ""));
        assert!(wanted("kubectl/v1.32", "pretty=true"));
        assert!(!wanted("curl/8.5.0", "pretty=false"));
        assert!(!wanted("kubectl/v1.32", ""));
    }

    #[tokio::test]
    async fn json_is_indented_by_two() {
        let mut response = Response::new(Body::from("{\"a\":[1]}"));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        let body = indent(response).await.into_body();
        let bytes = body.collect().await.unwrap().to_bytes();
        assert_eq!(&bytes[..], b"{\n  \"a\": [\n    1\n  ]\n}");
    }
}
