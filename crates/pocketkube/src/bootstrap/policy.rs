//! The default roles and bindings, read from `data/bootstrap/roles.yaml`.
//!
//! Mirrors `plugin/pkg/auth/authorizer/rbac/bootstrappolicy` (v1.35).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::tree::text;
use crate::registry::rbac::{GROUP, PolicyRule};

const FILE: &str = include_str!("../../data/bootstrap/roles.yaml");
const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const EVENTS: &str = "create patch update | core events.k8s.io | events";

/// Whether reconciling may change an object is said by this annotation.
pub(super) const AUTO_UPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Policy {
    cluster_roles: BTreeMap<String, ClusterRole>,
    controllers: BTreeMap<String, Vec<String>>,
    cluster_role_bindings: BTreeMap<String, Subjects>,
    roles: BTreeMap<String, Vec<String>>,
    role_bindings: BTreeMap<String, Subjects>,
    installed: Installed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Installed {
    cluster_roles: BTreeMap<String, ClusterRole>,
    cluster_role_bindings: BTreeMap<String, Subjects>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct ClusterRole {
    /// Gathers the rules of the roles that are aggregated to this word.
    aggregates: Option<String>,
    aggregated_to: Option<String>,
    rules: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Subjects {
    role: Option<String>,
    users: Vec<String>,
    groups: Vec<String>,
    /// `NAMESPACE/NAME`.
    service_accounts: Vec<String>,
}

/// Every role and binding of a fresh cluster, as manifests.
pub(super) fn objects() -> &'static [Value] {
    static OBJECTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let policy: Policy = serde_yaml::from_str(FILE).expect("the file is as its types say");
        policy.objects()
    });
    &OBJECTS
}

/// What every node may do, whatever runs on it.
pub(crate) fn node_rules() -> Vec<PolicyRule> {
    let mut roles = objects().iter();
    let role = roles.find(|role| role["metadata"]["name"] == "system:node");
    role.map(PolicyRule::all_of).unwrap_or_default()
}

impl Policy {
    fn objects(&self) -> Vec<Value> {
        let mut defaults = Vec::new();
        let mut installed = Vec::new();
        for (name, role) in &self.cluster_roles {
            defaults.push(cluster_role(name, role));
        }
        for (name, rules) in &self.controllers {
            let role_name = format!("system:controller:{name}");
            defaults.push(role("ClusterRole", "", &role_name, rules));
            let account = Subjects {
                service_accounts: vec![format!("kube-system/{name}")],
                ..Subjects::default()
            };
            defaults.push(binding("ClusterRole", "", &role_name, &account));
        }
        for (name, subjects) in &self.cluster_role_bindings {
            defaults.push(binding("ClusterRole", "", name, subjects));
        }
        for (place, rules) in &self.roles {
            let (namespace, name) = split(place);
            defaults.push(role("Role", namespace, name, rules));
        }
        for (place, subjects) in &self.role_bindings {
            let (namespace, name) = split(place);
            defaults.push(binding("Role", namespace, name, subjects));
        }
        for (name, role) in &self.installed.cluster_roles {
            installed.push(cluster_role(name, role));
        }
        for (name, subjects) in &self.installed.cluster_role_bindings {
            installed.push(binding("ClusterRole", "", name, subjects));
        }
        defaults.iter_mut().for_each(mark_as_default);
        defaults.append(&mut installed);
        defaults
    }
}

fn split(place: &str) -> (&str, &str) {
    place.split_once('/').expect("a place has a namespace")
}

fn mark_as_default(object: &mut Value) {
    let metadata = &mut object["metadata"];
    metadata["annotations"][AUTO_UPDATE] = json!("true");
    metadata["labels"]["kubernetes.io/bootstrapping"] = json!("rbac-defaults");
}

fn manifest(kind: &str, namespace: &str, name: &str) -> Value {
    let mut object = json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": {"name": name},
    });
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

fn role(kind: &str, namespace: &str, name: &str, rules: &[String]) -> Value {
    let mut role = manifest(kind, namespace, name);
    let rules: Vec<PolicyRule> = rules.iter().map(|line| rule(line)).collect();
    role["rules"] = json!(rules);
    role
}

