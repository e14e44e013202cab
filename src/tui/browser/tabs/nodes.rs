//! The map of the nodes: what each can give, what keeps Pods away, and the
//! Pods in their places.

use super::super::row::{Body, Branch, ObjectRow, Row, grade};
use super::objects;
use crate::sandbox::{ClusterView, Health, NodeView, PodView, Reference};
use crate::tui::browser::words;
use crate::tui::theme::Grade;

pub(super) fn rows(view: &ClusterView) -> Vec<Row> {
    let pods = view.all_pods();
    let on = |node: Option<&str>| {
        let mut pods: Vec<&PodView> = pods.clone();
        pods.retain(|pod| pod.node.as_deref() == node);
        pods
    };
    let mut rows = Vec::new();
    for node in &view.nodes {
        rows.push(self::node(node));
        inside(node, &on(Some(&node.name)), &mut rows);
    }
    let homeless = on(None);
    if !homeless.is_empty() {
        rows.push(Row::plain(Body::Heading(words::ON_NO_NODE.to_owned())));
        for pod in homeless {
            objects::pod(
                pod,
                &pod.name,
                Branch::default(),
                Branch::default(),
                &mut rows,
            );
        }
    }
    rows
}

/// What stands under a node.
fn inside(node: &NodeView, pods: &[&PodView], rows: &mut Vec<Row>) {
    let root = Branch::default();
    let has_more = node.other_pods > 0;
    let below = root.child(pods.is_empty() && !has_more).1;
    rows.push(Row::plain(Body::Usage {
        below: below.clone(),
        resources: node.resources.clone(),
    }));
    let remarks = node.troubles.iter().cloned();
    let taints = node.taints.iter().map(|taint| words::taint(taint));
    for text in remarks.chain(taints) {
        let below = below.clone();
        rows.push(Row::plain(Body::Detail { below, text }));
    }
    for (index, pod) in pods.iter().enumerate() {
        let (branch, below) = root.child(index + 1 == pods.len() && !has_more);
        objects::pod(pod, &pod.name, branch, below, rows);
    }
    if has_more {
        rows.push(Row::plain(Body::Detail {
            below: root.child(true).0,
            text: words::other_pods(node.other_pods),
        }));
    }
}

/// One node on one row.
pub(super) fn node(node: &NodeView) -> Row {
    let state = match (node.ready, node.schedulable) {
        (true, true) => "Ready",
        (true, false) => "Ready, cordoned",
        (false, true) => "NotReady",
        (false, false) => "NotReady, cordoned",
    };
    let strained = !node.schedulable || !node.troubles.is_empty();
    let mut facts = vec![format!("{} pods", node.pods)];
    facts.extend(node.roles.iter().cloned());
    facts.extend(node.zone.clone());
    Row::object(
        Reference::known("Node", "", &node.name),
        ObjectRow {
            name: format!("node/{}", node.name),
            grade: Some(match (node.ready, strained) {
                (true, true) => Grade::Moving,
                _ => grade(node.health),
            }),
            state: state.to_owned(),
            facts,
            ..ObjectRow::default()
        },
    )
}

/// Nothing about it asks for attention.
pub(super) fn is_well(node: &NodeView) -> bool {
    node.ready && node.schedulable && node.health == Health::Good && node.troubles.is_empty()
}
