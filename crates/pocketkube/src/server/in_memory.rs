//! A `kube::Client` wired straight into the API server, without a socket.
//!
//! Ordinary requests are handed over as they are. One that upgrades its connection (exec, attach,
//! port-forward) runs over an in-memory pipe, because an upgrade needs a connection to take over.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use http::header::UPGRADE;
use http::{Request, Response};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body as ClientBody;
use tower::Service;

use crate::authentication::UserInfo;
use crate::endpoints::ApiServer;
use crate::tasks::Tasks;

/// A client that acts as `user`.
pub fn in_process_client(server: ApiServer, user: UserInfo, tasks: Tasks) -> kube::Client {
    let service = InProcess {
        server,
        user: Arc::new(user),
        tasks,
    };
    kube::Client::new(service, "default")
}

#[derive(Clone)]
struct InProcess {
    server: ApiServer,
    user: Arc<UserInfo>,
    tasks: Tasks,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Request<ClientBody>> for InProcess {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ClientBody>) -> Self::Future {
        let this = self.clone();
        if request.headers().contains_key(UPGRADE) {
            return Box::pin(this.upgrade(request));
        }
        Box::pin(async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(this.user.clone());
            Ok(this.server.handle(request).await)
        })
    }
}

impl InProcess {
    async fn upgrade(self, request: Request<ClientBody>) -> Result<Response<Body>, BoxError> {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (server, user) = (self.server, self.user);
        let service = service_fn(move |mut request: Request<hyper::body::Incoming>| {
            let server = server.clone();
            request.extensions_mut().insert(user.clone());
            async move { Ok::<_, Infallible>(server.handle(request.map(Body::new)).await) }
        });
        self.tasks.spawn("in-memory server connection", async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(far), service)
                .with_upgrades();
            if let Err(error) = connection.await {
                tracing::debug!(%error, "in-memory connection ended");
            }
        });
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(near)).await?;
        self.tasks.spawn("in-memory client connection", async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "in-memory connection ended");
            }
        });
        let response = sender.send_request(request).await?;
        Ok(response.map(Body::new))
    }
}
