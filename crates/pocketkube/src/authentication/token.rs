//! Service-account tokens: signed, with audience and expiry, bound to what they were made for.
//!
//! Mirrors `pkg/serviceaccount/{claims,jwt}.go` (v1.35).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
    verifying: VerifyingKey,
}

/// What others need to know these tokens again.
pub struct VerifyingKey {
    /// The hash of the key, as tokens name it in their header.
    pub id: String,
    /// The two coordinates of the point, each 32 bytes in base64.
    pub x: String,
    pub y: String,
}

impl VerifyingKey {
    /// `point` is uncompressed: a mark, then both coordinates.
    fn new(point: &[u8]) -> Self {
        /// What stands before a point of P-256 in a SubjectPublicKeyInfo.
        const PREFIX: [u8; 26] = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ];
        let hash = Sha256::new().chain_update(PREFIX).chain_update(point);
        let (x, y) = point.get(1..).unwrap_or_default().split_at(point.len() / 2);
        Self {
            id: URL_SAFE_NO_PAD.encode(hash.finalize()),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        }
    }
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
            verifying: VerifyingKey::new(public_key),
        }
    }

    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    pub fn sign(&self, claims: &Claims) -> Result<String, TokenError> {
        Ok(jsonwebtoken::encode(
            &self.header(),
            claims,
            &self.encoding,
        )?)
    }

    /// Names the key, so that others find it among those that the cluster publishes.
    pub(super) fn header(&self) -> Header {
        Header {
            kid: Some(self.verifying.id.clone()),
            ..Header::new(Algorithm::ES256)
        }
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
