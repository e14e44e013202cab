//! How much the objects of a resource count against quotas.
//!
//! Pods, Services and claims are measured; everything else is counted as `count/RESOURCE.GROUP`,
//! some kinds under an older name too. Mirrors `apiserver/pkg/quota/v1/generic/evaluator.go` and
//! `pkg/quota/v1/evaluator/core/registry.go` (v1.35). It charges nobody.

use jiff::Timestamp;
use serde_json::Value;

use super::{claims, pods, scopes, services};
use crate::api::GroupResource;
use crate::api::quantity::{Format, Quantity};
use crate::api::tree::entries;
pub use crate::registry::core::pod::resources::{Amounts, add};

/// Kinds that are also counted by their bare name.
const ALIASES: [&str; 4] = [
    "configmaps",
    "resourcequotas",
    "replicationcontrollers",
    "secrets",
];

/// How the objects of one resource are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluator {
    Pods,
    Services,
    Claims,
    /// Each object is one of these.
    Objects(Vec<String>),
}

impl Evaluator {
    /// `None` for Events, which no quota counts.
    pub fn of(resource: &GroupResource) -> Option<Self> {
        let GroupResource { group, resource } = resource;
        match (group.as_str(), resource.as_str()) {
            ("" | "events.k8s.io", "events") => None,
            ("", "pods") => Some(Self::Pods),
            ("", "services") => Some(Self::Services),
            ("", "persistentvolumeclaims") => Some(Self::Claims),
            ("", plural) => {
                let mut names = vec![object_count(plural)];
                if ALIASES.contains(&plural) {
                    names.push(plural.to_owned());
                }
                Some(Self::Objects(names))
            }
            (group, plural) => Some(Self::Objects(vec![object_count(&format!(
                "{plural}.{group}"
            ))])),
        }
    }

    /// Whether a quota of `name` is about these objects.
    pub fn tracks(&self, name: &str) -> bool {
        match self {
            Self::Pods => pods::tracks(name),
            Self::Services => services::TRACKED.contains(&name),
            Self::Claims => claims::tracks(name),
            Self::Objects(names) => names.iter().any(|own| own == name),
        }
    }

    /// The names in a list of amounts that are about these objects.
    pub fn tracked<'a>(&self, amounts: &'a Value) -> Vec<&'a str> {
        entries(amounts)
            .map(|(name, _)| name.as_str())
            .filter(|name| self.tracks(name))
            .collect()
    }

    /// Whether every scope of a quota takes the object in.
    pub fn is_in_scope(&self, quota_spec: &Value, object: &Value) -> bool {
        scopes::of_quota(quota_spec).all(|scope| match self {
            Self::Pods => pods::is_in(&scope, object),
            Self::Claims => claims::is_in(&scope, object),
            Self::Services | Self::Objects(_) => false,
        })
    }

    /// What an object must say because a quota counts it, and doesn't.
    pub fn unspecified(&self, tracked: &[&str], object: &Value) -> Option<String> {
        match self {
            Self::Pods => pods::unspecified(tracked, object),
            _ => None,
        }
    }

    /// What one object takes.
    pub fn usage(&self, object: &Value, now: Timestamp) -> Amounts {
        match self {
            Self::Pods => pods::usage(object, now),
            Self::Services => services::usage(object),
            Self::Claims => claims::usage(object),
            Self::Objects(names) => names.iter().map(|name| (name.clone(), whole(1))).collect(),
        }
    }
}

/// The name under which objects of a resource are counted.
fn object_count(resource: &str) -> String {
    format!("count/{resource}")
}

/// A number of things.
pub(super) fn whole(number: usize) -> Quantity {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    Quantity::whole(number, Format::DecimalSI)
}

