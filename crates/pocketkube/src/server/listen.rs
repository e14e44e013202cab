//! HTTPS on a loopback port and inside of the cluster's network: one task accepts, one serves each
//! connection, all end together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::ClusterCertificates;
use crate::authentication::{UserInfo, user_of_certificate};
use crate::endpoints::ApiServer;
use crate::sockets::Listener;
use crate::tasks::Tasks;

/// How long a client may take to finish its TLS handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a connection may go on after shutdown began.
const GRACE: Duration = Duration::from_millis(500);

/// The server could not begin to listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("cannot listen on {address}")]
    Bind {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot set up TLS")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What serves the API over connections, wherever they come from.
#[derive(Clone)]
pub struct Https {
    acceptor: TlsAcceptor,
    server: ApiServer,
    requests: Arc<AtomicU64>,
    tasks: Tasks,
}

impl Https {
    /// Counts the `requests` it answers. Fails where the certificates can't be used.
    pub fn new(
        server: ApiServer,
        certificates: &ClusterCertificates,
        requests: Arc<AtomicU64>,
        tasks: Tasks,
    ) -> Result<Self, ListenError> {
        let config = tls_config(certificates).map_err(ListenError::Tls)?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            server,
            requests,
            tasks,
        })
    }

    /// Serves one connection, in a task of its own.
    fn serve<S>(&self, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = serve(stream, self.clone());
        self.tasks
            .spawn_cooperative(format!("connection from {peer}"), connection);
    }
}

/// Serves the API inside of the cluster's network, to clients in containers.
pub fn serve_inside(https: Https, mut listener: Listener) {
    let tasks = https.tasks.clone();
    tasks.spawn("https listener for containers", async move {
        loop {
            let connection = listener.accept().await;
            https.serve(connection.stream, connection.peer);
        }
    });
}

/// Serves the API on `address` (port 0 takes any free port) until the tasks end. Returns the
/// address that clients reach.
pub async fn listen(https: Https, address: SocketAddr) -> Result<SocketAddr, ListenError> {
    let bind_error = |source| ListenError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind_error)?;
    let bound = listener.local_addr().map_err(bind_error)?;
    let tasks = https.tasks.clone();
    tasks.spawn("https listener", async move {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    https.serve(stream, peer);
                }
                Err(error) => {
                    // Out of file descriptors, most likely: others must close first.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    });
    Ok(bound)
}

async fn serve<S>(stream: S, https: Https)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Https {
        acceptor,
        server,
        requests,
        tasks,
    } = https;
    let token = tasks.token();
    let handshake = tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream));
    let stream = match token.run_until_cancelled(handshake).await {
        Some(Ok(Ok(stream))) => stream,
        Some(Ok(Err(error))) => {
            tracing::debug!(%error, "TLS handshake failed");
            return;
        }
        _ => return,
    };
    let user = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first())
        .and_then(|certificate| user_of_certificate(certificate))
        .map(Arc::new);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let server = server.clone();
        requests.fetch_add(1, Ordering::Relaxed);
        if let Some(user) = &user {
            request
                .extensions_mut()
                .insert::<Arc<UserInfo>>(user.clone());
        }
        async move { Ok::<_, std::convert::Infallible>(server.handle(request.map(Body::new)).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(1000);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = token.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(GRACE, connection).await {
                Ok(ended) => ended,
                // Watches never end by themselves; their clients see the connection close.
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

type TlsError = Box<dyn std::error::Error + Send + Sync>;

fn tls_config(certificates: &ClusterCertificates) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(
        certificates.authority_pem().as_bytes(),
    )?)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()?;
    let chain = vec![CertificateDer::from_pem_slice(
        certificates.server.certificate_pem.as_bytes(),
    )?];
    let key = PrivateKeyDer::from_pem_slice(certificates.server.key_pem.as_bytes())?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
