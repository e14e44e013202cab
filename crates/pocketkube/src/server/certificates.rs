//! The cluster's certificate authority, and what it signs.
//!
//! Elliptic-curve keys take well under a millisecond, so a cluster without a state folder makes
//! everything anew; one with a folder keeps its authority there, and with it the validity of the
//! kubeconfigs that it gave out.

use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use time::OffsetDateTime;

/// A key or certificate could not be made, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("cannot make the cluster's certificates")]
    Make(#[from] rcgen::Error),
    #[error("cannot keep the cluster's certificates in {path}")]
    Keep {
        path: String,
        #[source]
        source: std::io::Error,
    },
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct Issued {
    pub certificate_pem: String,
    pub key_pem: String,
}

/// What a certificate that somebody asked for is good for, and when.
pub struct Terms<'a> {
    /// As CertificateSigningRequests spell them: `client auth`.
    pub usages: &'a [String],
    pub valid_from: Timestamp,
    pub valid_until: Timestamp,
}

/// The authority that clients trust, and the server's own certificate.
pub struct ClusterCertificates {
    authority: Issuer<'static, KeyPair>,
    kept: Issued,
    pub server: Issued,
}

impl ClusterCertificates {
    /// A new authority.
    pub fn generate() -> Result<Self, CertificateError> {
        let mut params = CertificateParams::new(vec![])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "kubernetes");
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::CrlSign,
        ];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Self::of(Issued {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }

    /// The authority kept in `folder`; a new one is kept there where there is none.
    pub fn keep_in(folder: &Path) -> Result<Self, CertificateError> {
        let certificate = folder.join("ca.crt");
        let key = folder.join("ca.key");
        if let (Ok(certificate_pem), Ok(key_pem)) =
            (fs::read_to_string(&certificate), fs::read_to_string(&key))
        {
            return Self::of(Issued {
                certificate_pem,
                key_pem,
            });
        }
        let made = Self::generate()?;
        for (path, pem) in [
            (&key, &made.kept.key_pem),
            (&certificate, &made.kept.certificate_pem),
        ] {
            write_private(path, pem).map_err(|source| CertificateError::Keep {
                path: path.display().to_string(),
                source,
            })?;
        }
        Ok(made)
    }

    fn of(kept: Issued) -> Result<Self, CertificateError> {
        let key = KeyPair::from_pem(&kept.key_pem)?;
        let authority = Issuer::from_ca_cert_pem(&kept.certificate_pem, key)?;
        let server = issue(&authority, server_params()?)?;
        Ok(Self {
            authority,
            kept,
            server,
        })
    }

    /// The authority's certificate, in PEM.
    pub fn authority_pem(&self) -> &str {
        &self.kept.certificate_pem
    }

    /// The key that signs service-account tokens: the private half in PKCS#8 DER, and the public
    /// point.
    pub fn token_key(&self) -> (Vec<u8>, Vec<u8>) {
        let key = self.authority.key();
        (key.serialize_der(), key.public_key_raw().to_vec())
    }

    /// A certificate that proves its holder to be `user`, a member of `groups`.
    pub fn client(&self, user: &str, groups: &[&str]) -> Result<Issued, CertificateError> {
        let mut params = CertificateParams::new(vec![])?;
        params.distinguished_name.push(DnType::CommonName, user);
        for group in groups {
            params
                .distinguished_name
                .push(DnType::OrganizationName, *group);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        issue(&self.authority, params)
    }

    /// The certificate (PEM) that a request (PEM) asks for. Names and key are the request's, the
    /// rest is in `terms`.
    pub fn sign(&self, request: &str, terms: &Terms<'_>) -> Result<String, CertificateError> {
        let mut request = CertificateSigningRequestParams::from_pem(request)?;
        let params = &mut request.params;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = terms
            .usages
            .iter()
            .filter_map(|word| key_usage(word))
            .collect();
        params.extended_key_usages = terms
            .usages
            .iter()
            .filter_map(|word| extended_key_usage(word))
            .collect();
        params.not_before = calendar(terms.valid_from);
        params.not_after = calendar(terms.valid_until);
        Ok(request.signed_by(&self.authority)?.pem())
    }
}

fn calendar(moment: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(moment.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn key_usage(word: &str) -> Option<KeyUsagePurpose> {
    Some(match word {
        "signing" | "digital signature" => KeyUsagePurpose::DigitalSignature,
        "content commitment" => KeyUsagePurpose::ContentCommitment,
        "key encipherment" => KeyUsagePurpose::KeyEncipherment,
        "key agreement" => KeyUsagePurpose::KeyAgreement,
        "data encipherment" => KeyUsagePurpose::DataEncipherment,
        "encipher only" => KeyUsagePurpose::EncipherOnly,
        "decipher only" => KeyUsagePurpose::DecipherOnly,
        _ => return None,
    })
}

fn extended_key_usage(word: &str) -> Option<ExtendedKeyUsagePurpose> {
    Some(match word {
        "client auth" => ExtendedKeyUsagePurpose::ClientAuth,
        "server auth" => ExtendedKeyUsagePurpose::ServerAuth,
        "code signing" => ExtendedKeyUsagePurpose::CodeSigning,
        "email protection" | "s/mime" => ExtendedKeyUsagePurpose::EmailProtection,
        "timestamping" => ExtendedKeyUsagePurpose::TimeStamping,
        "ocsp signing" => ExtendedKeyUsagePurpose::OcspSigning,
        "any" => ExtendedKeyUsagePurpose::Any,
        _ => return None,
    })
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn server_params() -> Result<CertificateParams, CertificateError> {
    let names = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    ];
    let mut params = CertificateParams::new(names.map(str::to_owned).to_vec())?;
    let addresses = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(Ipv4Addr::new(10, 96, 0, 1)),
        IpAddr::V4(Ipv4Addr::new(172, 18, 0, 2)),
    ];
    params
        .subject_alt_names
        .extend(addresses.map(SanType::IpAddress));
    params
        .distinguished_name
        .push(DnType::CommonName, "kube-apiserver");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn issue(
    authority: &Issuer<'static, KeyPair>,
    params: CertificateParams,
) -> Result<Issued, CertificateError> {
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    Ok(Issued {
        certificate_pem: certificate.pem(),
        key_pem: key.serialize_pem(),
    })
}
