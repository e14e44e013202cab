//! What becomes of CertificateSigningRequests: approved, signed, and forgotten.
//!
//! Requests for the built-in signers are signed once they are approved; only those of nodes are
//! approved without a person. Mirrors `pkg/controller/certificates` (v1.35).

mod approver;
mod cleaner;
mod request;
mod signer;

pub(super) use approver::start as start_approver;
pub(super) use cleaner::start as start_cleaner;
pub(super) use signer::start as start_signer;

use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestCondition,
};

const APPROVED: &str = "Approved";
const DENIED: &str = "Denied";
const FAILED: &str = "Failed";

fn condition<'a>(
    request: &'a CertificateSigningRequest,
    wanted: &str,
) -> Option<&'a CertificateSigningRequestCondition> {
    let conditions = request.status.as_ref()?.conditions.as_ref()?;
    conditions
        .iter()
        .find(|condition| condition.type_ == wanted)
}

fn has(request: &CertificateSigningRequest, wanted: &str) -> bool {
    condition(request, wanted).is_some()
}

fn certificate(request: &CertificateSigningRequest) -> Option<&[u8]> {
    let certificate = request.status.as_ref()?.certificate.as_ref()?;
    Some(&certificate.0)
        .filter(|bytes| !bytes.is_empty())
        .map(Vec::as_slice)
}
