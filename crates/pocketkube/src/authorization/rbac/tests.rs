use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::api::GroupResource;
use crate::registry::rbac::GROUP;
use crate::storage::{Key, Origin};

/// A storage with the authorizer that follows it.
struct World {
    storage: Storage,
    rbac: Rbac,
}

impl World {
    fn new() -> Self {
        let storage = Storage::new(4);
        let rbac = Rbac::new(storage.clone());
        Self { storage, rbac }
    }

    fn put(&self, plural: &str, namespace: &str, name: &str, mut object: Value) {
        object["metadata"] = json!({"name": name, "namespace": namespace});
        let resource = Arc::new(GroupResource::new(GROUP, plural));
        let key = Key::new(&resource, namespace, name);
        let stored = match self.storage.get(&key) {
            Some(old) => {
                let revision = old.resource_version();
                self.storage
                    .update(&key, revision, object, Origin::default())
            }
            None => self.storage.create(&key, object, Origin::default()),
        };
        stored.unwrap();
    }

    fn readers(&self, resource: &str) {
        let rule = json!({"verbs": ["get"], "apiGroups": [""], "resources": [resource]});
        self.put("roles", "shop", "reader", json!({"rules": [rule]}));
    }

    fn bind(&self, subjects: Value) {
        let binding = json!({"roleRef": {"kind": "Role", "name": "reader"}, "subjects": subjects});
        self.put("rolebindings", "shop", "readers", binding);
    }

    fn asks<'a>(user: &'a UserInfo, namespace: &'a str, resource: &'a str) -> Attributes<'a> {
        Attributes {
            user,
            verb: "get",
            is_resource: true,
            group: "",
            resource,
            subresource: "",
            namespace,
            name: "a",
            path: "",
            field_selector: None,
        }
    }

    fn may(&self, user: &UserInfo, namespace: &str, resource: &str) -> bool {
        let asked = Self::asks(user, namespace, resource);
        self.rbac.authorize(&asked) == Decision::Allow
    }
}

fn eve() -> UserInfo {
    UserInfo::new("eve", &["staff"])
}

#[test]
fn a_binding_counts_from_the_moment_it_is_stored_and_no_longer() {
    let world = World::new();
    world.readers("pods");
    assert!(!world.may(&eve(), "shop", "pods"));
    world.bind(json!([{"kind": "User", "name": "eve"}]));
    assert!(world.may(&eve(), "shop", "pods"));
    assert!(!world.may(&eve(), "bank", "pods"));
    world.bind(json!([{"kind": "User", "name": "bob"}]));
    assert!(!world.may(&eve(), "shop", "pods"));
}

#[test]
fn groups_and_service_accounts_are_bound_too() {
    let world = World::new();
    world.readers("pods");
    world.bind(json!([
        {"kind": "Group", "name": "staff"},
        {"kind": "ServiceAccount", "name": "bot"},
    ]));
    assert!(world.may(&eve(), "shop", "pods"));
    assert!(world.may(&UserInfo::service_account("shop", "bot"), "shop", "pods"));
    assert!(!world.may(&UserInfo::service_account("bank", "bot"), "shop", "pods"));
}

#[test]
fn a_role_that_changes_changes_what_its_users_may() {
    let world = World::new();
    world.readers("pods");
    world.bind(json!([{"kind": "User", "name": "eve"}]));
    for _ in 0..9 {
        // More changes than the log keeps: the index is read anew.
        world.readers("secrets");
    }
    assert!(!world.may(&eve(), "shop", "pods"));
    assert!(world.may(&eve(), "shop", "secrets"));
}

#[test]
fn a_role_that_does_not_exist_is_named() {
    let world = World::new();
    world.bind(json!([{"kind": "User", "name": "eve"}]));
    let user = eve();
    assert_eq!(
        world.rbac.authorize(&World::asks(&user, "shop", "pods")),
        Decision::NoOpinion("RBAC: role.rbac.authorization.k8s.io \"reader\" not found".to_owned())
    );
}

#[test]
fn a_grant_can_be_traced_to_its_binding() {
    let world = World::new();
    world.readers("pods");
    world.bind(json!([{"kind": "ServiceAccount", "name": "bot"}]));
    let bot = UserInfo::service_account("shop", "bot");
    assert_eq!(
        world
            .rbac
            .granted_by(&World::asks(&bot, "shop", "pods"))
            .as_deref(),
        Some(
            r#"RBAC: allowed by RoleBinding "readers/shop" of Role "reader" to ServiceAccount "bot/shop""#
        )
    );
    assert_eq!(world.rbac.grants(&bot, "shop").rules.len(), 1);
    assert_eq!(world.rbac.grants(&bot, "").rules.len(), 0);
}
