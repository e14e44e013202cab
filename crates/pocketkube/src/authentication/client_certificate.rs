//! Client certificates: the common name is the user, organizations are the groups.
//!
//! Whether the certificate is trusted was decided in the TLS handshake. Mirrors
//! `apiserver/pkg/authentication/request/x509/x509.go` (`CommonNameUserConversion`).

use super::{ALL_AUTHENTICATED, UserInfo};

/// The user that a DER certificate names; `None` where it names none.
pub fn user_of_certificate(der: &[u8]) -> Option<UserInfo> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let subject = certificate.subject();
    let name = subject.iter_common_name().next()?.as_str().ok()?;
    if name.is_empty() {
        return None;
    }
    let mut groups: Vec<String> = subject
        .iter_organization()
        .filter_map(|attribute| attribute.as_str().ok())
        .map(str::to_owned)
        .collect();
    groups.push(ALL_AUTHENTICATED.to_owned());
    Some(UserInfo {
        name: name.to_owned(),
        groups,
        ..UserInfo::default()
    })
}
