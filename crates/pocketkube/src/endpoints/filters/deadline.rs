//! How long a request may take: a minute, or less where `?timeout=` says so.
//!
//! Mirrors `apiserver/pkg/endpoints/filters/request_deadline.go` (v1.35). Watches and connections
//! have no limit here.

use std::time::Duration;

use super::is_long_running;
use crate::api::StatusError;
use crate::endpoints::query::Query;
use crate::endpoints::request_info::RequestInfo;

const LONGEST: Duration = Duration::from_secs(60);

/// The limit of a request. Fails with 400 where the client's cannot be read.
pub(super) fn of(info: &RequestInfo, query: &Query) -> Result<Option<Duration>, StatusError> {
    if is_long_running(info) {
        return Ok(None);
    }
    let wanted = match query.text("timeout") {
        "" => return Ok(Some(LONGEST)),
        text => parse(text).ok_or_else(|| {
            StatusError::bad_request(format!(
                "invalid timeout specified in the request URL - time: invalid duration {text:?}"
            ))
        })?,
    };
    // Nothing, and more than there is, both mean the most there is.
    Ok(Some(if wanted.is_zero() || wanted > LONGEST {
        LONGEST
    } else {
        wanted
    }))
}

/// The outcome of a request, or 504 once its time is over. Time is the client's, whatever the
/// cluster's clock does.
pub(super) async fn bound<T>(
    limit: Duration,
    request: impl Future<Output = Result<T, StatusError>>,
) -> Result<T, StatusError> {
    match tokio::time::timeout(limit, request).await {
        Ok(outcome) => outcome,
        Err(_) => Err(StatusError::timeout(
            "Timeout: request did not complete within requested timeout - context deadline exceeded",
        )),
    }
}

/// A duration as Go writes it: `300ms`, `1.5h`, `2h45m`. Negative ones count as none.
fn parse(text: &str) -> Option<Duration> {
    let (is_negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        rest = &rest[end..];
        seconds += number * unit;
    }
    if is_negative {
        return Some(Duration::ZERO);
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn limit(query: &str) -> Result<Option<Duration>, StatusError> {
        let info = RequestInfo::parse(&Method::GET, "/api/v1/pods", false);
        of(&info, &Query::parse(query))
    }

    #[test]
    fn clients_may_ask_for_less_than_a_minute() {
        let seconds = |seconds| Ok(Some(Duration::from_secs_f64(seconds)));
        assert_eq!(limit(""), seconds(60.0));
        assert_eq!(limit("timeout=34s"), seconds(34.0));
        assert_eq!(limit("timeout=1m"), seconds(60.0));
        assert_eq!(limit("timeout=1.5s500ms"), seconds(2.0));
        assert_eq!(limit("timeout=0"), seconds(60.0));
        assert_eq!(limit("timeout=2h"), seconds(60.0));
    }

    #[test]
    fn a_timeout_that_is_none_is_a_bad_request() {
        for text in ["abc", "5", "1x", "-", "1.2.3s", "s"] {
            let error = limit(&format!("timeout={text}")).unwrap_err();
            assert_eq!(
                (error.code, error.message),
                (
                    400,
                    format!(
                        "invalid timeout specified in the request URL - time: invalid duration {text:?}"
                    )
                )
            );
        }
    }

    #[test]
    fn watches_and_connections_have_no_limit() {
        let watch = RequestInfo::parse(&Method::GET, "/api/v1/pods", true);
        assert_eq!(of(&watch, &Query::parse("timeout=1s")), Ok(None));
        let path = "/api/v1/namespaces/a/pods/b/log";
        let log = RequestInfo::parse(&Method::GET, path, false);
        assert_eq!(of(&log, &Query::default()), Ok(None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_takes_too_long_times_out() {
        let slow = std::future::pending::<Result<(), StatusError>>();
        let error = bound(Duration::from_secs(1), slow).await.unwrap_err();
        assert_eq!((error.code, error.reason.as_ref()), (504, "Timeout"));
    }
}
