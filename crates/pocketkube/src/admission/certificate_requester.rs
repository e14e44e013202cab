//! A CertificateSigningRequest says who asks: the user of the request, whatever the body claims.
//!
//! Upstream does this in `pkg/registry/certificates/certificates/strategy.go` (v1.35).

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{Attributes, Mutate, Operation};
use crate::api::StatusError;
use crate::api::tree::remove;
use crate::authentication::UserInfo;

/// Writes the requester into new CertificateSigningRequests.
pub struct CertificateRequester;

#[async_trait]
impl Mutate for CertificateRequester {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let is_new = attributes.operation == Operation::Create;
        if is_new && attributes.is("certificates.k8s.io", "certificatesigningrequests", "") {
            sign(&mut object["spec"], attributes.user);
        }
        Ok(())
    }
}

fn sign(spec: &mut Value, user: &UserInfo) {
    for field in ["username", "uid", "groups", "extra"] {
        remove(spec, field);
    }
    spec["username"] = json!(user.name);
    if !user.uid.is_empty() {
        spec["uid"] = json!(user.uid);
    }
    if !user.groups.is_empty() {
        spec["groups"] = json!(user.groups);
    }
    if !user.extra.is_empty() {
        let extra: Map<String, Value> = user
            .extra
            .iter()
            .map(|(key, values)| (key.clone(), json!(values)))
            .collect();
        spec["extra"] = extra.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_asks_in_another_name() {
        let mut spec = json!({"username": "root", "groups": ["system:masters"], "uid": "1"});
        sign(&mut spec, &UserInfo::new("jane", &["developers"]));
        assert_eq!(spec, json!({"username": "jane", "groups": ["developers"]}));
    }
}
