//! The handshake with another server.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::TlsConnector;

use super::trust::Trust;
use super::{Identity, Target, dial};
use crate::registry::core::pod::connect::Connection;

/// Shakes hands over a connection. The error is Go's.
pub(super) async fn connect(
    plain: Box<dyn Connection>,
    target: &Target,
) -> Result<Box<dyn Connection>, String> {
    let provider = Arc::new(ring::default_provider());
    let name = target.server_name();
    let trust = Arc::new(Trust::new(target, &name, &provider));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(trust.clone());
    let mut config = match &target.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = read(identity)?;
            let config = builder.with_client_auth_cert(chain, key);
            config.map_err(|error| error.to_string())?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let server = ServerName::try_from(name).map_err(|error| error.to_string())?;
    let connector = TlsConnector::from(Arc::new(config));
    match connector.connect(server, plain).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(words(&error, &trust)),
    }
}

fn read(
    identity: &Identity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes());
    Ok((chain, key.map_err(|error| error.to_string())?))
}

fn words(error: &std::io::Error, trust: &Trust) -> String {
    if let Some(complaint) = trust.complaint() {
        return format!("tls: failed to verify certificate: {complaint}");
    }
    let source = error
        .get_ref()
        .and_then(|source| source.downcast_ref::<rustls::Error>());
    match source {
        // The first bytes were none of TLS.
        Some(rustls::Error::InvalidMessage(_)) => {
            "http: server gave HTTP response to HTTPS client".to_owned()
        }
        Some(rustls::Error::AlertReceived(alert)) => format!("remote error: tls: {alert:?}"),
        Some(other) => format!("tls: {other}"),
        None => dial::io_words(error),
    }
}
