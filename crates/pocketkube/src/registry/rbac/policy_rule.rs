//! One rule of a role: what it allows, and which rights it covers.
//!
//! Pure; who is bound to a rule is the authorizer's business. Mirrors
//! `pkg/apis/rbac/v1/evaluation_helpers.go` and
//! `component-helpers/auth/rbac/validation/policy_comparator.go` (v1.35).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::tree::elements;

const ALL: &str = "*";

/// A rule as Roles and ClusterRoles hold it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyRule {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub non_resource_urls: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verbs: Vec<String>,
}

impl PolicyRule {
    /// The rules of a role.
    pub fn all_of(role: &Value) -> Vec<Self> {
        elements(&role["rules"])
            .iter()
            .filter_map(|rule| Self::deserialize(rule).ok())
            .collect()
    }

    /// Everything there is, on resources and elsewhere.
    pub fn full_authority() -> Vec<Self> {
        let all = || vec![ALL.to_owned()];
        let on_resources = Self {
            verbs: all(),
            api_groups: all(),
            resources: all(),
            ..Self::default()
        };
        let elsewhere = Self {
            verbs: all(),
            non_resource_urls: all(),
            ..Self::default()
        };
        vec![on_resources, elsewhere]
    }

    /// Whether the rule allows `verb` on a resource and subresource (empty for none). `name` is
    /// empty where the request names no object.
    pub fn allows_resource(
        &self,
        verb: &str,
        group: &str,
        (resource, subresource): (&str, &str),
        name: &str,
    ) -> bool {
        has_or_all(&self.verbs, verb)
            && has_or_all(&self.api_groups, group)
            && self
                .resources
                .iter()
                .any(|rule| names_resource(rule, resource, subresource))
            && (self.resource_names.is_empty() || has(&self.resource_names, name))
    }

    /// Whether the rule allows `verb` on a path that is about no resource.
    pub fn allows_path(&self, verb: &str, path: &str) -> bool {
        has_or_all(&self.verbs, verb)
            && self
                .non_resource_urls
                .iter()
                .any(|url| covers_url(url, path))
    }

    /// Whether whoever has this rule also has everything that `other` gives.
    fn covers(&self, other: &Self) -> bool {
        let names_match = self.resource_names.is_empty()
            || (!other.resource_names.is_empty()
                && has_each(&self.resource_names, &other.resource_names));
        names_match
            && (has(&self.verbs, ALL) || has_each(&self.verbs, &other.verbs))
            && (has(&self.api_groups, ALL) || has_each(&self.api_groups, &other.api_groups))
            && self.covers_resources(&other.resources)
            && other.non_resource_urls.iter().all(|path| {
                self.non_resource_urls
                    .iter()
                    .any(|url| covers_url(url, path))
            })
    }

    fn covers_resources(&self, wanted: &[String]) -> bool {
        has(&self.resources, ALL)
            || wanted.iter().all(|resource| {
                has(&self.resources, resource)
                    || resource.split_once('/').is_some_and(|(_, subresource)| {
                        has(&self.resources, &format!("*/{subresource}"))
                    })
            })
    }

    /// The rule in parts of one verb on one thing each.
    fn parts(&self) -> Vec<Self> {
        let names: Vec<Vec<String>> = match self.resource_names.as_slice() {
            [] => vec![Vec::new()],
            names => names.iter().map(|name| vec![name.clone()]).collect(),
        };
        let mut parts = Vec::new();
        for verb in &self.verbs {
            let verbs = vec![verb.clone()];
            for group in &self.api_groups {
                for resource in &self.resources {
                    parts.extend(names.iter().map(|names| Self {
                        verbs: verbs.clone(),
                        api_groups: vec![group.clone()],
                        resources: vec![resource.clone()],
                        resource_names: names.clone(),
                        ..Self::default()
                    }));
                }
            }
            parts.extend(self.non_resource_urls.iter().map(|url| Self {
                verbs: verbs.clone(),
                non_resource_urls: vec![url.clone()],
                ..Self::default()
            }));
        }
        parts
    }

    /// As refusals show it: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`.
    fn compact(&self) -> String {
        let fields = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.non_resource_urls),
            ("ResourceNames", &self.resource_names),
            ("Verbs", &self.verbs),
        ];
        let shown: Vec<String> = fields
            .iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(name, values)| format!("{name}:{}", quoted(values)))
            .collect();
        format!("{{{}}}", shown.join(", "))
    }
}

/// What `wanted` gives and `owned` does not.
pub fn missing_rules(owned: &[PolicyRule], wanted: &[PolicyRule]) -> Vec<PolicyRule> {
    let missing = wanted
        .iter()
        .flat_map(PolicyRule::parts)
        .filter(|part| !owned.iter().any(|rule| rule.covers(part)))
        .collect();
    joined(missing)
}

/// [`missing_rules`] as a refusal lists them: a line each, in order.
pub fn missing_rights(owned: &[PolicyRule], wanted: &[PolicyRule]) -> Vec<String> {
    let missing = missing_rules(owned, wanted);
    let mut lines: Vec<String> = missing.iter().map(PolicyRule::compact).collect();
    lines.sort();
    lines.dedup();
    lines
}

/// Parts about the same thing become one rule with several verbs.
fn joined(parts: Vec<PolicyRule>) -> Vec<PolicyRule> {
    let mut rules: Vec<PolicyRule> = Vec::new();
    for part in parts {
        let same = rules.iter_mut().find(|rule| {
            part.non_resource_urls.is_empty()
                && rule.api_groups == part.api_groups
                && rule.resources == part.resources
                && rule.resource_names == part.resource_names
        });
        match same {
            Some(rule) => {
                for verb in part.verbs {
                    if !rule.verbs.contains(&verb) {
                        rule.verbs.push(verb);
                    }
                }
            }
            None => rules.push(part),
        }
    }
    rules
}

