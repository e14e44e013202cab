//! Impersonation: `kubectl --as`, `--as-group`, `--as-uid`.
//!
//! Reads the headers; whether the user may is for authorization to say. Mirrors
//! `apiserver/pkg/endpoints/filters/impersonation.go` (v1.35).

use http::HeaderMap;

use super::{ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, UserInfo};
use crate::api::StatusError;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";

/// Who a request asks to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonation {
    pub user: UserInfo,
    /// The groups that the headers name, without those that follow from the user.
    pub asked_groups: Vec<String>,
}

impl Impersonation {
    /// Reads the headers; `None` where they ask for nobody.
    pub fn parse(headers: &HeaderMap) -> Result<Option<Self>, StatusError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let asked_groups: Vec<String> = headers
            .get_all(GROUP)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(str::to_owned)
            .collect();
        let uid = text(UID).unwrap_or_default();
        let has_extra = headers.keys().any(|key| key.as_str().starts_with(EXTRA));
        let Some(name) = text(USER).filter(|name| !name.is_empty()) else {
            if asked_groups.is_empty() && uid.is_empty() && !has_extra {
                return Ok(None);
            }
            return Err(StatusError::internal(format!(
                "requested {:?} without impersonating a user",
                asked_groups
            )));
        };
        let mut user = match name.strip_prefix("system:serviceaccount:") {
            Some(account) if asked_groups.is_empty() => {
                let (namespace, name) = account.split_once(':').unwrap_or((account, ""));
                UserInfo::service_account(namespace, name)
            }
            _ => UserInfo {
                name: name.to_owned(),
                groups: asked_groups.clone(),
                ..UserInfo::default()
            },
        };
        let everyone = if name == "system:anonymous" {
            ALL_UNAUTHENTICATED
        } else {
            ALL_AUTHENTICATED
        };
        if !user.is_in(everyone)
            && !user.is_in(ALL_AUTHENTICATED)
            && !user.is_in(ALL_UNAUTHENTICATED)
        {
            user.groups.push(everyone.to_owned());
        }
        user.uid = uid.to_owned();
        for (key, value) in headers {
            if let (Some(key), Ok(value)) = (key.as_str().strip_prefix(EXTRA), value.to_str()) {
                let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy();
                user.extra
                    .entry(key.into_owned())
                    .or_default()
                    .push(value.to_owned());
            }
        }
        Ok(Some(Self { user, asked_groups }))
    }
}
