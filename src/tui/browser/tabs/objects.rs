//! The tree of owners, in the order in which it is read: workloads with what
//! they own, bare Pods, Services, other objects, nodes that are unwell, and the
//! latest events.

use super::super::row::{Body, Branch, ObjectRow, Row, Step, grade};
use super::{events, nodes, services};
use crate::sandbox::{ClusterView, ContainerView, ObjectView, OwnerView, PodView, Reference};
use crate::tui::browser::words;
use crate::tui::strings;

/// Events under the tree; their own view has them all.
const MOST_EVENTS: usize = 40;

pub(super) fn rows(view: &ClusterView) -> Vec<Row> {
    let mut rows = Vec::new();
    let has_nothing = view.is_empty() && view.objects.is_empty();
    if has_nothing && !view.namespaces.is_empty() {
        let words = strings::nothing_here(&view.namespaces.join(", "));
        rows.push(Row::plain(Body::Words(words)));
    }
    let several = view.namespaces.len() > 1;
    for namespace in &view.namespaces {
        let before = rows.len();
        if several {
            rows.push(self::namespace(namespace));
        }
        in_namespace(view, namespace, &mut rows);
        if several && rows.len() == before + 1 {
            rows.pop();
        }
    }
    let nodes = view.nodes.iter();
    rows.extend(
        nodes
            .filter(|node| view.is_empty() || !nodes::is_well(node))
            .map(nodes::node),
    );
    if !view.events.is_empty() {
        rows.push(Row::plain(Body::Blank));
        rows.push(Row::plain(Body::Heading(strings::EVENTS.to_owned())));
        rows.extend(view.events.iter().take(MOST_EVENTS).map(events::row));
    }
    rows
}

fn namespace(namespace: &str) -> Row {
    Row::object(
        Reference::known("Namespace", "", namespace),
        ObjectRow {
            name: format!("ns/{namespace}"),
            ..ObjectRow::default()
        },
    )
}

fn in_namespace(view: &ClusterView, namespace: &str, rows: &mut Vec<Row>) {
    for workload in view.workloads.iter().filter(|it| it.namespace == namespace) {
        owner(workload, Branch::default(), Branch::default(), rows);
    }
    for pod in view.pods.iter().filter(|it| it.namespace == namespace) {
        let (name, below) = (format!("pod/{}", pod.name), Branch(vec![Step::Nothing]));
        self::pod(pod, &name, Branch::default(), below, rows);
    }
    let services = view.services.iter().filter(|it| it.namespace == namespace);
    rows.extend(services.map(services::service));
    for it in view.objects.iter().filter(|it| it.namespace == namespace) {
        rows.push(object(it, Branch::default()));
    }
}

fn owner(owner: &OwnerView, branch: Branch, below: Branch, rows: &mut Vec<Row>) {
    rows.push(Row::object(
        Reference::new(
            &owner.api_version,
            &owner.kind,
            &owner.namespace,
            &owner.name,
        ),
        ObjectRow {
            branch,
            name: format!("{}/{}", owner.short, owner.name),
            grade: Some(grade(owner.health)),
            state: owner.detail.clone(),
            facts: Vec::new(),
        },
    ));
    let children = owner.owners.len() + owner.pods.len() + owner.objects.len();
    let mut place = 0;
    let mut next = || {
        place += 1;
        below.child(place == children)
    };
    for child in &owner.owners {
        let (branch, inner) = next();
        self::owner(child, branch, inner, rows);
    }
    for child in &owner.pods {
        let (branch, inner) = next();
        pod(child, &child.name, branch, inner, rows);
    }
    for child in &owner.objects {
        rows.push(object(child, next().0));
    }
}

/// A Pod, and why it is as it is.
pub(super) fn pod(pod: &PodView, name: &str, branch: Branch, below: Branch, rows: &mut Vec<Row>) {
    let mut facts = vec![format!("{}/{}", pod.ready_containers, pod.all_containers)];
    if pod.restarts > 0 {
        facts.push(words::restarts(pod.restarts));
    }
    facts.extend(pod.node.clone());
    facts.extend(pod.ip.clone());
    let images = pod.containers.iter().map(|it| it.image.clone());
    facts.extend(images);
    rows.push(Row::object(
        Reference::known("Pod", &pod.namespace, &pod.name),
        ObjectRow {
            branch,
            name: name.to_owned(),
            grade: Some(grade(pod.health)),
            state: pod.status.clone(),
            facts,
        },
    ));
    if let Some(text) = pod_detail(pod) {
        rows.push(Row::plain(Body::Detail { below, text }));
    }
}

/// The cluster's own words, else how the last container ended.
fn pod_detail(pod: &PodView) -> Option<String> {
    if let Some(detail) = &pod.detail {
        return Some(detail.trim().to_owned());
    }
    let ended = |container: &&ContainerView| container.exit_code.is_some_and(|code| code != 0);
    let container = pod.containers.iter().find(ended)?;
    let reason = container.reason.as_deref().unwrap_or("exit");
    Some(format!(
        "{}: {reason}, exit code {}",
        container.name, container.exit_code?
    ))
}

fn object(object: &ObjectView, branch: Branch) -> Row {
    Row::object(
        Reference::new(
            &object.api_version,
            &object.kind,
            &object.namespace,
            &object.name,
        ),
        ObjectRow {
            branch,
            name: format!("{}/{}", object.short, object.name),
            grade: object.health.map(grade),
            state: object.detail.clone(),
            facts: Vec::new(),
        },
    )
}