/// Texts as Go's `%q` writes a list of them.
pub fn quoted<S: AsRef<str>>(texts: &[S]) -> String {
    let quoted: Vec<String> = texts
        .iter()
        .map(|text| format!("{:?}", text.as_ref()))
        .collect();
    format!("[{}]", quoted.join(" "))
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|entry| entry == wanted)
}

fn has_or_all(list: &[String], wanted: &str) -> bool {
    list.iter().any(|entry| entry == wanted || entry == ALL)
}

fn has_each(list: &[String], wanted: &[String]) -> bool {
    wanted.iter().all(|entry| has(list, entry))
}

/// Whether a rule's `pods`, `pods/log`, `*/log` or `*` means a resource and subresource.
fn names_resource(rule: &str, resource: &str, subresource: &str) -> bool {
    if rule == ALL {
        return true;
    }
    match rule.split_once('/') {
        None => subresource.is_empty() && rule == resource,
        Some((of, part)) => part == subresource && (of == resource || of == ALL),
    }
}

fn covers_url(url: &str, path: &str) -> bool {
    match url.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix.trim_end_matches('*')),
        None => url == path,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rule(rule: Value) -> PolicyRule {
        PolicyRule::deserialize(&rule).unwrap()
    }

    fn reads(resources: &[&str]) -> PolicyRule {
        rule(json!({"verbs": ["get"], "apiGroups": [""], "resources": resources}))
    }

    #[test]
    fn a_subresource_needs_a_rule_of_its_own() {
        let allows = |resources: &[&str], subresource: &str| {
            reads(resources).allows_resource("get", "", ("pods", subresource), "a")
        };
        assert!(allows(&["pods"], ""));
        assert!(!allows(&["pods"], "log"));
        assert!(allows(&["pods/log"], "log"));
        assert!(!allows(&["pods/log"], ""));
        assert!(allows(&["*/log"], "log"));
        assert!(allows(&["*"], "log"));
        assert!(!allows(&["pods/*"], "log"));
    }

    #[test]
    fn a_rule_for_names_says_nothing_of_lists() {
        let rule = rule(json!({
            "verbs": ["*"], "apiGroups": ["*"], "resources": ["pods"], "resourceNames": ["a"],
        }));
        assert!(rule.allows_resource("get", "", ("pods", ""), "a"));
        assert!(!rule.allows_resource("get", "", ("pods", ""), "b"));
        assert!(!rule.allows_resource("list", "", ("pods", ""), ""));
    }

    #[test]
    fn a_star_ends_a_path() {
        let rule = rule(json!({"verbs": ["get"], "nonResourceURLs": ["/healthz", "/api/*"]}));
        assert!(rule.allows_path("get", "/healthz"));
        assert!(!rule.allows_path("get", "/healthz/ping"));
        assert!(rule.allows_path("get", "/api/v1"));
        assert!(!rule.allows_path("get", "/api"));
        assert!(!rule.allows_path("post", "/healthz"));
    }

    #[test]
    fn what_is_missing_is_told_by_resource() {
        let wanted = rule(json!({
            "verbs": ["get", "list"], "apiGroups": ["", "apps"], "resources": ["pods", "secrets"],
        }));
        let owned = rule(json!({"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]}));
        assert_eq!(
            missing_rights(&[owned, reads(&["pods"])], &[wanted]),
            [
                r#"{APIGroups:[""], Resources:["pods"], Verbs:["list"]}"#,
                r#"{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}"#,
            ]
        );
    }

    #[test]
    fn rights_on_named_objects_do_not_cover_all_objects() {
        let named = rule(json!({
            "verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"],
        }));
        assert!(missing_rights(&[reads(&["pods"])], std::slice::from_ref(&named)).is_empty());
        assert_eq!(missing_rights(&[named], &[reads(&["pods"])]).len(), 1);
    }

    fn texts(
        of: &'static [&'static str],
    ) -> impl proptest::strategy::Strategy<Value = Vec<String>> {
        prop::sample::subsequence(of.to_vec(), 1..of.len())
            .prop_map(|texts| texts.into_iter().map(str::to_owned).collect())
    }

    prop_compose! {
        fn any_rule()(
            verbs in texts(&["get", "list", "create", "*"]),
            api_groups in texts(&["", "apps", "*"]),
            resources in texts(&["pods", "pods/log", "*/log", "secrets", "*"]),
        ) -> PolicyRule {
            PolicyRule { verbs, api_groups, resources, ..PolicyRule::default() }
        }
    }

    proptest! {
        #[test]
        fn who_is_missing_nothing_may_do_whatever_is_granted(
            owned in prop::collection::vec(any_rule(), 1..4),
            wanted in any_rule(),
        ) {
            if missing_rights(&owned, std::slice::from_ref(&wanted)).is_empty() {
                for verb in ["get", "list", "create", "watch"] {
                    for group in ["", "apps", "batch"] {
                        for resource in [("pods", ""), ("pods", "log"), ("secrets", ""), ("x", "log")] {
                            let granted = wanted.allows_resource(verb, group, resource, "");
                            let held = owned.iter().any(|rule| rule.allows_resource(verb, group, resource, ""));
                            prop_assert!(!granted || held);
                        }
                    }
                }
            }
        }
    }
}
