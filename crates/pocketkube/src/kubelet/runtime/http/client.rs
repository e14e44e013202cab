//! Asking: one request over one connection, the answer's body read piece by piece.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};

use super::server::Answer;

/// A connection, with TLS over it or not.
pub trait Transport: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static> Transport for T {}

/// A request that has been answered, at least its head.
pub struct Exchange {
    pub response: Response<Incoming>,
    /// Moves the connection's bytes while the body is read. Never contended: the lock only makes
    /// the exchange shareable.
    connection: Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>,
    is_open: bool,
}

/// The other end closed the connection or does not speak HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeError {
    /// Closed without an answer.
    Empty,
    /// What came was no HTTP.
    Malformed,
}

impl Exchange {
    /// Sends a request and waits for the head of the answer.
    pub async fn send(
        transport: Box<dyn Transport>,
        request: Request<Full<Bytes>>,
    ) -> Result<Self, ExchangeError> {
        let failed = |error: hyper::Error| {
            if error.is_parse() {
                ExchangeError::Malformed
            } else {
                ExchangeError::Empty
            }
        };
        let (mut sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .preserve_header_case(true)
            .handshake(TokioIo::new(transport))
            .await
            .map_err(failed)?;
        let mut connection: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            let _ = connection.await;
        });
        let answer = sender.send_request(request);
        tokio::pin!(answer);
        let mut is_open = true;
        let response = loop {
            tokio::select! {
                biased;
                response = &mut answer => break response.map_err(failed)?,
                () = &mut connection, if is_open => is_open = false,
            }
        };
        Ok(Self {
            response,
            connection: Mutex::new(connection),
            is_open,
        })
    }

    /// The next piece of the body, or `None` at its end.
    pub async fn chunk(&mut self) -> Option<Bytes> {
        loop {
            let body = self.response.body_mut();
            tokio::select! {
                biased;
                frame = body.frame() => match frame?.ok()?.into_data() {
                    Ok(data) => return Some(data),
                    Err(_) => continue,
                },
                () = self.connection.get_mut(), if self.is_open => self.is_open = false,
            }
        }
    }

    /// Hands the answer on, as a proxy does: everything but what is about the connection, and
    /// the headers `without`, is added to `answer`.
    pub async fn relay(mut self, mut answer: Answer, without: &[&str]) -> Answer {
        const OF_CONNECTION: [&str; 3] = ["connection", "content-length", "transfer-encoding"];
        for (name, value) in self.response.headers() {
            let name = name.as_str();
            if !OF_CONNECTION.contains(&name) && !without.contains(&name) {
                answer = answer.header(name, value.to_str().unwrap_or_default());
            }
        }
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await {
            body.extend_from_slice(&chunk);
        }
        answer.body(body)
    }
}
