//! Forgets requests that are done with.
//!
//! Mirrors `pkg/controller/certificates/cleaner/cleaner.go` (v1.35).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use x509_parser::pem::Pem;

use super::super::{Controller, ControllerContext, SyncError, run};
use super::{APPROVED, DENIED, FAILED, certificate, condition};
use crate::client::{Client, DeleteOptions, Kind, Lister, WorkQueue};
use crate::clock::Clock;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// A request that nobody decides about waits this long.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

struct Cleaner {
    requests: Lister<CertificateSigningRequest>,
    client: Client,
    clock: Clock,
    queue: Arc<WorkQueue<String>>,
}

pub(in crate::controller) fn start(context: ControllerContext) {
    let requests = context.informers.get::<CertificateSigningRequest>();
    let queue = context.queue();
    let enqueue = queue.clone();
    requests.subscribe(move |change| enqueue.add(change.object().name().to_owned()));
    let cleaner = Arc::new(Cleaner {
        requests: requests.lister(),
        client: context.client.clone(),
        clock: context.clock.clone(),
        queue: queue.clone(),
    });
    run(
        &context,
        "certificatesigningrequest-cleaner-controller",
        (queue, 1),
        cleaner,
        async move { requests.wait_synced().await },
    );
}

#[async_trait]
impl Controller for Cleaner {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let Some(request) = self.requests.get("", name) else {
            return Ok(());
        };
        let Some(end) = end(&request) else {
            return Ok(());
        };
        let now = self.clock.now();
        if now < end {
            let rest = Duration::try_from(end.duration_since(now)).unwrap_or_default();
            self.queue.add_after(name.clone(), rest);
            return Ok(());
        }
        let of = DeleteOptions::of_uid(request.uid());
        let deleted = self
            .client
            .delete::<CertificateSigningRequest>("", name, &of)
            .await;
        match deleted {
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
            outcome => Ok(outcome?),
        }
    }
}

/// When a request is of no use any more: an hour after it was decided, a day after it was made
/// where nobody has, and when its certificate has expired.
fn end(request: &CertificateSigningRequest) -> Option<Timestamp> {
    let decided = [APPROVED, DENIED, FAILED].iter().filter_map(|kind| {
        let condition = condition(request, kind)?;
        let is_waiting = *kind == APPROVED && certificate(request).is_none();
        let updated = condition.last_update_time.as_ref()?.0;
        (!is_waiting).then(|| updated.saturating_add(HOUR).ok())?
    });
    let expired = certificate(request).and_then(expiry);
    let undecided = request
        .created_at()
        .filter(|_| decided.clone().next().is_none())
        .and_then(|created| created.saturating_add(PATIENCE).ok());
    decided.clone().chain(expired).chain(undecided).min()
}

fn expiry(certificate: &[u8]) -> Option<Timestamp> {
    let (pem, _) = Pem::read(std::io::Cursor::new(certificate)).ok()?;
    let certificate = pem.parse_x509().ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ends(status: Value) -> Option<String> {
        let request: CertificateSigningRequest = serde_json::from_value(json!({
            "metadata": {"name": "r", "creationTimestamp": "2025-01-01T00:00:00Z"},
            "spec": {"request": "", "signerName": "a.b/c"},
            "status": status,
        }))
        .unwrap();
        end(&request).map(|end| end.to_string())
    }

    fn decided(as_: &str) -> Value {
        json!({"type": as_, "status": "True", "lastUpdateTime": "2025-01-01T05:00:00Z"})
    }

    #[test]
    fn requests_are_forgotten_an_hour_after_they_are_done_with() {
        assert_eq!(ends(json!({})).as_deref(), Some("2025-01-02T00:00:00Z"));
        let denied = json!({"conditions": [decided("Denied")]});
        assert_eq!(ends(denied).as_deref(), Some("2025-01-01T06:00:00Z"));
        let issued = json!({"conditions": [decided("Approved")], "certificate": "eA=="});
        assert_eq!(ends(issued).as_deref(), Some("2025-01-01T06:00:00Z"));
    }

    #[test]
    fn an_approved_request_waits_a_day_for_its_signer() {
        let approved = json!({"conditions": [decided("Approved")]});
        assert_eq!(ends(approved).as_deref(), Some("2025-01-02T00:00:00Z"));
    }
}
