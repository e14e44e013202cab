//! Which Pods of a DaemonSet come and go. Pure.
//!
//! [`manage`] gives every node its Pod and takes superfluous ones away; [`roll`] replaces old Pods
//! within `maxUnavailable`, or lets new ones come beside them within `maxSurge`. Mirrors
//! `podsShouldBeOnNode` and `rollingUpdate` of `pkg/controller/daemon` (v1.35).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Node, Pod};

use super::super::history::REVISION_LABEL;
use super::super::percent::{Rounding, scaled};
use super::super::pod;
use super::placement::{self, GENERATION_LABEL};
use crate::client::Kind;

/// What is known of a set.
pub(super) struct View<'a> {
    pub(super) set: &'a DaemonSet,
    /// The hash of the revision that is wanted.
    pub(super) hash: &'a str,
    pub(super) now: Timestamp,
    pub(super) nodes: BTreeMap<&'a str, OnNode>,
    /// Pods that are meant for nodes that are gone.
    lost: Vec<Arc<Pod>>,
}

/// The Pods of a node, the oldest first, and whether the node should have one.
pub(super) struct OnNode {
    pub(super) should_run: bool,
    may_stay: bool,
    pub(super) pods: Vec<Arc<Pod>>,
}

/// What to do.
#[derive(Default)]
pub(super) struct Changes {
    /// Nodes that get a Pod.
    pub(super) creations: Vec<String>,
    pub(super) deletions: Vec<Arc<Pod>>,
    /// Pods that have ended, with their nodes: to be replaced, failed ones not too often.
    pub(super) ended: Vec<(Arc<Pod>, String)>,
}

impl<'a> View<'a> {
    pub(super) fn new(
        set: &'a DaemonSet,
        nodes: &'a [Arc<Node>],
        pods: &[Arc<Pod>],
        hash: &'a str,
        now: Timestamp,
    ) -> Self {
        let template = placement::template(set, hash);
        let mut on_nodes: BTreeMap<&str, OnNode> = BTreeMap::new();
        for node in nodes {
            let (should_run, may_stay) = placement::fits(&template, node);
            on_nodes.insert(
                node.name(),
                OnNode {
                    should_run,
                    may_stay,
                    pods: Vec::new(),
                },
            );
        }
        let mut lost = Vec::new();
        let mut pods: Vec<_> = pods.to_vec();
        pods.sort_by_key(|pod| (pod.created_at(), pod.name().to_owned()));
        for pod in pods {
            // One that has ended and is on its way out makes room already.
            if pod::is_terminal(&pod) && pod.is_terminating() {
                continue;
            }
            let Some(node) = placement::node_of(&pod) else {
                continue;
            };
            match on_nodes.get_mut(node.as_str()) {
                Some(own) => own.pods.push(pod),
                None if pod::node_name(&pod).is_empty() => lost.push(pod),
                // The collector of Pods looks after those on nodes that are gone.
                None => {}
            }
        }
        Self {
            set,
            hash,
            now,
            nodes: on_nodes,
            lost,
        }
    }

    pub(super) fn is_available(&self, pod: &Pod) -> bool {
        let spec = self.set.spec.as_ref();
        let seconds = spec.and_then(|spec| spec.min_ready_seconds);
        pod::is_available(pod, seconds.unwrap_or(0), self.now)
    }

    /// Whether a Pod was made from the wanted template.
    pub(super) fn is_new(&self, pod: &Pod) -> bool {
        let label = |key: &str| pod.labels().get(key).map(String::as_str);
        let generation = placement::generation(self.set);
        label(REVISION_LABEL) == Some(self.hash)
            || (generation.is_some() && label(GENERATION_LABEL) == generation)
    }

    /// `maxSurge` and `maxUnavailable` as numbers; never both zero. `None` where Pods are only
    /// replaced when somebody deletes them.
    fn limits(&self) -> Option<(usize, usize)> {
        let strategy = self.set.spec.as_ref()?.update_strategy.clone();
        let strategy = strategy.unwrap_or_default();
        if strategy.type_.as_deref() == Some("OnDelete") {
            return None;
        }
        let rolling = strategy.rolling_update.unwrap_or_default();
        let desired = self.nodes.values().filter(|node| node.should_run).count();
        let desired = i32::try_from(desired).unwrap_or(i32::MAX);
        let number = |value: Option<_>, default: i32| {
            let number = value.map_or(default, |value| scaled(&value, desired, Rounding::Up));
            usize::try_from(number).unwrap_or(0)
        };
        let surge = number(rolling.max_surge, 0);
        let unavailable = number(rolling.max_unavailable, 1);
        Some(match (surge, unavailable) {
            (0, 0) => (0, 1),
            limits => limits,
        })
    }
}

