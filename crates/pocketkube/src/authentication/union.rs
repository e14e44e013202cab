//! All ways to prove who one is, asked in order.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap};

use super::UserInfo;
use crate::api::StatusError;

/// Knows whom a bearer token belongs to.
pub trait TokenAuthenticator: Send + Sync {
    /// `None` where the token is not one of this authenticator's.
    fn authenticate(&self, token: &str) -> Option<UserInfo>;
}

/// The cluster's authenticators. A request that comes with an [`Arc<UserInfo>`] among its
/// extensions was authenticated by its connection (a client certificate, or in process).
#[derive(Default)]
pub struct Authenticators {
    pub tokens: Vec<Box<dyn TokenAuthenticator>>,
}

impl Authenticators {
    /// The user of a request; anonymous without credentials, `Unauthorized` with wrong ones. A
    /// token counts before the connection's certificate (LIMITATIONS API-11).
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Arc<UserInfo>, StatusError> {
        let of_connection = extensions.get::<Arc<UserInfo>>();
        let Some(authorization) = headers.get(AUTHORIZATION) else {
            let anonymous = || Arc::new(UserInfo::anonymous());
            return Ok(of_connection.cloned().unwrap_or_else(anonymous));
        };
        let token = authorization
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        token
            .and_then(|token| self.user_of_token(token))
            .map(Arc::new)
            .ok_or_else(StatusError::unauthorized)
    }

    /// Whom a bearer token belongs to, if anybody.
    pub fn user_of_token(&self, token: &str) -> Option<UserInfo> {
        self.tokens
            .iter()
            .find_map(|known| known.authenticate(token))
    }
}
