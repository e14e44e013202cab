//! Tokens that live in Secrets: bound to their Secret, for ever, without an audience.
//!
//! Mirrors `pkg/serviceaccount/legacy.go` (v1.35). Whoever wants one makes the Secret by hand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jsonwebtoken::{Algorithm, Validation};
use serde::{Deserialize, Serialize};

use super::token::{Reference, ServiceAccountTokens, TokenError};
use super::{SECRET_TOKEN_ISSUER, UserInfo};
use crate::api::GroupResource;
use crate::api::tree::text;
use crate::registry::Objects;

/// What such a token says. The names are those of the JWT.
#[derive(Serialize, Deserialize)]
struct SecretTokenClaims {
    iss: String,
    #[serde(rename = "kubernetes.io/serviceaccount/namespace")]
    namespace: String,
    #[serde(rename = "kubernetes.io/serviceaccount/secret.name")]
    secret: String,
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.name")]
    account: String,
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.uid")]
    uid: String,
    sub: String,
}

impl ServiceAccountTokens {
    /// The token of an account for the Secret of that name.
    pub fn sign_for_secret(
        &self,
        namespace: &str,
        account: &Reference,
        secret: &str,
    ) -> Result<String, TokenError> {
        let name = &account.name;
        let claims = SecretTokenClaims {
            iss: SECRET_TOKEN_ISSUER.to_owned(),
            namespace: namespace.to_owned(),
            secret: secret.to_owned(),
            account: name.clone(),
            uid: account.uid.clone(),
            sub: format!("system:serviceaccount:{namespace}:{name}"),
        };
        Ok(jsonwebtoken::encode(
            &self.header(),
            &claims,
            &self.encoding,
        )?)
    }

    /// The bearer of a token that is genuine, whose account exists and whose Secret still holds
    /// it.
    pub(super) fn user_of_secret_token(&self, token: &str) -> Option<UserInfo> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[SECRET_TOKEN_ISSUER]);
        validation.validate_aud = false;
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<SecretTokenClaims>(token, &self.decoding, &validation)
            .ok()?
            .claims;
        let find = |plural: &str, name: &str| {
            let resource = GroupResource::new("", plural);
            Objects::get(&self.registry, &resource, &claims.namespace, name)
        };
        let secret = find("secrets", &claims.secret)?;
        let held = BASE64.decode(text(&secret.value()["data"], "token")).ok()?;
        let account = find("serviceaccounts", &claims.account)?;
        if held != token.as_bytes() || account.uid() != claims.uid {
            return None;
        }
        let mut user = UserInfo::service_account(&claims.namespace, &claims.account);
        user.uid = claims.uid;
        Some(user)
    }
}