/// Gives nodes their Pods and takes superfluous ones away.
pub(super) fn manage(view: &View<'_>) -> Changes {
    let mut changes = Changes {
        deletions: view.lost.clone(),
        ..Changes::default()
    };
    changes.deletions.retain(|pod| !pod.is_terminating());
    let surges = view.limits().is_some_and(|(surge, _)| surge > 0);
    for (name, node) in &view.nodes {
        let alive = || node.pods.iter().filter(|pod| !pod.is_terminating());
        if node.should_run && node.pods.is_empty() {
            changes.creations.push((*name).to_owned());
        } else if node.may_stay {
            let (ended, running): (Vec<_>, Vec<_>) =
                alive().cloned().partition(|pod| pod::is_terminal(pod));
            let ended = ended.into_iter().map(|pod| (pod, (*name).to_owned()));
            changes.ended.extend(ended);
            changes.deletions.extend(match surges {
                false => running.into_iter().skip(1).collect(),
                true => superfluous(view, running),
            });
        } else {
            changes.deletions.extend(alive().cloned());
        }
    }
    changes
}

/// Of several Pods on one node: an old one may stay beside a new one until that is available.
fn superfluous(view: &View<'_>, running: Vec<Arc<Pod>>) -> Vec<Arc<Pod>> {
    if running.len() <= 1 {
        return Vec::new();
    }
    let (new, old): (Vec<_>, Vec<_>) = running.into_iter().partition(|pod| view.is_new(pod));
    let mut doomed: Vec<_> = new.iter().chain(&old).cloned().collect();
    let kept_old = old.first().filter(|old| {
        new.first()
            .is_none_or(|new| pod::is_ready(old) && !view.is_available(new))
    });
    let kept = [new.first(), kept_old];
    doomed.retain(|pod| !kept.iter().flatten().any(|kept| Arc::ptr_eq(kept, pod)));
    doomed
}

/// The new and the old Pod of a node; `None` where there are more, which [`manage`] clears up.
#[allow(clippy::type_complexity, reason = "a pair of what may be there")]
fn pair<'p>(
    view: &View<'_>,
    node: &'p OnNode,
) -> Option<(Option<&'p Arc<Pod>>, Option<&'p Arc<Pod>>)> {
    let (mut new, mut old) = (None, None);
    for pod in node.pods.iter().filter(|pod| !pod.is_terminating()) {
        let place = if view.is_new(pod) { &mut new } else { &mut old };
        if place.replace(pod).is_some() {
            return None;
        }
    }
    Some((new, old))
}

/// Replaces old Pods, as many as may be at once.
pub(super) fn roll(view: &View<'_>) -> Changes {
    match view.limits() {
        None => Changes::default(),
        Some((0, unavailable)) => replace(view, unavailable),
        Some((surge, _)) => surge_onto(view, surge),
    }
}

fn replace(view: &View<'_>, most_unavailable: usize) -> Changes {
    let mut unavailable = 0;
    let (mut broken, mut candidates) = (Vec::new(), Vec::new());
    let nodes = view.nodes.values();
    for node in nodes.filter(|node| node.should_run || !node.pods.is_empty()) {
        match pair(view, node) {
            Some((None, Some(old))) if !view.is_available(old) => broken.push(old.clone()),
            Some((None, Some(old))) => candidates.push(old.clone()),
            Some((Some(new), None)) if view.is_available(new) => {}
            _ => unavailable += 1,
        }
    }
    // What doesn't work may always be replaced: it takes nothing away.
    let left = most_unavailable.saturating_sub(unavailable);
    broken.extend(candidates.into_iter().take(left));
    Changes {
        deletions: broken,
        ..Changes::default()
    }
}

fn surge_onto(view: &View<'_>, most: usize) -> Changes {
    let mut changes = Changes::default();
    let (mut surging, mut candidates) = (0, Vec::new());
    for (name, node) in &view.nodes {
        match pair(view, node) {
            None => surging += 1,
            Some((None, Some(old))) if node.should_run => match view.is_available(old) {
                true => candidates.push((*name).to_owned()),
                false => changes.creations.push((*name).to_owned()),
            },
            Some((Some(new), Some(old))) => match view.is_available(new) {
                true => changes.deletions.push(old.clone()),
                false => surging += 1,
            },
            _ => {}
        }
    }
    let left = most.saturating_sub(surging);
    changes.creations.extend(candidates.into_iter().take(left));
    changes
}
