//! Signs approved requests for the built-in signers.
//!
//! Mirrors `pkg/controller/certificates/signer/signer.go` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestCondition, CertificateSigningRequestSpec,
};

use super::super::{Controller, ControllerContext, SyncError, run};
use super::request::{Names, check_client};
use super::{APPROVED, FAILED, certificate, has};
use crate::client::{Client, Kind, Lister, time};
use crate::clock::Clock;
use crate::server::{ClusterCertificates, Terms};

/// How long a certificate is valid, where nobody wishes less.
const LIFETIME: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Clocks that are a little behind take a new certificate, too.
const BACKDATE: SignedDuration = SignedDuration::from_mins(5);

struct Signer {
    requests: Lister<CertificateSigningRequest>,
    client: Client,
    clock: Clock,
    certificates: Arc<ClusterCertificates>,
}

pub(in crate::controller) fn start(context: ControllerContext) {
    let Some(certificates) = context.options.certificates.clone() else {
        return;
    };
    let requests = context.informers.get::<CertificateSigningRequest>();
    let queue = context.queue();
    let enqueue = queue.clone();
    requests.subscribe(move |change| enqueue.add(change.object().name().to_owned()));
    let signer = Arc::new(Signer {
        requests: requests.lister(),
        client: context.client.clone(),
        clock: context.clock.clone(),
        certificates,
    });
    run(
        &context,
        "certificatesigningrequest-signing-controller",
        (queue, 1),
        signer,
        async move { requests.wait_synced().await },
    );
}

#[async_trait]
impl Controller for Signer {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let Some(request) = self.requests.get("", name) else {
            return Ok(());
        };
        let is_open = has(&request, APPROVED) && !has(&request, FAILED);
        if !is_open || certificate(&request).is_some() {
            return Ok(());
        }
        let Some(verdict) = check(&request.spec) else {
            // Somebody else's signer.
            return Ok(());
        };
        let outcome = match verdict {
            Ok(()) => self.sign(&request.spec),
            Err(why) => Err(why),
        };
        let mut request = (*request).clone();
        let status = request.status.get_or_insert_default();
        match outcome {
            Ok(certificate) => status.certificate = Some(ByteString(certificate.into_bytes())),
            Err(why) => {
                let conditions = status.conditions.get_or_insert_default();
                conditions.push(self.failure(why));
            }
        }
        match self.client.update_status(&request).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}

impl Signer {
    fn sign(&self, spec: &CertificateSigningRequestSpec) -> Result<String, String> {
        let request = String::from_utf8_lossy(&spec.request.0);
        let now = self.clock.now();
        let wished = spec.expiration_seconds.map(i64::from);
        let lifetime = wished.map_or(LIFETIME, |seconds| {
            SignedDuration::from_secs(seconds).min(LIFETIME)
        });
        let at = |offset: SignedDuration| now.saturating_add(offset).unwrap_or(Timestamp::MAX);
        let terms = Terms {
            usages: spec.usages.as_deref().unwrap_or_default(),
            valid_from: at(-BACKDATE),
            valid_until: at(lifetime),
        };
        self.certificates
            .sign(&request, &terms)
            .map_err(|error| format!("unable to sign the certificate: {error}"))
    }

    fn failure(&self, why: String) -> CertificateSigningRequestCondition {
        CertificateSigningRequestCondition {
            type_: FAILED.to_owned(),
            status: "True".to_owned(),
            reason: Some("SignerValidationFailure".to_owned()),
            message: Some(why),
            last_update_time: Some(time(self.clock.now())),
            ..CertificateSigningRequestCondition::default()
        }
    }
}

/// Whether a request is as its signer wants it; `None` where the signer is not one of ours.
fn check(spec: &CertificateSigningRequestSpec) -> Option<Result<(), String>> {
    let usages = spec.usages.as_deref().unwrap_or_default();
    let names = || Names::of(spec).ok_or_else(|| "unable to parse csr".to_owned());
    Some(match spec.signer_name.as_str() {
        "kubernetes.io/kube-apiserver-client" => check_client(usages),
        "kubernetes.io/kube-apiserver-client-kubelet" => {
            names().and_then(|names| names.check_kubelet_client(usages))
        }
        "kubernetes.io/kubelet-serving" => {
            names().and_then(|names| names.check_kubelet_serving(usages))
        }
        _ => return None,
    })
}
