//! `spec.podFailurePolicy`: what a Pod's way of failing means for its Job. Pure.
//!
//! Mirrors `pkg/controller/job/pod_failure_policy.go` (v1.35).

use k8s_openapi::api::batch::v1::{Job, PodFailurePolicyRule};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::super::{conditions, pod};
use crate::client::Kind;

/// What the first matching rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// The failure counts, as without a policy.
    Count,
    Ignore,
    FailIndex,
    /// The Job fails at once; the message says why.
    FailJob(String),
}

/// Judges a failed Pod.
pub(super) fn apply(job: &Job, pod: &Pod) -> Action {
    let policy = job
        .spec
        .as_ref()
        .and_then(|spec| spec.pod_failure_policy.as_ref());
    let rules = policy
        .map(|policy| policy.rules.as_slice())
        .unwrap_or_default();
    for (number, rule) in rules.iter().enumerate() {
        let Some(why) = matches(rule, pod) else {
            continue;
        };
        return match rule.action.as_str() {
            "Ignore" => Action::Ignore,
            "FailIndex" => Action::FailIndex,
            "FailJob" => Action::FailJob(format!("{why} matching FailJob rule at index {number}")),
            _ => Action::Count,
        };
    }
    Action::Count
}

fn matches(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let name = pod.key();
    if let Some(codes) = &rule.on_exit_codes {
        let (container, code) = containers(pod)
            .filter(|own| {
                codes
                    .container_name
                    .as_ref()
                    .is_none_or(|name| *name == own.name)
            })
            .filter_map(|own| {
                Some((
                    &own.name,
                    own.state.as_ref()?.terminated.as_ref()?.exit_code,
                ))
            })
            .filter(|(_, code)| *code != 0)
            .find(|(_, code)| codes.values.contains(code) == (codes.operator == "In"))?;
        return Some(format!(
            "Container {container} for pod {name} failed with exit code {code}"
        ));
    }
    let patterns = rule.on_pod_conditions.iter().flatten();
    let found = patterns.filter_map(|pattern| {
        let wanted = pattern.status.as_deref().unwrap_or(conditions::TRUE);
        pod::condition(pod, &pattern.type_).filter(|own| own.status == wanted)
    });
    let condition = found.into_iter().next()?;
    Some(format!("Pod {name} has condition {}", condition.type_))
}

fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let statuses = pod.status.iter();
    statuses.flat_map(|status| {
        let containers = status.container_statuses.iter().flatten();
        containers.chain(status.init_container_statuses.iter().flatten())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn judge(rules: Value, status: Value) -> Action {
        let job: Job = serde_json::from_value(json!({
            "metadata": {"name": "work"},
            "spec": {"template": {}, "podFailurePolicy": {"rules": rules}},
        }))
        .expect("a job");
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "work-x", "namespace": "default"}, "status": status,
        }))
        .expect("a pod");
        apply(&job, &pod)
    }

    fn ended(code: i32) -> Value {
        json!({"phase": "Failed", "containerStatuses": [{
            "name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": code}},
        }]})
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = json!([
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
            {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
            {"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [1]}},
            {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}},
        ]);
        let message = "Container main for pod default/work-x failed with exit code 42 matching FailJob rule at index 1";
        assert_eq!(
            judge(rules.clone(), ended(42)),
            Action::FailJob(message.to_owned())
        );
        assert_eq!(judge(rules.clone(), ended(7)), Action::Count);
        assert_eq!(judge(rules.clone(), ended(1)), Action::FailIndex);
        let mut evicted = ended(42);
        evicted["conditions"] = json!([{"type": "DisruptionTarget", "status": "True"}]);
        assert_eq!(judge(rules, evicted), Action::Ignore);
    }
}
