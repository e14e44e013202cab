//! Serving over TLS: the certificate is read from the container's files.
//!
//! Handshakes that fail are told in the words of Go's `net/http`, because the servers that do this
//! here are written in Go, and because their log is where one looks for the reason.

use std::future::Future;
use std::io::Cursor;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio_rustls::TlsAcceptor;

use super::server::{Answer, accept_each, converse};
use crate::sockets::Listener;

/// The first byte of a client that speaks TLS.
const HANDSHAKE: u8 = 22;
/// What Go's server says to a client that does not speak TLS.
const NOT_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// Why a certificate and its key cannot be used, as Go's `crypto/tls` says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyPairError {
    #[error("tls: failed to find any PEM data in {0} input")]
    Empty(&'static str),
    #[error("tls: private key does not match public key")]
    Mismatch,
    #[error("tls: {0}")]
    Other(String),
}

/// Reads a chain of certificates and the key of its first one.
pub fn key_pair(certificate: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, KeyPairError> {
    let chain = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| KeyPairError::Other(error.to_string()))?;
    if chain.is_empty() {
        return Err(KeyPairError::Empty("certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| KeyPairError::Empty("key"))?;
    let other = |error: rustls::Error| match error {
        rustls::Error::InconsistentKeys(_) => KeyPairError::Mismatch,
        error => KeyPairError::Other(error.to_string()),
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(other)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Serves as [`super::serve`] does, over TLS; `complain` is told of handshakes that failed.
pub async fn serve_tls<C, D, H, F>(
    listener: Listener,
    config: Arc<ServerConfig>,
    complain: C,
    handler: H,
) where
    C: Fn(String) -> D + Clone + Send + 'static,
    D: Future<Output = ()> + Send + 'static,
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let acceptor = TlsAcceptor::from(config);
    accept_each(listener, move |connection| {
        let (acceptor, handler, complain) = (acceptor.clone(), handler.clone(), complain.clone());
        async move {
            match shake_hands(connection.stream, &acceptor).await {
                Ok(stream) => converse(stream, connection.peer, handler).await,
                Err(why) => {
                    let peer = connection.peer;
                    complain(format!("http: TLS handshake error from {peer}: {why}")).await;
                }
            }
        }
    })
    .await;
}

/// The connection once it is secret. The error is Go's.
async fn shake_hands(
    mut plain: DuplexStream,
    acceptor: &TlsAcceptor,
) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static, String> {
    let mut first = [0];
    let read = plain.read_exact(&mut first).await;
    read.map_err(|_| "EOF".to_owned())?;
    if first[0] != HANDSHAKE {
        let _ = plain.write_all(NOT_TLS).await;
        let _ = plain.shutdown().await;
        return Err("client sent an HTTP request to an HTTPS server".to_owned());
    }
    let (read, write) = tokio::io::split(plain);
    let whole = tokio::io::join(Cursor::new(first).chain(read), write);
    let stream = acceptor.accept(whole).await;
    stream.map_err(|error| words(&error))
}

/// Why a handshake failed, as Go's server sees it.
fn words(error: &std::io::Error) -> String {
    let source = error.get_ref();
    let source = source.and_then(|source| source.downcast_ref::<rustls::Error>());
    match source {
        Some(rustls::Error::AlertReceived(alert)) => format!("remote error: tls: {}", said(*alert)),
        Some(other) => format!("tls: {other}"),
        None => "EOF".to_owned(),
    }
}

/// The alerts of clients that do not like a certificate, as Go names them.
fn said(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::BadCertificate => "bad certificate".to_owned(),
        AlertDescription::UnknownCA => "unknown certificate authority".to_owned(),
        AlertDescription::CertificateExpired => "expired certificate".to_owned(),
        AlertDescription::CertificateUnknown => "unknown certificate".to_owned(),
        other => format!("{other:?}"),
    }
}
