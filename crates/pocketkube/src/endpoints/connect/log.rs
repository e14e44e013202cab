//! `kubectl logs`.
//!
//! Mirrors `pkg/registry/core/pod/rest/log.go` and `PodLogOptions` validation (v1.35).

use std::time::Duration;

use axum::body::Body;
use futures::StreamExt;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};

use super::super::query::Query;
use super::Target;
use crate::api::StatusError;
use crate::api::field::{Error, ErrorList, Path};
use crate::clock::Clock;
use crate::registry::core::pod::connect::{LogOptions, OutputStream, container_named, node_of};

/// Streams a container's log as plain text.
pub(super) async fn serve(
    target: &Target,
    query: &Query,
    clock: &Clock,
) -> Result<Response<Body>, StatusError> {
    let options = options(query, clock)?;
    let pod = target.pod.value();
    let container = container_named(pod, query.text("container"))?;
    if node_of(pod).is_none() {
        // Nothing has run yet, so the log is empty.
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        return Ok(response);
    }
    let lines = target.nodes.logs(&target.pod, &container, &options).await?;
    let body = Body::from_stream(lines.map(Ok::<_, std::convert::Infallible>));
    let mut response = Response::new(body);
    let text = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(CONTENT_TYPE, text);
    Ok(response)
}

fn options(query: &Query, clock: &Clock) -> Result<LogOptions, StatusError> {
    let mut errors = ErrorList::new();
    let mut whole = |name: &'static str, least: i64| -> Result<Option<u64>, StatusError> {
        let number = query.number(name)?;
        if let Some(number) = number
            && number < least
        {
            let rule = if least == 0 {
                "must be greater than or equal to 0"
            } else {
                "must be greater than 0"
            };
            errors.push(Error::invalid(Path::new(name), number, rule));
        }
        Ok(number.map(|number| number.max(0).unsigned_abs()))
    };
    let tail_lines = whole("tailLines", 0)?;
    let limit_bytes = whole("limitBytes", 1)?;
    let since_seconds = whole("sinceSeconds", 1)?;
    let since_time = query.text("sinceTime");
    if since_seconds.is_some() && !since_time.is_empty() {
        errors.push(Error::forbidden(
            Path::new(""),
            "at most one of `sinceTime` or `sinceSeconds` may be specified",
        ));
    }
    let stream = match query.text("stream") {
        "" | "All" => None,
        "Stdout" => Some(OutputStream::Stdout),
        "Stderr" => Some(OutputStream::Stderr),
        other => {
            let known = ["All", "Stdout", "Stderr"];
            errors.push(Error::not_supported(Path::new("stream"), other, &known));
            None
        }
    };
    if !errors.is_empty() {
        return Err(StatusError::invalid("", "PodLogOptions", "", &errors));
    }
    let to_usize = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(LogOptions {
        follow: query.flag("follow"),
        previous: query.flag("previous"),
        timestamps: query.flag("timestamps"),
        since: since(since_seconds, since_time, clock.now())?,
        tail_lines: tail_lines.map(to_usize),
        limit_bytes: limit_bytes.map(to_usize),
        stream,
    })
}

fn since(
    seconds: Option<u64>,
    time: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, StatusError> {
    if let Some(seconds) = seconds {
        let span = SignedDuration::try_from(Duration::from_secs(seconds));
        let span = span.unwrap_or(SignedDuration::MAX);
        return Ok(Some(now.saturating_sub(span).unwrap_or(Timestamp::MIN)));
    }
    if time.is_empty() {
        return Ok(None);
    }
    time.parse()
        .map(Some)
        .map_err(|error| StatusError::bad_request(format!("sinceTime: {error}")))
}
