//! The numbers a rollout works with, read from Deployments and ReplicaSets.
//!
//! Pure. Absent fields read as their defaults. Mirrors the arithmetic of
//! `pkg/controller/deployment/util/deployment_util.go` (v1.35).

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::percent::{Rounding, scaled};

/// The size of one ReplicaSet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// How many Pods it is asked for.
    pub(super) wanted: i32,
    /// How many it has that have been ready for long enough.
    pub(super) available: i32,
}

pub(super) fn size(set: &ReplicaSet) -> Size {
    let available = set
        .status
        .as_ref()
        .and_then(|status| status.available_replicas);
    Size {
        wanted: wanted(set),
        available: available.unwrap_or(0),
    }
}

/// How many Pods a ReplicaSet is asked for.
pub(super) fn wanted(set: &ReplicaSet) -> i32 {
    let spec = set.spec.as_ref();
    spec.and_then(|spec| spec.replicas).unwrap_or(1)
}

/// How many Pods a Deployment wants.
pub(super) fn desired(deployment: &Deployment) -> i32 {
    let spec = deployment.spec.as_ref();
    spec.and_then(|spec| spec.replicas).unwrap_or(1)
}

pub(super) fn is_paused(deployment: &Deployment) -> bool {
    let spec = deployment.spec.as_ref();
    spec.and_then(|spec| spec.paused).unwrap_or(false)
}

pub(super) fn is_recreate(deployment: &Deployment) -> bool {
    let strategy = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.strategy.as_ref());
    strategy.is_some_and(|strategy| strategy.type_.as_deref() == Some("Recreate"))
}

fn rolling_update(deployment: &Deployment) -> Option<RollingUpdateDeployment> {
    if is_recreate(deployment) {
        return None;
    }
    let strategy = deployment.spec.as_ref()?.strategy.as_ref();
    Some(
        strategy
            .and_then(|strategy| strategy.rolling_update.clone())
            .unwrap_or_default(),
    )
}

/// By how many Pods a rollout may go over the wanted number.
pub(super) fn max_surge(deployment: &Deployment) -> i32 {
    fenceposts(deployment).0
}

/// By how many available Pods a rollout may go below the wanted number.
pub(super) fn max_unavailable(deployment: &Deployment) -> i32 {
    fenceposts(deployment).1
}

/// The surge (percentages rounded up) and the unavailability (rounded down) of a rolling update;
/// not both zero, as it could not proceed then.
fn fenceposts(deployment: &Deployment) -> (i32, i32) {
    let Some(strategy) = rolling_update(deployment) else {
        return (0, 0);
    };
    let quarter = || IntOrString::String("25%".to_owned());
    let desired = desired(deployment);
    let surge = strategy.max_surge.unwrap_or_else(quarter);
    let surge = scaled(&surge, desired, Rounding::Up);
    let unavailable = strategy.max_unavailable.unwrap_or_else(quarter);
    let unavailable = scaled(&unavailable, desired, Rounding::Down);
    let unavailable = match (surge, unavailable) {
        (0, 0) => 1,
        _ => unavailable,
    };
    (surge, unavailable.min(desired))
}

/// The seconds within which a rollout must make progress, if it is limited.
pub(super) fn progress_deadline(deployment: &Deployment) -> Option<i64> {
    let deadline = deployment.spec.as_ref()?.progress_deadline_seconds?;
    (deadline != i32::MAX).then_some(deadline.into())
}

pub(super) fn history_limit(deployment: &Deployment) -> Option<usize> {
    let limit = deployment.spec.as_ref()?.revision_history_limit?;
    (limit != i32::MAX).then(|| usize::try_from(limit).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(replicas: i32, surge: Value, unavailable: Value, expected: (i32, i32)) {
        let deployment: Deployment = serde_json::from_value(json!({"metadata": {}, "spec": {
            "replicas": replicas,
            "selector": {},
            "template": {},
            "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}},
        }}))
        .expect("a deployment");
        assert_eq!(
            (max_surge(&deployment), max_unavailable(&deployment)),
            expected
        );
    }

    #[test]
    fn surge_rounds_up_and_unavailability_down() {
        check(10, json!("25%"), json!("25%"), (3, 2));
        check(1, json!("25%"), json!("25%"), (1, 0));
        check(3, json!(1), json!(1), (1, 1));
    }

    #[test]
    fn a_rollout_that_may_neither_surge_nor_lack_lacks_one() {
        check(4, json!(0), json!(0), (0, 1));
        check(4, json!(0), json!("10%"), (0, 1));
    }

    #[test]
    fn no_more_can_be_unavailable_than_there_are() {
        check(2, json!(1), json!(5), (1, 2));
        check(0, json!("25%"), json!("25%"), (0, 0));
    }
}
