//! Scaling while a rollout is paused or under way: every ReplicaSet gets its share.
//!
//! Mirrors `scale` in `pkg/controller/deployment/sync.go` and the proportions of
//! `util/deployment_util.go` (v1.35).

use k8s_openapi::api::apps::v1::ReplicaSet;

use super::numbers::{desired, is_paused, is_recreate, max_surge, size, wanted};
use super::revision::{noted_desired, noted_maximum};
use super::rollout::Rollout;
use super::{DeploymentController, SyncError};
use crate::client::Kind;

impl DeploymentController {
    /// Brings the ReplicaSets to the Deployment's size without rolling anything out.
    pub(super) async fn sync_size(&self, rollout: &mut Rollout) -> Result<(), SyncError> {
        self.sync_revision(rollout).await?;
        for (target, wanted) in plan(rollout) {
            match target {
                Target::New => self.scale_new(rollout, wanted).await?,
                Target::Old(position) => self.scale_old(rollout, position, wanted).await?,
            };
        }
        if is_paused(&rollout.deployment) {
            self.delete_old(rollout).await?;
        }
        Ok(())
    }
}

/// One of a rollout's ReplicaSets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    New,
    Old(usize),
}

/// The sizes that ReplicaSets should get; those not named stay as they are.
fn plan(rollout: &Rollout) -> Vec<(Target, i32)> {
    let desired = desired(&rollout.deployment);
    let new = rollout.new.iter().map(|set| (Target::New, set));
    let old = rollout.old.iter().enumerate();
    let old = old.map(|(position, set)| (Target::Old(position), set));
    let all: Vec<(Target, &ReplicaSet)> = new.chain(old.rev()).collect();
    let active: Vec<_> = all
        .iter()
        .filter(|(_, set)| wanted(set) > 0)
        .copied()
        .collect();
    match active.as_slice() {
        // Nothing runs: the newest one takes it all.
        [] => all
            .first()
            .map(|(target, _)| (*target, desired))
            .into_iter()
            .collect(),
        [(target, _)] => vec![(*target, desired)],
        _ if is_saturated(rollout, desired) => {
            let old = active.iter().filter(|(target, _)| *target != Target::New);
            old.map(|(target, _)| (*target, 0)).collect()
        }
        _ if is_recreate(&rollout.deployment) => Vec::new(),
        _ => shares(rollout, active, desired),
    }
}

/// Whether the new ReplicaSet alone is what the Deployment wants.
fn is_saturated(rollout: &Rollout, desired: i32) -> bool {
    rollout.new.as_ref().is_some_and(|new| {
        let size = size(new);
        size.wanted == desired && size.available == desired && noted_desired(new) == Some(desired)
    })
}

/// Splits what is to be added or taken away in proportion to the sizes; the largest ReplicaSet
/// gets what rounding leaves over.
fn shares(
    rollout: &Rollout,
    mut active: Vec<(Target, &ReplicaSet)>,
    desired: i32,
) -> Vec<(Target, i32)> {
    let maximum = match desired {
        0 => 0,
        _ => desired + max_surge(&rollout.deployment),
    };
    let total: i32 = active.iter().map(|(_, set)| wanted(set)).sum();
    let to_add = maximum - total;
    // The largest first; of equal ones the newer grows and the older shrinks.
    active.sort_by(|(_, one), (_, other)| {
        let by_age = one.created_at().cmp(&other.created_at());
        let by_age = by_age.then_with(|| one.name().cmp(other.name()));
        let by_age = if to_add > 0 { by_age.reverse() } else { by_age };
        wanted(other).cmp(&wanted(one)).then(by_age)
    });
    let mut added = 0;
    let mut sizes: Vec<(Target, i32)> = Vec::new();
    for (target, set) in active {
        let share = share(rollout, set, desired);
        let share = match to_add {
            0 => 0,
            1.. => share.min(to_add - added),
            _ => share.max(to_add - added),
        };
        added += share;
        sizes.push((target, wanted(set) + share));
    }
    if let Some((_, largest)) = sizes.first_mut() {
        *largest = (*largest + to_add - added).max(0);
    }
    sizes
}

/// By how much one ReplicaSet should change, if it were alone.
fn share(rollout: &Rollout, set: &ReplicaSet, desired: i32) -> i32 {
    let current = wanted(set);
    if desired == 0 {
        return -current;
    }
    let status = rollout.deployment.status.as_ref();
    let before = noted_maximum(set)
        .filter(|maximum| *maximum != 0)
        .or_else(|| status.and_then(|status| status.replicas))
        .unwrap_or(0);
    if before == 0 {
        return 0;
    }
    let maximum = desired + max_surge(&rollout.deployment);
    let exact = f64::from(current) * f64::from(maximum) / f64::from(before);
    // A float of this size is an integer after rounding; `as` saturates.
    exact.round() as i32 - current
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::api::apps::v1::Deployment;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn set(name: &str, wanted: i32, noted: i32) -> ReplicaSet {
        serde_json::from_value(json!({
            "metadata": {
                "name": name, "uid": name, "creationTimestamp": format!("2026-01-02T03:04:0{name}Z"),
                "annotations": {
                    "deployment.kubernetes.io/desired-replicas": "10",
                    "deployment.kubernetes.io/max-replicas": noted.to_string(),
                },
            },
            "spec": {"replicas": wanted, "selector": {}},
        }))
        .expect("a replica set")
    }

    fn rollout(desired: i32, surge: i32, new: Option<ReplicaSet>, old: Vec<ReplicaSet>) -> Rollout {
        let deployment: Deployment = serde_json::from_value(json!({"metadata": {}, "spec": {
            "replicas": desired, "selector": {}, "template": {},
            "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": 0}},
        }}))
        .expect("a deployment");
        let mut rollout = Rollout::new(Arc::new(deployment), Vec::new());
        rollout.new = new;
        rollout.old = old;
        rollout
    }

    #[test]
    fn a_scale_up_in_mid_rollout_is_spread_over_the_sets() {
        // The example of the Deployment documentation: 10 replicas, surge 3, 8 + 5 Pods, to 15.
        let rollout = rollout(15, 3, Some(set("2", 5, 13)), vec![set("1", 8, 13)]);
        assert_eq!(plan(&rollout), [(Target::Old(0), 11), (Target::New, 7)]);
    }

    #[test]
    fn the_only_active_set_takes_the_whole_change() {
        let rollout = rollout(4, 1, Some(set("2", 0, 2)), vec![set("1", 2, 2)]);
        assert_eq!(plan(&rollout), [(Target::Old(0), 4)]);
    }

    #[test]
    fn without_active_sets_the_newest_one_is_scaled() {
        let idle = vec![set("1", 0, 2), set("2", 0, 2)];
        assert_eq!(plan(&rollout(4, 1, None, idle)), [(Target::Old(1), 4)]);
        assert_eq!(plan(&rollout(4, 1, None, Vec::new())), []);
    }

    proptest! {
        #[test]
        fn shares_add_up_to_the_whole(
            desired in 0..60_i32, surge in 0..10_i32, new in 1..30_i32, old in 1..30_i32,
        ) {
            let noted = new + old;
            let rollout = rollout(desired, surge, Some(set("2", new, noted)), vec![set("1", old, noted)]);
            let plan = plan(&rollout);
            prop_assert!(plan.iter().all(|(_, size)| *size >= 0));
            let expected = if desired == 0 { 0 } else { desired + surge };
            let total: i32 = plan.iter().map(|(_, size)| size).sum();
            prop_assert_eq!(total, expected);
        }
    }
}
