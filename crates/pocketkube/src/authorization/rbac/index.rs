//! Who is bound to which role, by user and by group; and what the roles say.

use std::collections::HashMap;
use std::ops::ControlFlow;

use serde_json::Value;

use crate::api::tree::{elements, text};
use crate::api::{ObjectRef, meta};
use crate::authentication::UserInfo;
use crate::registry::rbac::PolicyRule;

/// All roles and bindings. Those of the whole cluster stand under the empty namespace.
#[derive(Default)]
pub(super) struct Index {
    roles: HashMap<String, HashMap<String, Vec<PolicyRule>>>,
    bindings: HashMap<String, BySubject>,
}

#[derive(Default)]
struct BySubject {
    users: HashMap<String, Vec<Binding>>,
    groups: HashMap<String, Vec<Binding>>,
}

/// One subject's part of a binding.
pub(super) struct Binding {
    /// Empty for a ClusterRoleBinding.
    namespace: String,
    name: String,
    role_kind: String,
    role: String,
    /// As a reason names it: `User "eve"`.
    subject: String,
}

/// Whose credentials a subject of a binding stands for.
enum Subject {
    User(String),
    Group(String),
}

impl Index {
    pub(super) fn put_role(&mut self, role: &ObjectRef) {
        self.roles
            .entry(role.namespace().to_owned())
            .or_default()
            .insert(role.name().to_owned(), PolicyRule::all_of(role.value()));
    }

    pub(super) fn remove_role(&mut self, role: &ObjectRef) {
        if let Some(roles) = self.roles.get_mut(role.namespace()) {
            roles.remove(role.name());
        }
    }

    pub(super) fn put_binding(&mut self, binding: &ObjectRef) {
        let namespace = binding.namespace();
        let by_subject = self.bindings.entry(namespace.to_owned()).or_default();
        for subject in elements(&binding.value()["subjects"]) {
            if let Some(key) = Subject::of(subject, namespace) {
                let entry = Binding::new(binding.value(), subject);
                by_subject.slot(key).push(entry);
            }
        }
    }

    /// `binding` must be as it was put in.
    pub(super) fn remove_binding(&mut self, binding: &ObjectRef) {
        let namespace = binding.namespace();
        let Some(by_subject) = self.bindings.get_mut(namespace) else {
            return;
        };
        for subject in elements(&binding.value()["subjects"]) {
            if let Some(key) = Subject::of(subject, namespace) {
                by_subject
                    .slot(key)
                    .retain(|entry| entry.name != binding.name());
            }
        }
    }

    /// Shows every binding that counts for `user` in `namespace` together with the rules of its
    /// role (`None` where there is no such role), those of the whole cluster first, until
    /// `visitor` breaks.
    pub(super) fn visit<B>(
        &self,
        user: &UserInfo,
        namespace: &str,
        mut visitor: impl FnMut(&Binding, Option<&[PolicyRule]>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let places: &[&str] = if namespace.is_empty() {
            &[""]
        } else {
            &["", namespace]
        };
        for place in places {
            let Some(by_subject) = self.bindings.get(*place) else {
                continue;
            };
            let of_groups = user
                .groups
                .iter()
                .filter_map(|group| by_subject.groups.get(group));
            let bindings = by_subject.users.get(&user.name).into_iter();
            for binding in bindings.chain(of_groups).flatten() {
                visitor(binding, self.rules(binding))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn rules(&self, binding: &Binding) -> Option<&[PolicyRule]> {
        let namespace = match binding.role_kind.as_str() {
            "Role" => binding.namespace.as_str(),
            _ => "",
        };
        let rules = self.roles.get(namespace)?.get(&binding.role)?;
        Some(rules)
    }
}

impl BySubject {
    fn slot(&mut self, subject: Subject) -> &mut Vec<Binding> {
        match subject {
            Subject::User(name) => self.users.entry(name).or_default(),
            Subject::Group(name) => self.groups.entry(name).or_default(),
        }
    }
}

impl Subject {
    fn of(subject: &Value, namespace: &str) -> Option<Self> {
        let name = text(subject, "name");
        match text(subject, "kind") {
            "User" => Some(Self::User(name.to_owned())),
            "Group" => Some(Self::Group(name.to_owned())),
            "ServiceAccount" => {
                let of = match text(subject, "namespace") {
                    "" => namespace,
                    of => of,
                };
                Some(Self::User(format!("system:serviceaccount:{of}:{name}")))
            }
            _ => None,
        }
    }
}

impl Binding {
    fn new(binding: &Value, subject: &Value) -> Self {
        let mut name = text(subject, "name").to_owned();
        let namespace = meta::namespace(binding);
        if text(subject, "kind") == "ServiceAccount" {
            let of = match text(subject, "namespace") {
                "" => namespace,
                of => of,
            };
            name = format!("{name}/{of}");
        }
        let role = &binding["roleRef"];
        Self {
            namespace: namespace.to_owned(),
            name: meta::name(binding).to_owned(),
            role_kind: text(role, "kind").to_owned(),
            role: text(role, "name").to_owned(),
            subject: format!("{} {name:?}", text(subject, "kind")),
        }
    }

    /// As the reason of an allowed request names it.
    pub(super) fn description(&self) -> String {
        let binding = if self.namespace.is_empty() {
            format!("ClusterRoleBinding {:?}", self.name)
        } else {
            let name = format!("{}/{}", self.name, self.namespace);
            format!("RoleBinding {name:?}")
        };
        let (kind, role, subject) = (&self.role_kind, &self.role, &self.subject);
        format!("{binding} of {kind} {role:?} to {subject}")
    }

    /// What is said of a role that does not exist.
    pub(super) fn missing_role(&self) -> String {
        let resource = self.role_kind.to_lowercase();
        format!(
            "{resource}.rbac.authorization.k8s.io {:?} not found",
            self.role
        )
    }
}
