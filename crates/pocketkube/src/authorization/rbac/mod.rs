//! Role-based access control: what roles and their bindings allow.
//!
//! Keeps an index of who is bound to what, brought up to date from the logs of the four RBAC
//! resources before each answer, so that a grant counts from the moment it is stored. Mirrors
//! `plugin/pkg/auth/authorizer/rbac/rbac.go` and `pkg/registry/rbac/validation/rule.go` (v1.35).

mod index;
mod news;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Attributes, Authorizer, Decision, Grants};
use crate::authentication::UserInfo;
use crate::registry::rbac::PolicyRule;
use crate::storage::Storage;
use index::{Binding, Index};
use news::News;

/// Allows what the roles say that a user or one of their groups is bound to.
pub struct Rbac {
    storage: Storage,
    state: RwLock<State>,
}

struct State {
    index: Index,
    news: News,
}

impl Rbac {
    /// Reads every role and binding once; later ones are followed.
    pub fn new(storage: Storage) -> Self {
        let mut index = Index::default();
        let news = News::start(&storage, &mut index);
        Self {
            storage,
            state: RwLock::new(State { index, news }),
        }
    }

    /// The index as of the newest commit.
    fn current(&self) -> RwLockReadGuard<'_, State> {
        let state = self.state.read();
        if !state.news.is_any() {
            return state;
        }
        drop(state);
        let mut state = self.state.write();
        let State { index, news } = &mut *state;
        news.apply(&self.storage, index);
        RwLockWriteGuard::downgrade(state)
    }
}

impl Authorizer for Rbac {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        let state = self.current();
        let mut missing = BTreeSet::new();
        let flow = state
            .index
            .visit(attributes.user, attributes.namespace, |binding, rules| {
                let Some(rules) = rules else {
                    missing.insert(binding.missing_role());
                    return ControlFlow::Continue(());
                };
                if rules.iter().any(|rule| allows(rule, attributes)) {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
        if flow.is_break() {
            return Decision::Allow;
        }
        Decision::NoOpinion(complaint(missing))
    }

    fn granted_by(&self, attributes: &Attributes<'_>) -> Option<String> {
        let state = self.current();
        let flow = state
            .index
            .visit(attributes.user, attributes.namespace, |binding, rules| {
                let mut rules = rules.unwrap_or_default().iter();
                if rules.any(|rule| allows(rule, attributes)) {
                    return ControlFlow::Break(binding.description());
                }
                ControlFlow::Continue(())
            });
        flow.break_value()
            .map(|binding| format!("RBAC: allowed by {binding}"))
    }

    fn grants(&self, user: &UserInfo, namespace: &str) -> Grants {
        let state = self.current();
        let mut grants = Grants::default();
        let mut missing = BTreeSet::new();
        let _ = state
            .index
            .visit(user, namespace, |binding: &Binding, rules| {
                match rules {
                    Some(rules) => grants.rules.extend_from_slice(rules),
                    None => drop(missing.insert(binding.missing_role())),
                }
                ControlFlow::<()>::Continue(())
            });
        grants.errors.extend(missing);
        grants
    }
}

fn allows(rule: &PolicyRule, attributes: &Attributes<'_>) -> bool {
    if !attributes.is_resource {
        return rule.allows_path(attributes.verb, attributes.path);
    }
    rule.allows_resource(
        attributes.verb,
        attributes.group,
        (attributes.resource, attributes.subresource),
        attributes.name,
    )
}

/// Roles that are bound but do not exist, as a refusal names them.
fn complaint(missing: BTreeSet<String>) -> String {
    let missing: Vec<String> = missing.into_iter().collect();
    match missing.as_slice() {
        [] => String::new(),
        [one] => format!("RBAC: {one}"),
        many => format!("RBAC: [{}]", many.join(", ")),
    }
}

#[cfg(test)]
mod tests;
