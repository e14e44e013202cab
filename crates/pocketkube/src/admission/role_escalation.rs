//! Nobody grants more than they have: roles and bindings are refused to users who lack what these
//! give, unless they may `escalate` the role or `bind` it.
//!
//! Stands behind every other mutating plugin and so before validation, where upstream has it:
//! `pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased` and
//! `pkg/registry/rbac/escalation_check.go` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::{Attributes, Mutate};
use crate::api::tree::{restore, text};
use crate::api::{GroupResource, StatusError, meta};
use crate::authentication::{SYSTEM_MASTERS, UserInfo};
use crate::authorization::{self, Authorizer, Decision};
use crate::registry::rbac::{GROUP, PolicyRule, missing_rights, quoted};
use crate::registry::{Objects, Registry};

/// Guards the roles and bindings of the cluster.
pub struct RoleEscalation {
    registry: Registry,
    authorizer: Arc<dyn Authorizer>,
}

impl RoleEscalation {
    pub fn new(registry: Registry, authorizer: Arc<dyn Authorizer>) -> Self {
        Self {
            registry,
            authorizer,
        }
    }

    fn may(&self, user: &UserInfo, verb: &str, resource: &str, place: (&str, &str)) -> bool {
        let (namespace, name) = place;
        let decision = self.authorizer.authorize(&authorization::Attributes {
            user,
            verb,
            is_resource: true,
            group: GROUP,
            resource,
            subresource: "",
            namespace,
            name,
            path: "",
            field_selector: None,
        });
        decision == Decision::Allow
    }

    fn check_role(&self, role: &Value, attributes: &Attributes<'_>) -> Result<(), String> {
        let resource = attributes.resource.plural.as_ref();
        let place = (attributes.namespace, attributes.name);
        if self.may(attributes.user, "escalate", resource, place) {
            return Ok(());
        }
        self.check_rules(attributes, &PolicyRule::all_of(role))?;
        let aggregates = |role: &Value| !role["aggregationRule"].is_null();
        if aggregates(role) || attributes.old.is_some_and(aggregates) {
            // It may gather anything.
            self.check_rules(attributes, &PolicyRule::full_authority())
                .map_err(|_| {
                    "must have cluster-admin privileges to use the aggregationRule".to_owned()
                })?;
        }
        Ok(())
    }

    /// `Err` holds the answer where the role does not exist, or why the user may not bind it.
    fn check_binding(
        &self,
        binding: &Value,
        attributes: &Attributes<'_>,
    ) -> Result<(), BindingRefused> {
        let role = &binding["roleRef"];
        let name = text(role, "name");
        let (resource, namespace) = match text(role, "kind") {
            "Role" => ("roles", attributes.namespace),
            "ClusterRole" => ("clusterroles", ""),
            // Validation says what is wrong with it.
            _ => return Ok(()),
        };
        if self.may(
            attributes.user,
            "bind",
            resource,
            (attributes.namespace, name),
        ) {
            return Ok(());
        }
        let resource = GroupResource::new(GROUP, resource);
        let role = Objects::get(&self.registry, &resource, namespace, name).ok_or_else(|| {
            BindingRefused::NoRole(Box::new(StatusError::not_found(&resource, name)))
        })?;
        self.check_rules(attributes, &PolicyRule::all_of(role.value()))
            .map_err(BindingRefused::TooMuch)
    }

    /// Whether the user has all that `rules` give, where they are about to be granted.
    fn check_rules(&self, attributes: &Attributes<'_>, rules: &[PolicyRule]) -> Result<(), String> {
        let user = attributes.user;
        let owned = self.authorizer.grants(user, attributes.namespace);
        let missing = missing_rights(&owned.rules, rules);
        if missing.is_empty() {
            return Ok(());
        }
        let mut why = format!(
            "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
            user.name,
            quoted(&user.groups),
            missing.join("\n")
        );
        match owned.errors.as_slice() {
            [] => {}
            [one] => why += &format!("; resolution errors: [{one}]"),
            many => why += &format!("; resolution errors: [[{}]]", many.join(", ")),
        }
        Err(why)
    }
}

enum BindingRefused {
    NoRole(Box<StatusError>),
    TooMuch(String),
}

#[async_trait]
impl Mutate for RoleEscalation {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if attributes.resource.group != GROUP
            || object.is_null()
            || attributes.user.is_in(SYSTEM_MASTERS)
            || attributes.old.is_some_and(|old| grants_alike(object, old))
        {
            return Ok(());
        }
        let refusal = match attributes.resource.plural.as_ref() {
            "roles" | "clusterroles" => self.check_role(object, attributes),
            _ => match self.check_binding(object, attributes) {
                Err(BindingRefused::NoRole(error)) => return Err(*error),
                Err(BindingRefused::TooMuch(why)) => Err(why),
                Ok(()) => Ok(()),
            },
        };
        refusal.map_err(|why| {
            let resource = attributes.resource.group_resource();
            StatusError::forbidden(&resource, meta::name(object), &why)
        })
    }
}

/// Whether a change touches nothing but what the garbage collector needs to touch.
fn grants_alike(new: &Value, old: &Value) -> bool {
    let mut new = new.clone();
    for field in ["ownerReferences", "finalizers", "managedFields"] {
        restore(&mut new["metadata"], &old["metadata"], field);
    }
    new == *old
}
