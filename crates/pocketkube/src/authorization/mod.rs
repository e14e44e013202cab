//! Who may do what: allow, deny or no opinion.
//!
//! Authorizers are asked in order; the first that has an opinion decides, and without one the
//! request is forbidden. Mirrors `apiserver/pkg/authorization` (v1.35).

mod attributes;
mod components;
mod node;
mod privileged;
mod rbac;
mod union;

pub use attributes::Attributes;
pub use components::Components;
pub use node::{Node, node_of};
pub use privileged::Privileged;
pub use rbac::Rbac;
pub use union::Union;

use crate::authentication::UserInfo;
use crate::registry::rbac::PolicyRule;

/// What an authorizer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Allow,
    /// Nobody asked later can allow it.
    Deny(String),
    /// Ask the next; the reason is shown when nobody allows.
    NoOpinion(String),
}

/// Everything that a user is granted by rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    pub rules: Vec<PolicyRule>,
    /// Why the list may be incomplete, a sentence each.
    pub errors: Vec<String>,
}

/// A source of permissions.
pub trait Authorizer: Send + Sync {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision;

    /// Which grant allows a request, for those who ask; `None` where this authorizer does not
    /// allow it or has no grants.
    fn granted_by(&self, _attributes: &Attributes<'_>) -> Option<String> {
        None
    }

    /// What `user` is granted in a namespace, or in the whole cluster where it is empty.
    fn grants(&self, _user: &UserInfo, _namespace: &str) -> Grants {
        Grants::default()
    }
}
