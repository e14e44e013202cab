//! Serving: a listener's connections, each answered by a handler, all within one task.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;

use crate::sockets::Listener;

/// An answer in the making.
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Answer {
    pub fn new(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// Adds a header; one that cannot be expressed is left out.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(value.as_ref());
        if let (Ok(name), Ok(value)) = (name, value) {
            self.headers.push((name, value));
        }
        self
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::new(status)
            .header("content-type", "text/plain; charset=utf-8")
            .body(body.into())
    }

    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    pub fn body_len(&self) -> usize {
        self.body.len()
    }

    fn into_response(self, is_head: bool) -> Response<Full<Bytes>> {
        let length = HeaderValue::from(self.body.len());
        let body = if is_head { Bytes::new() } else { self.body };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.extend(
            self.headers
                .into_iter()
                .map(|(name, value)| (Some(name), value)),
        );
        if is_head && !headers.contains_key(http::header::CONTENT_LENGTH) {
            headers.insert(http::header::CONTENT_LENGTH, length);
        }
        response
    }
}

/// Serves connections for as long as the future is polled. Dropping it closes them all.
pub async fn serve<H, F>(mut listener: Listener, handler: H)
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let mut open: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
    loop {
        tokio::select! {
            connection = listener.accept() => {
                let handler = handler.clone();
                let peer = connection.peer;
                let service = service_fn(move |request: Request<Incoming>| {
                    let is_head = request.method() == http::Method::HEAD;
                    let answer = handler(request, peer);
                    async move { Ok::<_, Infallible>(answer.await.into_response(is_head)) }
                });
                let served = http1::Builder::new()
                    .auto_date_header(false)
                    .title_case_headers(true)
                    .half_close(true)
                    .serve_connection(TokioIo::new(connection.stream), service);
                open.push(Box::pin(async move {
                    // A client that breaks off is its own affair.
                    let _ = served.await;
                }));
            }
            Some(()) = open.next() => {}
        }
    }
}

/// A time as the Date header writes it.
pub fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `404 Not Found`
pub fn status_text(status: u16) -> String {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Unknown");
    format!("{status} {reason}")
}
