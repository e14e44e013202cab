//! Servers that the API server asks: webhooks and aggregated APIs.

mod admission;
mod aggregation;
mod conversion;
mod server;

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pocketkube::Cluster;
use pocketkube::authentication::UserInfo;
use serde_json::{Value, json};

use server::{Handler, TestServer};

/// A control plane in virtual time, with servers inside of its network.
struct World {
    cluster: Cluster,
}

/// An answer of the API server.
struct Answer {
    status: StatusCode,
    body: Value,
    warnings: Vec<String>,
}

impl Answer {
    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

impl World {
    /// A cluster whose controllers have made what a new one gets. In virtual time only.
    async fn new() -> Self {
        let world = Self::at_once().await;
        let settled = std::time::Duration::from_secs(5);
        world.cluster.clock().sleep(settled).await;
        world
    }

    /// A cluster that is still being set up.
    async fn at_once() -> Self {
        let cluster = Cluster::builder().nodes(0).start().await.unwrap();
        Self { cluster }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let content_type = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content_type)
            .body(match body {
                Value::Null => Body::empty(),
                body => Body::from(body.to_string()),
            })
            .unwrap();
        request.extensions_mut().insert(Arc::new(UserInfo::admin()));
        let response = self.cluster.server().handle(request).await;
        let warnings = response.headers().get_all("warning").iter();
        let warnings = warnings.map(|value| value.to_str().unwrap().to_owned());
        let warnings = warnings.collect();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer {
            status,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            warnings,
        }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    async fn create(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.body
    }

    /// The answer to a GET in a media type of JSON.
    async fn accepting(&self, path: &str, media_type: &str) -> Value {
        let request = Request::builder().uri(path).header("accept", media_type);
        serde_json::from_slice(&self.bytes(request).await).unwrap()
    }

    /// The lines of a watch that ends by itself.
    async fn lines(&self, path: &str) -> Vec<Value> {
        let bytes = self.bytes(Request::builder().uri(path)).await;
        let lines = bytes.split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    async fn bytes(&self, request: http::request::Builder) -> bytes::Bytes {
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Arc::new(UserInfo::admin()));
        let response = self.cluster.server().handle(request).await;
        response.into_body().collect().await.unwrap().to_bytes()
    }

    /// A connection of the administrator's to the API server.
    async fn connect(&self) -> tokio::io::DuplexStream {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let server = self.cluster.server().clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            let server = server.clone();
            request.extensions_mut().insert(Arc::new(UserInfo::admin()));
            async move { Ok::<_, Infallible>(server.handle(request.map(Body::new)).await) }
        });
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new();
            let connection = connection.serve_connection(TokioIo::new(far), service);
            connection.with_upgrades().await
        });
        near
    }

    /// Who signs the certificate that the API server shows to other servers.
    async fn front_proxy_authority(&self) -> String {
        let path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
        let map = self.send(Method::GET, path, Value::Null).await.body;
        let authority = &map["data"]["requestheader-client-ca-file"];
        authority.as_str().unwrap().to_owned()
    }

    /// Starts a server behind the Service `name` of the namespace default.
    async fn serve(&self, name: &str, ip: [u8; 4], handler: Handler) -> TestServer {
        self.serve_to(name, ip, handler, None).await
    }

    /// Like [`World::serve`], for clients whose certificate an authority has signed.
    async fn serve_to(
        &self,
        name: &str,
        ip: [u8; 4],
        handler: Handler,
        clients: Option<String>,
    ) -> TestServer {
        let host = format!("{name}.default.svc");
        let server = TestServer::inside(&self.cluster, &host, ip, handler, clients);
        self.create(
            "/api/v1/namespaces/default/services",
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
                "spec": {"ports": [{"port": 443, "targetPort": 8443}]},
            }),
        )
        .await;
        let address = std::net::Ipv4Addr::from(ip).to_string();
        self.create(
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
                "addressType": "IPv4",
                "ports": [{"name": "", "port": 8443}],
                "endpoints": [{"addresses": [address]}],
            }),
        )
        .await;
        server
    }
}
