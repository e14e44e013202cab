//! A server that speaks HTTPS, in the cluster's network or on the loopback interface.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use pocketkube::Cluster;
use pocketkube::sockets::Sockets;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

/// What a server answers to a question: a status and a body.
pub type Handler = Arc<dyn Fn(Value) -> BoxFuture<'static, (u16, String)> + Send + Sync>;

/// A handler that answers at once.
pub fn answering(answer: impl Fn(&Value) -> Value + Send + Sync + 'static) -> Handler {
    Arc::new(move |question| {
        let answer = answer(&question).to_string();
        Box::pin(async move { (200, answer) })
    })
}

/// What stands for the question where a request has no body.
fn describe(request: &Request<Incoming>) -> Value {
    let header = |name: &str| -> Vec<&str> {
        let values = request.headers().get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect()
    };
    serde_json::json!({
        "path": request.uri().to_string(),
        "user": header("x-remote-user").first(), "groups": header("x-remote-group"),
    })
}

/// A running server; what it was asked and how often somebody connected is kept.
#[derive(Clone)]
pub struct TestServer {
    pub asked: Arc<Mutex<Vec<Value>>>,
    pub connections: Arc<AtomicUsize>,
    /// The server's own certificate, in PEM.
    pub certificate: String,
    /// Where it listens on the loopback interface, if it does.
    pub port: u16,
    handler: Handler,
    acceptor: TlsAcceptor,
}

impl TestServer {
    fn new(name: &str, handler: Handler, clients: Option<String>) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                let authority = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
                roots.add(authority).unwrap();
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = builder.with_single_cert(chain, key).unwrap();
        Self {
            asked: Arc::default(),
            connections: Arc::default(),
            certificate,
            port: 0,
            handler,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }

    /// Listens at an address of the cluster's network, port 8443.
    pub fn inside(
        cluster: &Cluster,
        name: &str,
        ip: [u8; 4],
        handler: Handler,
        clients: Option<String>,
    ) -> Self {
        let server = Self::new(name, handler, clients);
        let ip = Ipv4Addr::from(ip).into();
        let network = cluster.network().clone();
        network.attach(ip);
        let mut listener = network.listen(ip, SocketAddr::new(ip, 8443)).unwrap();
        let own = server.clone();
        tokio::spawn(async move {
            loop {
                let connection = listener.accept().await;
                tokio::spawn(own.clone().serve(connection.stream));
            }
        });
        server
    }

    /// Listens on the loopback interface of the machine.
    pub async fn on_loopback(name: &str, handler: Handler) -> Self {
        let mut server = Self::new(name, handler, None);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        server.port = listener.local_addr().unwrap().port();
        let own = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(own.clone().serve(stream));
            }
        });
        server
    }

    /// As `caBundle` wants it.
    pub fn bundle(&self) -> String {
        STANDARD.encode(&self.certificate)
    }

    pub fn count(&self) -> usize {
        self.asked.lock().len()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        let Ok(stream) = self.acceptor.accept(stream).await else {
            return;
        };
        let service = service_fn(move |request: Request<Incoming>| {
            let server = self.clone();
            async move {
                if let Some(protocol) = request.headers().get(UPGRADE).cloned() {
                    server.asked.lock().push(describe(&request));
                    return Ok(echo(request, protocol));
                }
                let described = describe(&request);
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let question = serde_json::from_slice(&body).unwrap_or(described);
                server.asked.lock().push(question.clone());
                let (status, body) = (server.handler)(question).await;
                let response = Response::builder()
                    .status(status)
                    .header("content-type", "application/json")
                    .body(Full::new(Bytes::from(body)));
                Ok::<_, std::convert::Infallible>(response.unwrap())
            }
        });
        let connection = hyper::server::conn::http1::Builder::new();
        let _ = connection
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
    }
}

/// Speaks another protocol from now on, in which everything comes back.
fn echo(request: Request<Incoming>, protocol: HeaderValue) -> Response<Full<Bytes>> {
    tokio::spawn(async move {
        let stream = hyper::upgrade::on(request).await.unwrap();
        let (mut reader, mut writer) = tokio::io::split(TokioIo::new(stream));
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
        let _ = writer.shutdown().await;
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, protocol)
        .body(Full::default())
        .unwrap()
}
