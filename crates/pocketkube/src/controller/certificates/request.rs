//! Who a request names, and whether it is one that kubelets make.
//!
//! Mirrors `ValidateKubeletClientCSR` and `ValidateKubeletServingCSR` in
//! `pkg/apis/certificates/helpers.go` (v1.35).

use k8s_openapi::api::certificates::v1::CertificateSigningRequestSpec;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

const NODES: &str = "system:nodes";
const NODE: &str = "system:node:";

/// The names in a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub common_name: String,
    organizations: Vec<String>,
    dns: usize,
    addresses: usize,
    emails: usize,
    uris: usize,
}

impl Names {
    /// `None` where the request cannot be read.
    pub(super) fn of(spec: &CertificateSigningRequestSpec) -> Option<Self> {
        let (pem, _) = Pem::read(std::io::Cursor::new(&spec.request.0)).ok()?;
        let (_, request) = X509CertificationRequest::from_der(&pem.contents).ok()?;
        let subject = &request.certification_request_info.subject;
        let mut names = Self {
            common_name: subject
                .iter_common_name()
                .next()
                .and_then(|name| name.as_str().ok())
                .unwrap_or_default()
                .to_owned(),
            organizations: subject
                .iter_organization()
                .filter_map(|name| name.as_str().ok())
                .map(str::to_owned)
                .collect(),
            ..Self::default()
        };
        for extension in request.requested_extensions().into_iter().flatten() {
            if let ParsedExtension::SubjectAlternativeName(alternative) = extension {
                for name in &alternative.general_names {
                    names.count(name);
                }
            }
        }
        Some(names)
    }

    fn count(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::DNSName(_) => self.dns += 1,
            GeneralName::IPAddress(_) => self.addresses += 1,
            GeneralName::RFC822Name(_) => self.emails += 1,
            GeneralName::URI(_) => self.uris += 1,
            _ => {}
        }
    }

    fn check_node(&self) -> Result<(), &'static str> {
        if self.organizations != [NODES] {
            return Err("subject organization is not system:nodes");
        }
        if self.emails > 0 {
            return Err("email subjectAltNames are not allowed");
        }
        if self.uris > 0 {
            return Err("URI subjectAltNames are not allowed");
        }
        if !self.common_name.starts_with(NODE) {
            return Err("subject common name does not begin with system:node: ");
        }
        Ok(())
    }

    /// Why this is no request for the certificate by which a kubelet is known.
    pub(super) fn check_kubelet_client(&self, usages: &[String]) -> Result<(), String> {
        self.check_node()?;
        if self.dns > 0 {
            return Err("DNS subjectAltNames are not allowed".to_owned());
        }
        if self.addresses > 0 {
            return Err("IP subjectAltNames are not allowed".to_owned());
        }
        check_exactly(usages, "client auth")
    }

    /// Why this is no request for the certificate that a kubelet serves with.
    pub(super) fn check_kubelet_serving(&self, usages: &[String]) -> Result<(), String> {
        self.check_node()?;
        if self.dns + self.addresses == 0 {
            return Err("DNS or IP subjectAltName is required".to_owned());
        }
        check_exactly(usages, "server auth")
    }
}

/// The purpose and the signatures, perhaps the encipherment of keys, and nothing else.
fn check_exactly(usages: &[String], purpose: &str) -> Result<(), String> {
    let is_allowed = |usage: &String| {
        ["digital signature", "key encipherment", purpose].contains(&usage.as_str())
    };
    let has = |wanted: &str| usages.iter().any(|usage| usage == wanted);
    if usages.iter().all(is_allowed) && has("digital signature") && has(purpose) {
        return Ok(());
    }
    Err(format!(
        "usages did not match [digital signature key encipherment {purpose}]"
    ))
}

/// Why a request is none for a client of the API server.
pub(super) fn check_client(usages: &[String]) -> Result<(), String> {
    const PURPOSE: &str = "client auth";
    for usage in usages {
        if !["digital signature", "key encipherment", PURPOSE].contains(&usage.as_str()) {
            return Err(format!("invalid usage for client certificate: {usage}"));
        }
    }
    if !usages.iter().any(|usage| usage == PURPOSE) {
        return Err(format!(
            "missing required usage for client certificate: {PURPOSE}"
        ));
    }
    Ok(())
}
