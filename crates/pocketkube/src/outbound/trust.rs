//! Whose certificates the API server accepts, and what it says of those it does not.
//!
//! A certificate that stands in the bundle itself is trusted, though it be an authority's: that is
//! what `openssl req -x509` makes, and what Go accepts. Complaints are worded as by Go's
//! `crypto/x509`.

use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Target;

/// The judge of one handshake.
#[derive(Debug)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    /// The name that is wanted.
    name: String,
    trusts_anyone: bool,
    authorities: Vec<CertificateDer<'static>>,
    /// None where there is no authority.
    by_chain: Option<Arc<WebPkiServerVerifier>>,
    complaint: Mutex<Option<String>>,
}

impl Trust {
    pub(super) fn new(target: &Target, name: &str, provider: &Arc<CryptoProvider>) -> Self {
        let authorities: Vec<_> = CertificateDer::pem_slice_iter(&target.authorities)
            .filter_map(Result::ok)
            .collect();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities.iter().cloned());
        let by_chain =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        Self {
            provider: provider.clone(),
            name: name.to_owned(),
            trusts_anyone: target.trusts_anyone,
            authorities,
            by_chain: by_chain.ok(),
            complaint: Mutex::default(),
        }
    }

    /// What was wrong with the certificate.
    pub(super) fn complaint(&self) -> Option<String> {
        self.complaint.lock().clone()
    }

    fn is_trusted_itself(
        &self,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> bool {
        let is_known = self.authorities.iter().any(|own| own == certificate);
        let is_valid = X509Certificate::from_der(certificate)
            .is_ok_and(|(_, parsed)| is_in_time(&parsed, now));
        let has_name = ParsedCertificate::try_from(certificate)
            .is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok());
        is_known && is_valid && has_name
    }

    /// Go's complaint: time first, then names, then authorities.
    fn words(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> String {
        let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
            return "x509: malformed certificate".to_owned();
        };
        if !is_in_time(&parsed, now) {
            return out_of_time(&parsed, now);
        }
        let wanted = ServerName::try_from(self.name.as_str()).ok();
        let has_name = wanted.is_some_and(|wanted| {
            ParsedCertificate::try_from(certificate)
                .is_ok_and(|parsed| verify_server_name(&parsed, &wanted).is_ok())
        });
        if !has_name {
            return self.other_names(&parsed);
        }
        "x509: certificate signed by unknown authority".to_owned()
    }

    fn other_names(&self, certificate: &X509Certificate<'_>) -> String {
        let wanted = &self.name;
        let names = certificate.subject_alternative_name().ok().flatten();
        let has_names = names.is_some();
        let names: Vec<&GeneralName<'_>> = names
            .iter()
            .flat_map(|extension| &extension.value.general_names)
            .collect();
        let common = certificate.subject().iter_common_name();
        let mut common = common.filter_map(|name| name.as_str().ok());
        if !has_names && common.any(|name| name.eq_ignore_ascii_case(wanted)) {
            return "x509: certificate relies on legacy Common Name field, use SANs instead"
                .to_owned();
        }
        let is_address = wanted.parse::<std::net::IpAddr>().is_ok();
        let valid: Vec<String> = names
            .into_iter()
            .filter_map(|name| match name {
                GeneralName::DNSName(name) if !is_address => Some((*name).to_owned()),
                GeneralName::IPAddress(bytes) if is_address => address(bytes),
                _ => None,
            })
            .collect();
        match (valid.is_empty(), is_address) {
            (true, true) => format!(
                "x509: cannot validate certificate for {wanted} because it doesn't contain any IP SANs"
            ),
            (true, false) => format!(
                "x509: certificate is not valid for any names, but wanted to match {wanted}"
            ),
            _ => format!(
                "x509: certificate is valid for {}, not {wanted}",
                valid.join(", ")
            ),
        }
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    let six = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(six).to_string())
}

fn seconds(now: UnixTime) -> i64 {
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

fn is_in_time(certificate: &X509Certificate<'_>, now: UnixTime) -> bool {
    let validity = certificate.validity();
    let (from, until) = (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    );
    (from..=until).contains(&seconds(now))
}

fn out_of_time(certificate: &X509Certificate<'_>, now: UnixTime) -> String {
    let validity = certificate.validity();
    let written = |seconds: i64| {
        jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |at| at.to_string())
    };
    let (side, bound) = if seconds(now) < validity.not_before.timestamp() {
        ("before", validity.not_before.timestamp())
    } else {
        ("after", validity.not_after.timestamp())
    };
    format!(
        "x509: certificate has expired or is not yet valid: current time {} is {side} {}",
        written(seconds(now)),
        written(bound)
    )
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.trusts_anyone || self.is_trusted_itself(end_entity, server_name, now) {
            return Ok(ServerCertVerified::assertion());
        }
        let judged = match &self.by_chain {
            None => Err(CertificateError::UnknownIssuer.into()),
            Some(judge) => {
                judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
        };
        judged.map_err(|_| {
            *self.complaint.lock() = Some(self.words(end_entity, now));
            // Whatever is wrong, Go tells the server "bad certificate"; so does this error.
            CertificateError::NotValidForName.into()
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
