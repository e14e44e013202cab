//! Who asks: turns credentials into a [`UserInfo`].
//!
//! Mirrors `apiserver/pkg/authentication` (v1.35).

mod client_certificate;
mod impersonation;
mod legacy_token;
mod token;
mod union;
mod user;

pub use client_certificate::user_of_certificate;
pub use impersonation::Impersonation;
pub use token::{
    Claims, ISSUER, PrivateClaims, Reference, ServiceAccountTokens, TokenError, VerifyingKey,
};
pub use union::{Authenticators, TokenAuthenticator};
pub use user::{ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, SYSTEM_MASTERS, UserInfo};

/// Who signs the tokens that live in Secrets.
const SECRET_TOKEN_ISSUER: &str = "kubernetes/serviceaccount";
