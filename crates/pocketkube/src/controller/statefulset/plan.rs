//! What to do next for a StatefulSet. Pure.
//!
//! An ordered set takes one step at a time and waits for each Pod to be available; a parallel one
//! takes all of them at once. Replacing Pods for an update is one at a time in both, from the
//! highest ordinal down, unless `maxUnavailable` allows more. Mirrors
//! `pkg/controller/statefulset/stateful_set_control.go` (v1.35).

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{
    ControllerRevision, RollingUpdateStatefulSetStrategy, StatefulSet,
};
use k8s_openapi::api::core::v1::Pod;

use super::super::percent::{Rounding, scaled};
use super::super::pod;
use super::identity::{has_identity, ordinal_of, ordinals, revision_of};
use crate::client::Kind;

/// What is known of a set.
pub(super) struct View<'a> {
    pub(super) set: &'a StatefulSet,
    pub(super) pods: &'a [Arc<Pod>],
    /// The revision that Pods are on their way from, and the one they are on their way to.
    pub(super) current: &'a Arc<ControllerRevision>,
    pub(super) update: &'a Arc<ControllerRevision>,
    pub(super) now: Timestamp,
    /// Whether the claims of a Pod belong to whom they should.
    pub(super) claims_match: &'a (dyn Fn(&Pod) -> bool + Sync),
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Create {
        ordinal: i32,
        revision: Arc<ControllerRevision>,
    },
    Delete(Arc<Pod>),
    /// Create the claims that a Pod waits for.
    EnsureClaims(Arc<Pod>),
    /// Give a Pod back its labels.
    Repair(Arc<Pod>),
    /// Let the claims of a Pod belong to whom they should.
    RetainClaims(Arc<Pod>),
}

pub(super) fn min_ready_seconds(set: &StatefulSet) -> i32 {
    let spec = set.spec.as_ref();
    spec.and_then(|spec| spec.min_ready_seconds).unwrap_or(0)
}

fn is_ordered(set: &StatefulSet) -> bool {
    let spec = set.spec.as_ref();
    let policy = spec.and_then(|spec| spec.pod_management_policy.as_deref());
    policy != Some("Parallel")
}

fn rolling_update(set: &StatefulSet) -> Option<RollingUpdateStatefulSetStrategy> {
    let strategy = set.spec.as_ref()?.update_strategy.clone()?;
    strategy.rolling_update
}

fn updates_on_delete(set: &StatefulSet) -> bool {
    let strategy = set.spec.as_ref();
    let strategy = strategy.and_then(|spec| spec.update_strategy.as_ref());
    strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("OnDelete")
}

/// The first ordinal that an update replaces.
fn first_updated(set: &StatefulSet) -> i32 {
    let partition = rolling_update(set).and_then(|rolling| rolling.partition);
    ordinals(set).start.saturating_add(partition.unwrap_or(0))
}

impl View<'_> {
    pub(super) fn is_available(&self, pod: &Pod) -> bool {
        pod::phase(pod) == "Running"
            && pod::is_available(pod, min_ready_seconds(self.set), self.now)
    }

    /// Whether a Pod can't be counted on.
    fn is_unavailable(&self, pod: &Pod) -> bool {
        pod.is_terminating() || !self.is_available(pod)
    }

    fn at(&self, ordinal: i32) -> Option<&Arc<Pod>> {
        let mut pods = self.pods.iter();
        pods.find(|pod| ordinal_of(self.set, pod) == Some(ordinal))
    }

    /// The Pods whose ordinals are too many, the highest first.
    fn condemned(&self) -> Vec<&Arc<Pod>> {
        let wanted = ordinals(self.set);
        let ordinal = |pod: &Pod| ordinal_of(self.set, pod).unwrap_or(0);
        let mut condemned: Vec<_> = self.pods.iter().collect();
        condemned.retain(|pod| !wanted.contains(&ordinal(pod)));
        condemned.sort_by_key(|pod| std::cmp::Reverse(ordinal(pod)));
        condemned
    }

    /// The revision for a Pod that is missing.
    fn revision_at(&self, ordinal: i32) -> &Arc<ControllerRevision> {
        let set = self.set;
        let is_old = match rolling_update(set) {
            _ if updates_on_delete(set) => false,
            Some(_) => ordinal < first_updated(set),
            None => {
                let status = set.status.as_ref();
                let current = status.and_then(|status| status.current_replicas);
                ordinal < ordinals(set).start + current.unwrap_or(0)
            }
        };
        if is_old { self.current } else { self.update }
    }
}

