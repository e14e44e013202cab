//! Who may approve and sign certificates: those who may for the signer that a request names.
//!
//! Mirrors `plugin/pkg/admission/certificates/{approval,signing,subjectrestriction}` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

use super::{Attributes, Operation, Validate};
use crate::api::StatusError;
use crate::api::tree::{elements, text};
use crate::authentication::{SYSTEM_MASTERS, UserInfo};
use crate::authorization::{self, Authorizer, Decision};

const GROUP: &str = "certificates.k8s.io";
const RESOURCE: &str = "certificatesigningrequests";
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";

/// Guards approval, certificates and the most powerful group.
pub struct CertificateSigners {
    authorizer: Arc<dyn Authorizer>,
}

impl CertificateSigners {
    pub fn new(authorizer: Arc<dyn Authorizer>) -> Self {
        Self { authorizer }
    }

    /// Whether `user` may act for a signer, or for all signers of its domain.
    fn may(&self, user: &UserInfo, verb: &str, signer: &str) -> bool {
        let domain = signer.split('/').next().unwrap_or_default();
        [signer, &format!("{domain}/*")].into_iter().any(|name| {
            let decision = self.authorizer.authorize(&authorization::Attributes {
                user,
                verb,
                is_resource: true,
                group: GROUP,
                resource: "signers",
                subresource: "",
                namespace: "",
                name,
                path: "",
                field_selector: None,
            });
            decision == Decision::Allow
        })
    }

    fn check(&self, object: &Value, attributes: &Attributes<'_>) -> Result<(), String> {
        let user = attributes.user;
        let old = attributes.old.unwrap_or(&Value::Null);
        let signer = match attributes.operation {
            Operation::Create => text(&object["spec"], "signerName"),
            _ => text(&old["spec"], "signerName"),
        };
        match (attributes.operation, attributes.subresource) {
            (Operation::Create, "") if signer == CLIENT_SIGNER && asks_for_everything(object) => {
                Err(format!(
                    "use of {CLIENT_SIGNER} signer with {SYSTEM_MASTERS} group is not allowed"
                ))
            }
            (Operation::Update, "approval") if !self.may(user, "approve", signer) => Err(format!(
                "user not permitted to approve requests with signerName {signer:?}"
            )),
            (Operation::Update, "status")
                if is_outcome_changed(object, old) && !self.may(user, "sign", signer) =>
            {
                Err(format!(
                    "user not permitted to sign requests with signerName {signer:?}"
                ))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Validate for CertificateSigners {
    async fn validate(
        &self,
        object: &Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if !attributes.is(GROUP, RESOURCE, attributes.subresource) {
            return Ok(());
        }
        self.check(object, attributes)
            .map_err(|why| attributes.forbidden(&why))
    }
}

fn is_outcome_changed(new: &Value, old: &Value) -> bool {
    let failures = |object: &Value| -> Vec<Value> {
        elements(&object["status"]["conditions"])
            .iter()
            .filter(|condition| condition["type"] == "Failed")
            .cloned()
            .collect()
    };
    new["status"]["certificate"] != old["status"]["certificate"] || failures(new) != failures(old)
}

/// Whether the request is for a member of `system:masters`.
fn asks_for_everything(object: &Value) -> bool {
    let read = || {
        let bytes = BASE64.decode(text(&object["spec"], "request")).ok()?;
        let (pem, _) = Pem::read(std::io::Cursor::new(&bytes)).ok()?;
        let (_, request) = X509CertificationRequest::from_der(&pem.contents).ok()?;
        let subject = &request.certification_request_info.subject;
        let is_master = subject
            .iter_organization()
            .any(|name| name.as_str().is_ok_and(|name| name == SYSTEM_MASTERS));
        Some(is_master)
    };
    read().unwrap_or_default()
}
