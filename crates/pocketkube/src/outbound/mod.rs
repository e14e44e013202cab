//! What the API server asks of other servers: webhooks of admission and conversion, and aggregated
//! API servers.
//!
//! A [`Target`] says where a server is and whom to trust, [`Outbound`] finds the way there and
//! keeps connections for the next call. What is asked and what the answer means is the business of
//! whoever calls. Errors are worded as Go's HTTP client and client-go word them, because that is
//! what people look up. Mirrors `apiserver/pkg/util/{webhook,proxy}` (v1.35).

mod answer;
mod dial;
mod pool;
mod resolve;
mod target;
mod tls;
mod trust;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use serde_json::Value;

use self::pool::{Pool, Sender};
pub use self::target::{Identity, Place, Target, TargetError};
use crate::registry::Registry;
use crate::registry::core::pod::connect::{Connection, NodeConnection};
use crate::tasks::Tasks;

/// An answer larger than this is none.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// A call that brought no answer, in the words of Go and client-go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The server was not reached, or did not speak HTTP over TLS.
    #[error("Post {url:?}: {why}")]
    Unreached { url: String, why: String },
    /// The server answered that it has no answer.
    #[error("{0}")]
    Refused(String),
    /// What came is no JSON.
    #[error("{0}")]
    Unreadable(String),
}

/// The way to other servers; clones share it.
#[derive(Clone)]
pub struct Outbound {
    shared: Arc<Shared>,
}

struct Shared {
    registry: Registry,
    tasks: Tasks,
    /// Set once there is a network of Pods; Services cannot be reached before.
    nodes: OnceLock<Arc<dyn NodeConnection>>,
    pool: Pool,
}

impl Outbound {
    pub fn new(registry: Registry, tasks: Tasks) -> Self {
        Self {
            shared: Arc::new(Shared {
                registry,
                tasks,
                nodes: OnceLock::new(),
                pool: Pool::default(),
            }),
        }
    }

    /// Hands over the way to Pods. Later calls change nothing.
    pub fn connect_nodes(&self, nodes: Arc<dyn NodeConnection>) {
        let _ = self.shared.nodes.set(nodes);
    }

    /// Posts a review and returns the tree that came back.
    ///
    /// `timeout` counts in the machine's time, not in the cluster's: whoever answers may be a
    /// program outside of it, which knows of no other.
    pub async fn post(
        &self,
        target: &Target,
        body: &Value,
        timeout: Duration,
    ) -> Result<Value, CallError> {
        let url = format!("{}?timeout={}s", target.url(), timeout.as_secs());
        let exchange = self.exchange(target, &url, body.to_string().into());
        let unreached = |why: String| CallError::Unreached {
            url: url.clone(),
            why,
        };
        match tokio::time::timeout(timeout, exchange).await {
            Err(_) => Err(unreached("context deadline exceeded".to_owned())),
            Ok(Err(why)) => Err(unreached(why)),
            Ok(Ok((head, body))) => answer::read(&head, &body),
        }
    }

    /// Opens a connection of its own, with TLS, for what is more than one question.
    pub async fn open(&self, target: &Target) -> Result<Box<dyn Connection>, String> {
        let plain = dial::dial(&self.shared, target).await?;
        tls::connect(plain, target).await
    }

    /// Where a Service's port leads to at the moment. The error is client-go's sentence.
    pub fn resolve(&self, place: &Place) -> Result<(), String> {
        match place {
            Place::Service { .. } => resolve::endpoint(&self.shared.registry, place).map(drop),
            Place::Url { .. } => Ok(()),
        }
    }

    /// One request over a kept connection or a new one.
    async fn exchange(
        &self,
        target: &Target,
        url: &str,
        body: Bytes,
    ) -> Result<(http::response::Parts, Bytes), String> {
        while let Some(mut sender) = self.shared.pool.take(target) {
            // The server may have hung up meanwhile: then the next connection is asked.
            if let Ok(response) = sender.send_request(request(target, url, &body)?).await {
                return self.finish(target, sender, response).await;
            }
        }
        let mut sender = self.connect(target).await?;
        let response = sender.send_request(request(target, url, &body)?).await;
        let response = response.map_err(|error| dial::http_words(&error))?;
        self.finish(target, sender, response).await
    }

    async fn connect(&self, target: &Target) -> Result<Sender, String> {
        let stream = self.open(target).await?;
        let stream = hyper_util::rt::TokioIo::new(stream);
        let (sender, connection) = hyper::client::conn::http1::handshake(stream)
            .await
            .map_err(|error| dial::http_words(&error))?;
        let name = format!("connection to {}", target.authority());
        self.shared.tasks.spawn(name, async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection to another server ended");
            }
        });
        Ok(sender)
    }

    async fn finish(
        &self,
        target: &Target,
        sender: Sender,
        response: http::Response<hyper::body::Incoming>,
    ) -> Result<(http::response::Parts, Bytes), String> {
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_LIMIT).collect().await;
        let body = body.map_err(|_| "unexpected EOF".to_owned())?.to_bytes();
        self.shared.pool.keep(target, sender);
        Ok((head, body))
    }
}

fn request(target: &Target, url: &str, body: &Bytes) -> Result<Request<Full<Bytes>>, String> {
    let path = url
        .strip_prefix("https://")
        .and_then(|rest| rest.find('/').map(|at| &rest[at..]))
        .unwrap_or("/");
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, target.authority())
        .header(USER_AGENT, "kube-apiserver-admission")
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(ACCEPT, HeaderValue::from_static("application/json, */*"))
        .body(Full::new(body.clone()))
        .map_err(|error| error.to_string())
}
