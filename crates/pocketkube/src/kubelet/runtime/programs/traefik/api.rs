//! A client of the API inside a container: lists, watches, and what it may not do is told as
//! client-go's reflector tells it.
//!
//! Mirrors `client-go/rest.InClusterConfig` and `client-go/tools/cache/reflector.go`.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::Value;

use crate::api::tree::{elements, text};
use crate::kubelet::runtime::filesystem::Filesystem;
use crate::kubelet::runtime::http::{Exchange, Trust, connect_tls};
use crate::kubelet::runtime::process::{Kernel, Process};

const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// How long it waits after a failure, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(800), Duration::from_secs(30));
const PATIENCE: Duration = Duration::from_secs(30);

/// A kind that is followed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resource {
    group_version: &'static str,
    pub plural: &'static str,
    go_type: &'static str,
}

pub(super) const RESOURCES: &[Resource] = &[
    Resource {
        group_version: "apis/networking.k8s.io/v1",
        plural: "ingresses",
        go_type: "*v1.Ingress",
    },
    Resource {
        group_version: "apis/networking.k8s.io/v1",
        plural: "ingressclasses",
        go_type: "*v1.IngressClass",
    },
    Resource {
        group_version: "api/v1",
        plural: "services",
        go_type: "*v1.Service",
    },
    Resource {
        group_version: "apis/discovery.k8s.io/v1",
        plural: "endpointslices",
        go_type: "*v1.EndpointSlice",
    },
];

/// What has happened to the objects of a kind.
#[derive(Debug)]
pub(super) enum News {
    All(Vec<Value>),
    Put(Value),
    Gone(Value),
}

/// How a watch ended.
enum End {
    /// It can go on after this revision.
    At(String),
    /// Everything has to be listed again.
    Lost,
}

/// The API as a Pod finds it.
pub(super) struct Api {
    kernel: Arc<Kernel>,
    files: Filesystem,
    address: SocketAddr,
}

impl Api {
    /// The error is client-go's.
    pub(super) fn in_cluster(process: &Process) -> Result<Self, String> {
        let variable = |name: &str| process.variable(name).and_then(|own| own.parse().ok());
        let host = process.variable("KUBERNETES_SERVICE_HOST");
        let host = host.and_then(|host| host.parse().ok());
        let (Some(host), Some(port)) = (host, variable("KUBERNETES_SERVICE_PORT")) else {
            return Err(
                "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and \
                 KUBERNETES_SERVICE_PORT must be defined"
                    .to_owned(),
            );
        };
        Ok(Self {
            kernel: process.kernel.clone(),
            files: process.filesystem.clone(),
            address: SocketAddr::new(host, port),
        })
    }

    /// Tells `hear` of all objects and then of each change, for ever. What fails is told to
    /// `complain`, and tried again later.
    pub(super) async fn reflect<H, C, F>(&self, resource: &Resource, hear: H, complain: C)
    where
        H: Fn(News),
        C: Fn(String) -> F,
        F: Future<Output = ()>,
    {
        let mut wait = RETRY.0;
        loop {
            let failed = match self.list(resource).await {
                Ok((items, revision)) => {
                    wait = RETRY.0;
                    hear(News::All(items));
                    self.watch(resource, revision, &hear).await
                }
                Err(why) => Err(why),
            };
            if let Err(why) = failed {
                let now = self.kernel.clock.now().strftime("%m%d %H:%M:%S%.6f");
                let what = resource.go_type;
                let words = format!(
                    "E{now}       1 reflector.go:200] \"Failed to watch\" err=\"failed to list \
                     {what}: {why}\" type={what:?}\n"
                );
                complain(words).await;
                self.kernel.clock.sleep(wait).await;
                wait = (wait * 2).min(RETRY.1);
            }
        }
    }

    async fn list(&self, resource: &Resource) -> Result<(Vec<Value>, String), String> {
        let path = format!("/{}/{}", resource.group_version, resource.plural);
        let answer = self.call(Method::GET, &path, None).await?;
        let items = elements(&answer["items"]).to_vec();
        Ok((
            items,
            text(&answer["metadata"], "resourceVersion").to_owned(),
        ))
    }

