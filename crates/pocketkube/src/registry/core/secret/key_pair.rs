//! Whether the certificate and the key of a TLS Secret belong together.
//!
//! Nothing is refused: a client is warned, in the words of Go's `tls.X509KeyPair`, which upstream
//! passes on (`warningsForSecret` in `pkg/registry/core/secret/strategy.go`, v1.35).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::api::tree::text;

const CERTIFICATE: &str = "CERTIFICATE";
const PRIVATE_KEY: &str = "PRIVATE KEY";

/// Why the two cannot be used together; nothing where they can.
pub(super) fn warning(secret: &Value) -> Option<String> {
    let part = |key: &str| {
        BASE64
            .decode(text(&secret["data"], key))
            .unwrap_or_default()
    };
    check(&part("tls.crt"), &part("tls.key")).err()
}

fn check(certificate: &[u8], key: &[u8]) -> Result<(), String> {
    let certificate = certificate_in(certificate)?;
    let key = key_in(key)?;
    let (_, certificate) = X509Certificate::from_der(&certificate)
        .map_err(|_| "x509: malformed certificate".to_owned())?;
    let unreadable = || "tls: failed to parse private key".to_owned();
    let der = PrivateKeyDer::try_from(key.as_slice()).map_err(|_| unreadable())?;
    let key = any_supported_type(&der).map_err(|_| unreadable())?;
    match key.public_key() {
        Some(public) if *public != *certificate.public_key().raw => {
            Err("tls: private key does not match public key".to_owned())
        }
        _ => Ok(()),
    }
}

fn blocks(bytes: &[u8]) -> Vec<Pem> {
    Pem::iter_from_buffer(bytes).map_while(Result::ok).collect()
}

/// The first certificate among the blocks of a file.
fn certificate_in(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let blocks = blocks(bytes);
    let skipped: Vec<&str> = blocks.iter().map(|block| block.label.as_str()).collect();
    if let Some(found) = blocks.iter().find(|block| block.label == CERTIFICATE) {
        return Ok(found.contents.clone());
    }
    Err(match skipped.as_slice() {
        [] => "tls: failed to find any PEM data in certificate input".to_owned(),
        [only] if only.ends_with(PRIVATE_KEY) => {
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched".to_owned()
        }
        types => format!(
            "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [{}]",
            types.join(" ")
        ),
    })
}

/// The first private key among the blocks of a file.
fn key_in(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let blocks = blocks(bytes);
    let skipped: Vec<&str> = blocks.iter().map(|block| block.label.as_str()).collect();
    if let Some(found) = blocks
        .iter()
        .find(|block| block.label.ends_with(PRIVATE_KEY))
    {
        return Ok(found.contents.clone());
    }
    Err(match skipped.as_slice() {
        [] => "tls: failed to find any PEM data in key input".to_owned(),
        [CERTIFICATE] => {
            "tls: found a certificate rather than a key in the PEM for the private key".to_owned()
        }
        types => format!(
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [{}]",
            types.join(" ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pair() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn words(certificate: &str, key: &str) -> String {
        check(certificate.as_bytes(), key.as_bytes())
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn a_certificate_goes_with_its_own_key() {
        let ((certificate, key), (_, other)) = (pair(), pair());
        assert_eq!(words(&certificate, &key), "");
        assert_eq!(
            words(&certificate, &other),
            "tls: private key does not match public key"
        );
    }

    #[test]
    fn what_is_no_pem_is_told() {
        let (certificate, key) = pair();
        assert_eq!(
            words("x", &key),
            "tls: failed to find any PEM data in certificate input"
        );
        assert_eq!(
            words(&certificate, "x"),
            "tls: failed to find any PEM data in key input"
        );
    }

    #[test]
    fn switched_files_are_told() {
        let (certificate, key) = pair();
        assert_eq!(
            words(&key, &certificate),
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"
        );
        assert_eq!(
            words(&certificate, &certificate),
            "tls: found a certificate rather than a key in the PEM for the private key"
        );
    }
}
