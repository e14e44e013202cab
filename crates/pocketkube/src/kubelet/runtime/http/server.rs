//! Serving: a listener's connections, each answered by a handler, all within one task.

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
use tokio::io::{AsyncRead, AsyncWrite};

use crate::sockets::{Connection, Listener};

/// An answer in the making.
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    hangs_up: bool,
}

/// The program hung up instead of answering.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct HungUp;

impl Answer {
    pub fn new(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: Vec::new(),
            body: Bytes::new(),
            hangs_up: false,
        }
    }

    /// No answer: the connection is closed, as by a handler that crashed.
    pub fn hang_up() -> Self {
        Self {
            hangs_up: true,
            ..Self::new(500)
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

    fn into_response(self, is_head: bool) -> Result<Response<Full<Bytes>>, HungUp> {
        if self.hangs_up {
            return Err(HungUp);
        }
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
        Ok(response)
    }
}

/// Serves connections for as long as the future is polled. Dropping it closes them all.
pub async fn serve<H, F>(listener: Listener, handler: H)
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    accept_each(listener, move |connection| {
        converse(connection.stream, connection.peer, handler.clone())
    })
    .await;
}

/// Gives each connection to a future of its own, and drives them all.
pub(super) async fn accept_each<C, F>(mut listener: Listener, converse: C)
where
    C: Fn(Connection) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut open: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
    loop {
        tokio::select! {
            connection = listener.accept() => open.push(Box::pin(converse(connection))),
            Some(()) = open.next() => {}
        }
    }
}

/// Answers the requests of one connection until either end closes it.
pub(super) async fn converse<S, H, F>(stream: S, peer: SocketAddr, handler: H)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Fn(Request<Incoming>, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let is_head = request.method() == http::Method::HEAD;
        let answer = handler(request, peer);
        async move { answer.await.into_response(is_head) }
    });
    let served = http1::Builder::new()
        .auto_date_header(false)
        .title_case_headers(true)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off is its own affair.
    let _ = served.await;
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