    /// Watches for as long as the history is not lost.
    async fn watch(
        &self,
        resource: &Resource,
        mut revision: String,
        hear: &impl Fn(News),
    ) -> Result<(), String> {
        loop {
            match self.watch_once(resource, &revision, hear).await? {
                End::At(next) => revision = next,
                End::Lost => return Ok(()),
            }
        }
    }

    async fn watch_once(
        &self,
        resource: &Resource,
        revision: &str,
        hear: &impl Fn(News),
    ) -> Result<End, String> {
        let path = format!(
            "/{}/{}?watch=true&allowWatchBookmarks=true&resourceVersion={revision}",
            resource.group_version, resource.plural
        );
        let mut exchange = self.send(Method::GET, &path, None).await?;
        if exchange.response.status().as_u16() == 410 {
            return Ok(End::Lost);
        }
        if !exchange.response.status().is_success() {
            return Err(refusal(&body(exchange).await));
        }
        let (mut at, mut rest) = (revision.to_owned(), Vec::new());
        while let Some(chunk) = exchange.chunk().await {
            rest.extend_from_slice(&chunk);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                let Ok(mut event) = serde_json::from_slice::<Value>(&line) else {
                    return Ok(End::Lost);
                };
                let object = event["object"].take();
                match text(&event, "type") {
                    "ERROR" => return Ok(End::Lost),
                    kind => {
                        at = text(&object["metadata"], "resourceVersion").to_owned();
                        match kind {
                            "ADDED" | "MODIFIED" => hear(News::Put(object)),
                            "DELETED" => hear(News::Gone(object)),
                            _ => {}
                        }
                    }
                }
            }
        }
        Ok(End::At(at))
    }

    /// Replaces an object. The error is the API's.
    pub(super) async fn put(&self, path: &str, object: &Value) -> Result<(), String> {
        self.call(Method::PUT, path, Some(object)).await.map(drop)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        object: Option<&Value>,
    ) -> Result<Value, String> {
        let exchange = self.send(method, path, object).await?;
        let is_good = exchange.response.status().is_success();
        let answer = body(exchange).await;
        match is_good {
            true => Ok(answer),
            false => Err(refusal(&answer)),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        object: Option<&Value>,
    ) -> Result<Exchange, String> {
        let read = |name: &str| self.files.read_to_string(&format!("{ACCOUNT}/{name}"));
        let token = read("token").unwrap_or_default();
        let authorities = read("ca.crt").unwrap_or_default();
        let host = self.address.ip().to_string();
        let failed = |why: String| format!("Get \"https://{}{path}\": {why}", self.address);
        let connection = self
            .kernel
            .network
            .dial(self.address, Some(PATIENCE))
            .await
            .map_err(|_| failed(format!("dial tcp {}: i/o timeout", self.address)))?;
        let trust = Trust::Authorities(authorities.into_bytes());
        let transport = connect_tls(Box::new(connection.stream), &host, trust)
            .await
            .map_err(failed)?;
        let body = object.map(|object| Bytes::from(object.to_string()));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Host", self.address.to_string())
            .header("User-Agent", "traefik")
            .header("Accept", "application/json")
            .header("Content-Type", "application/json")
            .header("Authorization", format!("Bearer {}", token.trim()))
            .body(Full::new(body.unwrap_or_default()))
            .map_err(|error| failed(error.to_string()))?;
        let sent = Exchange::send(transport, request).await;
        sent.map_err(|_| failed("EOF".to_owned()))
    }
}

async fn body(mut exchange: Exchange) -> Value {
    let mut all = Vec::new();
    while let Some(chunk) = exchange.chunk().await {
        all.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&all).unwrap_or_default()
}

/// What the API says of a request that it refused.
fn refusal(status: &Value) -> String {
    text(status, "message").to_owned()
}
