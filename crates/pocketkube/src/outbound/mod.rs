//! What the API server asks of other servers: webhooks of admission and conversion, and aggregated
//! API servers.
//!
//! A [`Target`] says where a server is and whom to trust, [`Outbound`] finds the way there and
//! keeps connections for the next call. What is asked and what the answer means is the business of
//! whoever calls. Errors are worded as Go's HTTP client and client-go word them, because that is
//! what people look up. Mirrors `apiserver/pkg/util/{webhook,proxy}` (v1.35).

mod answer;
mod conversion;
mod dial;
mod documents;
mod pool;
mod remote;
mod resolve;
mod target;
mod tls;
mod trust;
mod upgrade;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use serde_json::Value;

pub use self::documents::RemoteDocuments;
use self::pool::{Pool, Sender};
pub use self::remote::{RemoteVersion, RemoteVersions};
pub use self::target::{Identity, Place, Target, TargetError};
use crate::registry::Registry;
use crate::registry::core::pod::connect::NodeConnection;
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
    /// What the API server shows to aggregated servers.
    identity: Identity,
    remote: RemoteVersions,
}

impl Outbound {
    /// `identity` is the certificate by which aggregated servers know the API server.
    pub fn new(registry: Registry, tasks: Tasks, identity: Identity) -> Self {
        Self {
            shared: Arc::new(Shared {
                registry,
                tasks,
                nodes: OnceLock::new(),
                pool: Pool::default(),
                identity,
                remote: RemoteVersions::default(),
            }),
        }
    }

    /// Hands over the way to Pods. Later calls change nothing.
    pub fn connect_nodes(&self, nodes: Arc<dyn NodeConnection>) {
        let _ = self.shared.nodes.set(nodes);
    }

    /// What aggregated servers offer.
    pub fn remote_versions(&self) -> &RemoteVersions {
        &self.shared.remote
    }

    /// The server behind an APIService's `spec`.
    pub fn target_of(&self, spec: &Value) -> Result<Target, TargetError> {
        let target = Target::of(spec)?;
        Ok(Target {
            trusts_anyone: spec["insecureSkipTLSVerify"] == true,
            identity: Some(self.shared.identity.clone()),
            ..target
        })
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
        let path = format!("{}?timeout={}s", target.path, timeout.as_secs());
        let unreached = |why: String| CallError::Unreached {
            url: format!("https://{}{path}", target.authority()),
            why,
        };
        let question = Question {
            method: Method::POST,
            path: &path,
            body: body.to_string().into(),
            is_aggregator: false,
        };
        match self.exchange_within(target, &question, timeout).await {
            Err(why) => Err(unreached(why)),
            Ok((head, body)) => answer::read(&head, &body),
        }
    }

    /// Reads a path of an aggregated server with every right there is. Returns status and body.
    pub async fn read_as_aggregator(
        &self,
        target: &Target,
        path: &str,
        timeout: Duration,
    ) -> Result<(u16, Bytes), String> {
        let question = Question {
            method: Method::GET,
            path,
            body: Bytes::new(),
            is_aggregator: true,
        };
        let (head, body) = self.exchange_within(target, &question, timeout).await?;
        Ok((head.status.as_u16(), body))
    }

    /// Sends a request as it is over a connection of its own, and returns the answer as it comes.
    pub async fn forward<B>(
        &self,
        target: &Target,
        request: Request<B>,
    ) -> Result<Response<Incoming>, String>
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut sender = self.connect(target).await?;
        let response = sender.send_request(request).await;
        response.map_err(|error| dial::http_words(&error))
    }

    /// Whether a place leads anywhere at the moment. The error is client-go's sentence.
    pub fn resolve(&self, place: &Place) -> Result<(), String> {
        match place {
            Place::Service { .. } => resolve::endpoint(&self.shared.registry, place).map(drop),
            Place::Url { .. } => Ok(()),
        }
    }

    async fn exchange_within(
        &self,
        target: &Target,
        question: &Question<'_>,
        timeout: Duration,
    ) -> Result<(http::response::Parts, Bytes), String> {
        let exchange = self.exchange(target, question);
        let in_time = tokio::time::timeout(timeout, exchange).await;
        in_time.unwrap_or_else(|_| Err("context deadline exceeded".to_owned()))
    }

    /// One request over a kept connection or a new one.
    async fn exchange(
        &self,
        target: &Target,
        question: &Question<'_>,
    ) -> Result<(http::response::Parts, Bytes), String> {
        while let Some(mut sender) = self.shared.pool.take(target) {
            // The server may have hung up meanwhile: then the next connection is asked.
            if let Ok(response) = sender.send_request(question.request(target)?).await {
                return self.finish(target, sender, response).await;
            }
        }
        let mut sender: Sender = self.connect(target).await?;
        let response = sender.send_request(question.request(target)?).await;
        let response = response.map_err(|error| dial::http_words(&error))?;
        self.finish(target, sender, response).await
    }

    async fn connect<B>(&self, target: &Target) -> Result<SendRequest<B>, String>
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let plain = dial::dial(&self.shared, target).await?;
        let stream = tls::connect(plain, target).await?;
        let stream = hyper_util::rt::TokioIo::new(stream);
        let (sender, connection) = hyper::client::conn::http1::handshake(stream)
            .await
            .map_err(|error| dial::http_words(&error))?;
        let name = format!("connection to {}", target.authority());
        self.shared.tasks.spawn(name, async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "connection to another server ended");
            }
        });
        Ok(sender)
    }

    async fn finish(
        &self,
        target: &Target,
        sender: Sender,
        response: Response<Incoming>,
    ) -> Result<(http::response::Parts, Bytes), String> {
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_LIMIT).collect().await;
        let body = body.map_err(|_| "unexpected EOF".to_owned())?.to_bytes();
        self.shared.pool.keep(target, sender);
        Ok((head, body))
    }
}

/// One request that is asked as often as it takes to find a connection that still works.
struct Question<'a> {
    method: Method,
    /// With its query.
    path: &'a str,
    body: Bytes,
    /// Whether to ask as the aggregator itself, which may do everything.
    is_aggregator: bool,
}

impl Question<'_> {
    fn request(&self, target: &Target) -> Result<Request<Full<Bytes>>, String> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(self.path)
            .header(HOST, target.authority())
            .header(USER_AGENT, "kube-apiserver-admission")
            .header(ACCEPT, "application/json, */*");
        if !self.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if self.is_aggregator {
            request = request
                .header("X-Remote-User", "system:kube-aggregator")
                .header("X-Remote-Group", "system:masters");
        }
        request
            .body(Full::new(self.body.clone()))
            .map_err(|error| error.to_string())
    }
}
