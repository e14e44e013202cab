//! Large answers are sent compressed to clients that read gzip.
//!
//! Mirrors `deferredResponseWriter` in
//! `apiserver/pkg/endpoints/handlers/responsewriters/writers.go` (v1.35). Watches stay as they are.

use std::io::Write;

use axum::body::{Body, HttpBody};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::BodyExt;

/// Smaller answers are not worth the time.
const WORTHWHILE: u64 = 128 * 1024;
/// Fast rather than small: the way is short.
const LEVEL: u32 = 1;

/// Whether the client reads gzip.
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|encoding| encoding.split(';').next().unwrap_or_default().trim() == "gzip")
}

/// The same answer, compressed where it is large and of a known length.
pub(super) async fn compress(response: Response<Body>) -> Response<Body> {
    let is_large = response
        .body()
        .size_hint()
        .exact()
        .is_some_and(|length| length >= WORTHWHILE);
    if !is_large || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(collected) = body.collect().await else {
        // It is all in memory; a body that cannot be read would have no length.
        return Response::from_parts(parts, Body::empty());
    };
    let bytes = collected.to_bytes();
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::new(LEVEL));
    let Ok(compressed) = encoder.write_all(&bytes).and_then(|()| encoder.finish()) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.remove(CONTENT_LENGTH);
    let gzip = HeaderValue::from_static("gzip");
    parts.headers.insert(CONTENT_ENCODING, gzip);
    let vary = HeaderValue::from_static("Accept-Encoding");
    parts.headers.append(VARY, vary);
    Response::from_parts(parts, Body::from(compressed))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[tokio::test]
    async fn large_answers_are_compressed_and_read_the_same() {
        let text = "kubekata ".repeat(40_000);
        let small = compress(Response::new(Body::from("ok"))).await;
        assert!(!small.headers().contains_key(CONTENT_ENCODING));
        let large = compress(Response::new(Body::from(text.clone()))).await;
        assert_eq!(large.headers()[CONTENT_ENCODING], "gzip");
        let bytes = large.into_body().collect().await.unwrap().to_bytes();
        assert!(bytes.len() < text.len() / 10);
        let mut read = String::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read, text);
    }

    #[test]
    fn clients_say_what_they_read() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            is_accepted(&headers)
        };
        assert!(accepts("gzip"));
        assert!(accepts("deflate, gzip;q=0.8"));
        assert!(!accepts("identity"));
        assert!(!is_accepted(&HeaderMap::new()));
    }
}
