//! An authenticated identity.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A user as authorization and admission see them. Mirrors `user.Info`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserInfo {
    pub name: String,
    pub uid: String,
    pub groups: Vec<String>,
    pub extra: BTreeMap<String, Vec<String>>,
    /// One of the cluster's own parts, calling from inside the process. Nobody can become one by
    /// a credential or by impersonation.
    pub is_component: bool,
}

/// May do everything.
pub const SYSTEM_MASTERS: &str = "system:masters";
/// Everyone who proved who they are.
pub const ALL_AUTHENTICATED: &str = "system:authenticated";
/// Everyone who did not.
pub const ALL_UNAUTHENTICATED: &str = "system:unauthenticated";

impl UserInfo {
    pub fn new(name: &str, groups: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// The cluster's administrator, as kind and kubeadm name it.
    pub fn admin() -> Self {
        Self::new("kubernetes-admin", &[SYSTEM_MASTERS, ALL_AUTHENTICATED])
    }

    /// A component of the control plane, such as `system:kube-scheduler`.
    pub fn component(name: &str) -> Self {
        Self::new(name, &[ALL_AUTHENTICATED]).trusted()
    }

    /// A controller, which acts as a service account of `kube-system`.
    pub fn controller(service_account: &str) -> Self {
        Self::service_account("kube-system", service_account).trusted()
    }

    /// The kubelet of a node.
    pub fn node(node: &str) -> Self {
        let name = format!("system:node:{node}");
        Self::new(&name, &["system:nodes", ALL_AUTHENTICATED]).trusted()
    }

    /// A service account.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self::new(
            &format!("system:serviceaccount:{namespace}:{name}"),
            &[
                "system:serviceaccounts",
                &format!("system:serviceaccounts:{namespace}"),
                ALL_AUTHENTICATED,
            ],
        )
    }

    pub fn anonymous() -> Self {
        Self::new("system:anonymous", &[ALL_UNAUTHENTICATED])
    }

    fn trusted(mut self) -> Self {
        self.is_component = true;
        self
    }

    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }

    /// The user as `UserInfo` of `authentication.k8s.io/v1`: what there is none of is left out.
    pub fn to_value(&self) -> Value {
        let mut info = json!({"username": self.name});
        if !self.uid.is_empty() {
            info["uid"] = json!(self.uid);
        }
        if !self.groups.is_empty() {
            info["groups"] = json!(self.groups);
        }
        if !self.extra.is_empty() {
            info["extra"] = json!(self.extra);
        }
        info
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_does_not_have_is_left_out() {
        assert_eq!(
            UserInfo::new("eve", &["g"]).to_value(),
            json!({"username": "eve", "groups": ["g"]})
        );
    }
}
