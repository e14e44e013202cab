//! Approves the requests that nodes make for themselves.
//!
//! Mirrors `pkg/controller/certificates/approver/sarapprove.go` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use serde_json::json;

use super::super::{Controller, ControllerContext, SyncError, run};
use super::request::Names;
use super::{APPROVED, DENIED, certificate, has};
use crate::api::StatusError;
use crate::client::{Client, Kind, Lister, ResourceRef};

const SIGNER: &str = "kubernetes.io/kube-apiserver-client-kubelet";

struct Approver {
    requests: Lister<CertificateSigningRequest>,
    client: Client,
}

pub(in crate::controller) fn start(context: ControllerContext) {
    let requests = context.informers.get::<CertificateSigningRequest>();
    let queue = context.queue();
    let enqueue = queue.clone();
    requests.subscribe(move |change| enqueue.add(change.object().name().to_owned()));
    let approver = Arc::new(Approver {
        requests: requests.lister(),
        client: context.client.clone(),
    });
    run(
        &context,
        "certificatesigningrequest-approving-controller",
        (queue, 1),
        approver,
        async move { requests.wait_synced().await },
    );
}

#[async_trait]
impl Controller for Approver {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let Some(request) = self.requests.get("", name) else {
            return Ok(());
        };
        let is_decided = has(&request, APPROVED) || has(&request, DENIED);
        if is_decided || certificate(&request).is_some() || request.spec.signer_name != SIGNER {
            return Ok(());
        }
        let usages = request.spec.usages.as_deref().unwrap_or_default();
        let Some(names) = Names::of(&request.spec) else {
            return Ok(());
        };
        if names.check_kubelet_client(usages).is_err() {
            return Ok(());
        }
        let is_own = request.spec.username.as_deref() == Some(names.common_name.as_str());
        let own = (
            "selfnodeclient",
            "Auto approving self kubelet client certificate after SubjectAccessReview.",
        );
        let others = (
            "nodeclient",
            "Auto approving kubelet client certificate after SubjectAccessReview.",
        );
        for (subresource, why) in is_own.then_some(own).into_iter().chain([others]) {
            if self.may_ask(&request, subresource).await? {
                return Ok(self.approve(&request, why).await?);
            }
        }
        Ok(())
    }
}

impl Approver {
    /// Whether the requester is allowed certificates of that sort.
    async fn may_ask(
        &self,
        request: &CertificateSigningRequest,
        subresource: &str,
    ) -> Result<bool, StatusError> {
        let spec = &request.spec;
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {
                "user": spec.username, "uid": spec.uid, "groups": spec.groups,
                "extra": spec.extra,
                "resourceAttributes": {
                    "group": "certificates.k8s.io", "resource": "certificatesigningrequests",
                    "verb": "create", "subresource": subresource, "version": "*",
                },
            },
        });
        let review = ResourceRef::of::<SubjectAccessReview>();
        let answer = self.client.create_object(&review, body).await?;
        Ok(answer.value()["status"]["allowed"] == true)
    }

    async fn approve(
        &self,
        request: &CertificateSigningRequest,
        why: &str,
    ) -> Result<(), StatusError> {
        let mut body = serde_json::to_value(request)
            .map_err(|error| StatusError::internal(error.to_string()))?;
        body["status"]["conditions"] = json!([{
            "type": APPROVED, "status": "True", "reason": "AutoApproved", "message": why,
        }]);
        let resource = ResourceRef::of::<CertificateSigningRequest>();
        match self.client.update_object(&resource, "approval", body).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => outcome.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
    use rcgen::{CertificateParams, DnType, KeyPair};
    use serde_json::json;

    use crate::Cluster;
    use crate::authentication::UserInfo;

    fn request(common_name: &str, organization: &str, signer: &str) -> CertificateSigningRequest {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        params
            .distinguished_name
            .push(DnType::OrganizationName, organization);
        let key = KeyPair::generate().unwrap();
        let pem = params.serialize_request(&key).unwrap().pem().unwrap();
        let mut request: CertificateSigningRequest = serde_json::from_value(json!({
            "metadata": {"name": "r"},
            "spec": {
                "request": "", "signerName": signer,
                "usages": ["digital signature", "client auth"],
            },
        }))
        .unwrap();
        request.spec.request.0 = pem.into_bytes();
        request
    }

    async fn after_a_while(
        user: UserInfo,
        request: CertificateSigningRequest,
    ) -> CertificateSigningRequest {
        let cluster = Cluster::builder().nodes(0).start().await.unwrap();
        let requests = |client| kube::Api::<CertificateSigningRequest>::all(client);
        requests(cluster.client_as(user))
            .create(&Default::default(), &request)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let found = requests(cluster.client()).get("r").await.unwrap();
        cluster.shutdown().await.unwrap();
        found
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_gets_its_certificate_without_a_person() {
        let node = UserInfo::new("system:node:n1", &["system:nodes", "system:authenticated"]);
        // Nodes are allowed to make requests by the role that only the administrator stands in for.
        let mut user = UserInfo::admin();
        user.name = node.name;
        user.groups.extend(node.groups);
        let request = request("system:node:n1", "system:nodes", super::SIGNER);
        let status = after_a_while(user, request).await.status.unwrap();
        assert_eq!(
            status.conditions.unwrap()[0].reason.as_deref(),
            Some("AutoApproved")
        );
        assert!(
            status
                .certificate
                .unwrap()
                .0
                .starts_with(b"-----BEGIN CERTIFICATE-----")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_waits_for_approval() {
        let request = request("jane", "developers", "kubernetes.io/kube-apiserver-client");
        let found = after_a_while(UserInfo::admin(), request).await;
        let status = found.status.unwrap_or_default();
        assert!(status.conditions.is_none() && status.certificate.is_none());
    }
}
