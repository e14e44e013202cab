//! The cluster's certificate authority, and what it signs.
//!
//! Everything is made anew when a cluster starts: elliptic-curve keys take well under a
//! millisecond.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};

/// A key or certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the cluster's certificates")]
pub struct CertificateError(#[from] rcgen::Error);

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct Issued {
    pub certificate_pem: String,
    pub key_pem: String,
}

/// The authority that clients trust, and the server's own certificate.
pub struct ClusterCertificates {
    authority: CertifiedIssuer<'static, KeyPair>,
    pub server: Issued,
}

impl ClusterCertificates {
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
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let server = issue(&authority, server_params()?)?;
        Ok(Self { authority, server })
    }

    /// The authority's certificate, in PEM.
    pub fn authority_pem(&self) -> String {
        self.authority.pem()
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
    authority: &CertifiedIssuer<'static, KeyPair>,
    params: CertificateParams,
) -> Result<Issued, CertificateError> {
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    Ok(Issued {
        certificate_pem: certificate.pem(),
        key_pem: key.serialize_pem(),
    })
}
