//! Whether a user may act as another.

use std::sync::Arc;

use http::HeaderMap;

use super::ApiServer;
use super::request::authorize;
use crate::api::StatusError;
use crate::authentication::{Impersonation, UserInfo};
use crate::authorization::Attributes;

impl ApiServer {
    /// The user that a request is to be judged as. Each of user, groups, uid and extra fields
    /// needs the permission to impersonate it.
    pub(super) fn impersonate(
        &self,
        user: Arc<UserInfo>,
        headers: &HeaderMap,
    ) -> Result<Arc<UserInfo>, StatusError> {
        let Some(asked) = Impersonation::parse(headers)? else {
            return Ok(user);
        };
        let may = |group: &str, resource: &str, subresource: &str, namespace: &str, name: &str| {
            authorize(
                self,
                &Attributes {
                    user: &user,
                    verb: "impersonate",
                    is_resource: true,
                    group,
                    resource,
                    subresource,
                    namespace,
                    name,
                    path: "",
                    field_selector: None,
                },
            )
        };
        match asked.user.name.strip_prefix("system:serviceaccount:") {
            Some(account) => {
                let (namespace, name) = account.split_once(':').unwrap_or((account, ""));
                may("", "serviceaccounts", "", namespace, name)?;
            }
            None => may("", "users", "", "", &asked.user.name)?,
        }
        for group in &asked.asked_groups {
            may("", "groups", "", "", group)?;
        }
        if !asked.user.uid.is_empty() {
            may("authentication.k8s.io", "uids", "", "", &asked.user.uid)?;
        }
        for (key, values) in &asked.user.extra {
            for value in values {
                may("authentication.k8s.io", "userextras", key, "", value)?;
            }
        }
        Ok(Arc::new(asked.user))
    }
}
