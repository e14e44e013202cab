//! Service-account tokens: signed, with audience and expiry, bound to what they were made for.
//!
//! Mirrors `pkg/serviceaccount/{claims,jwt}.go` (v1.35).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::{TokenAuthenticator, UserInfo};
use crate::api::GroupResource;
use crate::registry::{Objects, Registry};

/// Who signs, and the audience of tokens that name none.
pub const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("cannot sign a service-account token")]
pub struct TokenError(#[from] jsonwebtoken::errors::Error);

/// Signs tokens and knows its own again.
pub struct ServiceAccountTokens {
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    pub(super) registry: Registry,
}

/// What a token says. The names are those of the JWT.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    pub aud: Vec<String>,
    pub exp: i64,
    pub iat: i64,
    pub iss: String,
    pub jti: String,
    #[serde(rename = "kubernetes.io")]
    pub kubernetes: PrivateClaims,
    pub nbf: i64,
    pub sub: String,
}

/// What a token is bound to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PrivateClaims {
    pub namespace: String,
    pub serviceaccount: Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Reference>,
}

/// One particular object.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reference {
    pub name: String,
    pub uid: String,
}

impl ServiceAccountTokens {
    /// `private_key` is an elliptic-curve key (P-256) in PKCS#8 DER, `public_key` its raw point.
    pub fn new(private_key: &[u8], public_key: &[u8], registry: Registry) -> Self {
        Self {
            encoding: EncodingKey::from_ec_der(private_key),
            decoding: DecodingKey::from_ec_der(public_key),
            registry,
        }
    }

    pub fn sign(&self, claims: &Claims) -> Result<String, TokenError> {
        let header = Header::new(Algorithm::ES256);
        Ok(jsonwebtoken::encode(&header, claims, &self.encoding)?)
    }

    /// The claims of a token that is genuine, current, meant for one of `audiences`, and whose
    /// account and bound objects still exist.
    pub fn verify(&self, token: &str, audiences: &[&str]) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(audiences);
        validation.set_issuer(&[ISSUER]);
        // Expiry is judged by the cluster's clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .ok()?
            .claims;
        let now = self.registry.clock().now();
        let is_current = Timestamp::from_second(claims.exp).is_ok_and(|end| now < end);
        let bound = &claims.kubernetes;
        let exists = |resource: &str, namespace: &str, reference: &Reference| {
            let resource = GroupResource::new("", resource);
            Objects::get(&self.registry, &resource, namespace, &reference.name)
                .is_some_and(|object| object.uid() == reference.uid)
        };
        let lives = exists("serviceaccounts", &bound.namespace, &bound.serviceaccount)
            && bound
                .pod
                .as_ref()
                .is_none_or(|pod| exists("pods", &bound.namespace, pod))
            && bound
                .secret
                .as_ref()
                .is_none_or(|secret| exists("secrets", &bound.namespace, secret));
        (is_current && lives).then_some(claims)
    }
}

impl Claims {
    /// The user that a token makes of its bearer.
    pub fn user(&self) -> UserInfo {
        let bound = &self.kubernetes;
        let mut user = UserInfo::service_account(&bound.namespace, &bound.serviceaccount.name);
        user.uid.clone_from(&bound.serviceaccount.uid);
        let mut extra = BTreeMap::new();
        let mut add = |key: &str, value: &str| {
            let key = format!("authentication.kubernetes.io/{key}");
            extra.insert(key, vec![value.to_owned()]);
        };
        add("credential-id", &format!("JTI={}", self.jti));
        if let Some(pod) = &bound.pod {
            add("pod-name", &pod.name);
            add("pod-uid", &pod.uid);
        }
        if let Some(node) = &bound.node {
            add("node-name", &node.name);
            add("node-uid", &node.uid);
        }
        user.extra = extra;
        user
    }
}

impl TokenAuthenticator for std::sync::Arc<ServiceAccountTokens> {
    fn authenticate(&self, token: &str) -> Option<UserInfo> {
        self.verify(token, &[ISSUER])
            .map(|claims| claims.user())
            .or_else(|| self.user_of_secret_token(token))
    }
}
