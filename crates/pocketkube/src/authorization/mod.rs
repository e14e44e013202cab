//! Who may do what: allow, deny or no opinion.
//!
//! Authorizers are asked in order; the first that has an opinion decides, and without one the
//! request is forbidden. Mirrors `apiserver/pkg/authorization` (v1.35).

mod attributes;
mod components;
mod privileged;
mod union;

pub use attributes::Attributes;
pub use components::Components;
pub use privileged::Privileged;
pub use union::Union;

/// What an authorizer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Allow,
    /// Nobody asked later can allow it.
    Deny(String),
    /// Ask the next; the reason is shown when nobody allows.
    NoOpinion(String),
}

/// A source of permissions.
pub trait Authorizer: Send + Sync {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision;
}