/// The amounts of a list.
pub fn amounts(list: &Value) -> Amounts {
    entries(list)
        .map(|(name, amount)| (name.clone(), Quantity::of_value(amount)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn used(group: &str, plural: &str, object: &Value) -> Value {
        let evaluator = Evaluator::of(&GroupResource::new(group, plural)).unwrap();
        let usage = evaluator.usage(object, Timestamp::UNIX_EPOCH);
        let shown = usage
            .into_iter()
            .map(|(name, amount)| (name, json!(amount.to_string())));
        Value::Object(shown.collect())
    }

    #[test]
    fn objects_count_under_their_resource_and_some_under_an_older_name() {
        assert_eq!(
            used("", "configmaps", &json!({})),
            json!({"configmaps": "1", "count/configmaps": "1"})
        );
        assert_eq!(
            used("apps", "deployments", &json!({})),
            json!({"count/deployments.apps": "1"})
        );
        assert_eq!(Evaluator::of(&GroupResource::new("", "events")), None);
    }

    #[test]
    fn pods_take_what_their_containers_ask_for_until_they_end() {
        let mut pod = json!({"spec": {
            "overhead": {"cpu": "10m", "memory": "1Mi"},
            "containers": [
                {"resources": {"requests": {"cpu": "200m", "example.com/gpu": "1"}, "limits": {"cpu": "1"}}},
                {"resources": {"requests": {"cpu": "300m"}}},
            ],
        }});
        assert_eq!(
            used("", "pods", &pod),
            json!({
                "count/pods": "1", "pods": "1", "cpu": "510m", "requests.cpu": "510m",
                "limits.cpu": "1010m", "memory": "1Mi", "requests.memory": "1Mi",
                "requests.example.com/gpu": "1",
            })
        );
        pod["status"] = json!({"phase": "Succeeded"});
        assert_eq!(used("", "pods", &pod), json!({"count/pods": "1"}));
    }

    #[test]
    fn services_take_node_ports_and_load_balancers() {
        let mut service = json!({"spec": {"type": "LoadBalancer", "ports": [{"port": 1}, {"port": 2, "nodePort": 30000}]}});
        let usage = used("", "services", &service);
        assert_eq!(usage["services.nodeports"], "2");
        assert_eq!(usage["services.loadbalancers"], "1");
        service["spec"]["allocateLoadBalancerNodePorts"] = json!(false);
        assert_eq!(used("", "services", &service)["services.nodeports"], "1");
        service["spec"]["type"] = json!("ClusterIP");
        assert_eq!(used("", "services", &service)["services.nodeports"], "0");
    }

    #[test]
    fn claims_take_storage_also_of_their_class() {
        let claim = json!({"spec": {
            "storageClassName": "gold",
            "resources": {"requests": {"storage": "1Gi"}},
        }});
        assert_eq!(
            used("", "persistentvolumeclaims", &claim),
            json!({
                "count/persistentvolumeclaims": "1", "persistentvolumeclaims": "1",
                "requests.storage": "1Gi",
                "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
                "gold.storageclass.storage.k8s.io/requests.storage": "1Gi",
            })
        );
        assert!(Evaluator::Claims.tracks("x.storageclass.storage.k8s.io/requests.storage"));
    }

    #[test]
    fn scopes_decide_which_pods_count() {
        let pod = |spec: Value| json!({"spec": spec});
        let urgent = pod(json!({"priorityClassName": "urgent", "activeDeadlineSeconds": 5}));
        let plain = pod(json!({}));
        let selects = |scope: &str, operator: &str, values: Value| {
            json!({"scopeSelector": {"matchExpressions": [
                {"scopeName": scope, "operator": operator, "values": values},
            ]}})
        };
        for (quota, of_urgent, of_plain) in [
            (json!({}), true, true),
            (json!({"scopes": ["Terminating"]}), true, false),
            (json!({"scopes": ["NotTerminating"]}), false, true),
            (json!({"scopes": ["BestEffort"]}), true, true),
            (json!({"scopes": ["NotBestEffort"]}), false, false),
            (
                json!({"scopes": ["CrossNamespacePodAffinity"]}),
                false,
                false,
            ),
            (
                selects("PriorityClass", "In", json!(["urgent"])),
                true,
                false,
            ),
            (
                selects("PriorityClass", "NotIn", json!(["urgent"])),
                false,
                true,
            ),
            (selects("PriorityClass", "Exists", json!([])), true, false),
            (
                selects("PriorityClass", "DoesNotExist", json!([])),
                false,
                true,
            ),
        ] {
            assert_eq!(
                Evaluator::Pods.is_in_scope(&quota, &urgent),
                of_urgent,
                "{quota}"
            );
            assert_eq!(
                Evaluator::Pods.is_in_scope(&quota, &plain),
                of_plain,
                "{quota}"
            );
        }
    }

    #[test]
    fn a_quota_of_compute_resources_makes_every_container_say_what_it_takes() {
        let pod = json!({"spec": {
            "containers": [
                {"name": "b", "resources": {"requests": {"cpu": "1"}}},
                {"name": "a"},
            ],
        }});
        let missing = Evaluator::Pods.unspecified(&["requests.cpu", "limits.memory", "pods"], &pod);
        assert_eq!(
            missing.as_deref(),
            Some("must specify limits.memory for: a,b; requests.cpu for: a")
        );
        assert_eq!(Evaluator::Pods.unspecified(&["pods"], &pod), None);
    }
}