fn cluster_role(name: &str, wanted: &ClusterRole) -> Value {
    let mut object = role("ClusterRole", "", name, &wanted.rules);
    let label = |word: &str| format!("{GROUP}/aggregate-to-{word}");
    if let Some(word) = &wanted.aggregated_to {
        object["metadata"]["labels"][label(word)] = json!("true");
    }
    if let Some(word) = &wanted.aggregates {
        let labels = json!({label(word): "true"});
        object["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
    }
    object
}

fn binding(role_kind: &str, namespace: &str, name: &str, subjects: &Subjects) -> Value {
    let mut object = manifest(&format!("{role_kind}Binding"), namespace, name);
    let role = subjects.role.as_deref().unwrap_or(name);
    object["roleRef"] = json!({"apiGroup": GROUP, "kind": role_kind, "name": role});
    let person = |kind: &str, name: &String| json!({"apiGroup": GROUP, "kind": kind, "name": name});
    let mut all: Vec<Value> = Vec::new();
    all.extend(subjects.users.iter().map(|name| person("User", name)));
    all.extend(subjects.groups.iter().map(|name| person("Group", name)));
    all.extend(subjects.service_accounts.iter().map(|place| {
        let (namespace, name) = split(place);
        json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
    }));
    if !all.is_empty() {
        object["subjects"] = json!(all);
    }
    object
}

/// One line of the file; what each part may be stands at its top.
fn rule(line: &str) -> PolicyRule {
    if line == "events" {
        return rule(EVENTS);
    }
    let mut parts = line.split('|').map(words);
    let mut next = || parts.next().unwrap_or_default();
    let (verbs, groups, things, resource_names) = (next(), next(), next(), next());
    let verbs = verbs.iter().flat_map(|verb| match verb.as_str() {
        "read" => READ.to_vec(),
        "write" => WRITE.to_vec(),
        verb => vec![verb],
    });
    let mut verbs: Vec<String> = verbs.map(str::to_owned).collect();
    verbs.sort();
    if groups == ["urls"] {
        return PolicyRule {
            verbs,
            non_resource_urls: things,
            ..PolicyRule::default()
        };
    }
    let core = |group: String| {
        if group == "core" {
            String::new()
        } else {
            group
        }
    };
    PolicyRule {
        verbs,
        api_groups: groups.into_iter().map(core).collect(),
        resources: things,
        resource_names,
        ..PolicyRule::default()
    }
}

fn words(part: &str) -> Vec<String> {
    part.split_whitespace().map(str::to_owned).collect()
}

/// Whether an object of the cluster may be brought up to date.
pub(super) fn is_kept_up_to_date(object: &Value) -> bool {
    text(&object["metadata"]["annotations"], AUTO_UPDATE) == "true"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a>(kind: &str, name: &str) -> &'a Value {
        objects()
            .iter()
            .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
            .unwrap()
    }

    #[test]
    fn a_line_is_a_rule() {
        assert_eq!(
            json!(rule("read create | core apps | pods pods/log | web")),
            json!({
                "verbs": ["create", "get", "list", "watch"],
                "apiGroups": ["", "apps"],
                "resources": ["pods", "pods/log"],
                "resourceNames": ["web"],
            })
        );
        assert_eq!(
            json!(rule("get | urls | /healthz /api/*")),
            json!({"verbs": ["get"], "nonResourceURLs": ["/healthz", "/api/*"]})
        );
    }

    #[test]
    fn defaults_are_marked_and_what_kubeadm_adds_is_not() {
        let default = named("ClusterRoleBinding", "cluster-admin");
        assert!(is_kept_up_to_date(default));
        assert_eq!(default["subjects"][0]["name"], "system:masters");
        assert!(!is_kept_up_to_date(named(
            "ClusterRoleBinding",
            "kubeadm:cluster-admins"
        )));
    }

    #[test]
    fn every_rule_is_whole_and_every_binding_has_its_role() {
        for object in objects() {
            for rule in PolicyRule::all_of(object) {
                let about = rule.resources.len() + rule.non_resource_urls.len();
                assert!(!rule.verbs.is_empty() && about > 0, "{object}");
                assert_eq!(
                    rule.resources.is_empty(),
                    rule.api_groups.is_empty(),
                    "{object}"
                );
            }
            let role = &object["roleRef"];
            if role.is_object() {
                named(text(role, "kind"), text(role, "name"));
            }
        }
    }
}