/// The steps to take now, in order. Nothing while an ordered set waits for a Pod.
pub(super) fn plan(view: &View<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    let _ = fill(view, &mut steps)
        .and_then(|()| shrink(view, &mut steps))
        .and_then(|()| update(view, &mut steps));
    steps
}

/// Nothing more can be done now.
struct Wait;

/// Sees to it that every ordinal has a Pod.
fn fill(view: &View<'_>, steps: &mut Vec<Step>) -> Result<(), Wait> {
    let ordered = is_ordered(view.set);
    for ordinal in ordinals(view.set) {
        let Some(pod) = view.at(ordinal) else {
            let revision = view.revision_at(ordinal).clone();
            steps.push(Step::Create { ordinal, revision });
            if ordered {
                return Err(Wait);
            }
            continue;
        };
        if pod::is_terminal(pod) {
            if !pod.is_terminating() {
                steps.push(Step::Delete(pod.clone()));
            }
            if ordered {
                return Err(Wait);
            }
            continue;
        }
        if pod::phase(pod) == "Pending" && !pod.is_terminating() {
            steps.push(Step::EnsureClaims(pod.clone()));
        }
        if ordered && view.is_unavailable(pod) {
            return Err(Wait);
        }
        if pod.is_terminating() {
            continue;
        }
        if !has_identity(view.set, pod) {
            steps.push(Step::Repair(pod.clone()));
        }
        if !(view.claims_match)(pod) {
            steps.push(Step::RetainClaims(pod.clone()));
        }
    }
    Ok(())
}

/// Removes Pods whose ordinals are too many, the highest first.
fn shrink(view: &View<'_>, steps: &mut Vec<Step>) -> Result<(), Wait> {
    let ordered = is_ordered(view.set);
    let condemned = view.condemned();
    for pod in &condemned {
        if !(view.claims_match)(pod) {
            steps.push(Step::RetainClaims((*pod).clone()));
        }
    }
    // Of several that are not well only the lowest may go, so that an ordered set shrinks calmly.
    let mut unwell = condemned.iter().rev();
    let first_unwell = unwell.find(|pod| view.is_unavailable(pod)).copied();
    for pod in condemned {
        if pod.is_terminating() {
            if ordered {
                return Err(Wait);
            }
            continue;
        }
        let may_go =
            view.is_available(pod) || first_unwell.is_some_and(|own| Arc::ptr_eq(own, pod));
        if ordered && !may_go {
            return Err(Wait);
        }
        steps.push(Step::Delete(pod.clone()));
        if ordered {
            return Err(Wait);
        }
    }
    Ok(())
}

/// Replaces Pods of other revisions, the highest ordinals first.
fn update(view: &View<'_>, steps: &mut Vec<Step>) -> Result<(), Wait> {
    if updates_on_delete(view.set) {
        return Ok(());
    }
    let wanted = ordinals(view.set);
    let most = rolling_update(view.set).and_then(|rolling| rolling.max_unavailable);
    let replicas = i32::try_from(wanted.len()).unwrap_or(i32::MAX);
    let most = most.map_or(1, |most| scaled(&most, replicas, Rounding::Up).max(1));
    let mut unavailable = 0;
    for ordinal in (first_updated(view.set)..wanted.end).rev() {
        let Some(pod) = view.at(ordinal) else {
            unavailable += 1;
            continue;
        };
        if unavailable >= most {
            return Err(Wait);
        }
        if revision_of(pod) != view.update.name() && !pod.is_terminating() {
            steps.push(Step::Delete(pod.clone()));
            unavailable += 1;
        } else if view.is_unavailable(pod) {
            unavailable += 1;
        }
    }
    Ok(())
}
