//! The cluster as rows of a tree, in the order in which they are read:
//! workloads with what they own, bare Pods, Services, other objects, nodes.

use crate::sandbox::{
    ClusterView, ContainerView, Health, NodeView, ObjectView, OwnerView, PodView, ServiceView,
};
use crate::tui::theme::{Grade, Theme};

/// One object.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// The tree's branches before the name.
    pub branch: String,
    /// The branches before the lines that explain it.
    pub below: String,
    /// `deploy/web`, or the bare name of an owned Pod.
    pub name: String,
    /// How it does, if that can be judged.
    pub grade: Option<Grade>,
    /// The same in words.
    pub state: String,
    /// Short facts, the dispensable ones last.
    pub facts: Vec<String>,
    /// Why it is as it is, in a sentence.
    pub detail: Option<String>,
}

/// The rows of the view. With several namespaces each has a heading.
pub(super) fn of(view: &ClusterView, theme: &Theme) -> Vec<Row> {
    let mut rows = Vec::new();
    let several = view.namespaces.len() > 1;
    for namespace in &view.namespaces {
        let before = rows.len();
        if several {
            rows.push(Row {
                name: format!("ns/{namespace}"),
                ..Row::default()
            });
        }
        let mut tree = Tree {
            rows: &mut rows,
            theme,
        };
        for workload in view.workloads.iter().filter(|w| w.namespace == *namespace) {
            tree.workload(workload);
        }
        for pod in view.pods.iter().filter(|pod| pod.namespace == *namespace) {
            tree.bare_pod(pod);
        }
        for service in view.services.iter().filter(|s| s.namespace == *namespace) {
            rows.push(service_row(service));
        }
        rows.extend(
            view.objects
                .iter()
                .filter(|object| object.namespace == *namespace)
                .map(object_row),
        );
        if several && rows.len() == before + 1 {
            rows.pop();
        }
    }
    rows.extend(
        view.nodes
            .iter()
            .filter_map(|node| node_row(node, view.is_empty())),
    );
    rows
}

struct Tree<'a> {
    rows: &'a mut Vec<Row>,
    theme: &'a Theme,
}

impl Tree<'_> {
    fn workload(&mut self, workload: &OwnerView) {
        self.owner(workload, String::new(), String::new());
    }

    fn bare_pod(&mut self, pod: &PodView) {
        self.pod(
            pod,
            format!("pod/{}", pod.name),
            String::new(),
            "  ".to_owned(),
        );
    }

    fn owner(&mut self, owner: &OwnerView, branch: String, below: String) {
        self.rows.push(Row {
            branch,
            below: format!("{below}  "),
            name: format!("{}/{}", owner.short, owner.name),
            grade: Some(grade(owner.health)),
            state: format!("{}/{} ready", owner.ready, owner.wanted),
            facts: vec![owner.detail.clone()],
            detail: None,
        });
        let children = owner.owners.len() + owner.pods.len();
        for (index, child) in owner.owners.iter().enumerate() {
            let (branch, inner) = self.branches(&below, index + 1 == children);
            self.owner(child, branch, inner);
        }
        for (index, pod) in owner.pods.iter().enumerate() {
            let last = owner.owners.len() + index + 1 == children;
            let (branch, inner) = self.branches(&below, last);
            self.pod(pod, pod.name.clone(), branch, inner);
        }
    }

    /// The branch to a child, and what stands under it.
    fn branches(&self, below: &str, last: bool) -> (String, String) {
        let [branch, last_branch, line] = self.theme.glyphs.tree;
        if last {
            (format!("{below}{last_branch} "), format!("{below}  "))
        } else {
            (format!("{below}{branch} "), format!("{below}{line} "))
        }
    }

    fn pod(&mut self, pod: &PodView, name: String, branch: String, below: String) {
        let mut facts = vec![format!("{}/{}", pod.ready_containers, pod.all_containers)];
        if pod.restarts > 0 {
            facts.push(format!("{}{}", pod.restarts, self.theme.glyphs.times));
        }
        facts.extend(pod.node.clone());
        facts.extend(pod.ip.clone());
        facts.extend(
            pod.containers
                .iter()
                .map(|container| container.image.clone()),
        );
        self.rows.push(Row {
            branch,
            below: format!("{below}  "),
            name,
            grade: Some(grade(pod.health)),
            state: pod.status.clone(),
            facts,
            detail: pod_detail(pod),
        });
    }
}

/// The cluster's own words, else how the last container ended.
fn pod_detail(pod: &PodView) -> Option<String> {
    if pod.detail.is_some() {
        return pod.detail.clone();
    }
    let ended = |container: &&ContainerView| container.exit_code.is_some_and(|code| code != 0);
    let container = pod.containers.iter().find(ended)?;
    let reason = container.reason.as_deref().unwrap_or("exit");
    Some(format!(
        "{}: {reason}, exit code {}",
        container.name, container.exit_code?
    ))
}

fn service_row(service: &ServiceView) -> Row {
    let mut facts = Vec::new();
    if service.kind != "ClusterIP" {
        facts.push(service.kind.clone());
    }
    facts.push(service.ports.join(" "));
    facts.extend(service.cluster_ip.clone());
    Row {
        name: format!("svc/{}", service.name),
        grade: Some(grade(service.health)),
        state: format!(
            "{} of {} endpoints",
            service.ready_endpoints, service.all_endpoints
        ),
        facts,
        ..Row::default()
    }
}

fn object_row(object: &ObjectView) -> Row {
    Row {
        name: format!("{}/{}", object.short, object.name),
        state: object.detail.clone(),
        ..Row::default()
    }
}

/// Nodes are shown while the namespace is empty, and whenever one is unwell.
fn node_row(node: &NodeView, always: bool) -> Option<Row> {
    let well = node.ready && node.schedulable && node.health == Health::Good;
    if well && !always {
        return None;
    }
    let state = match (node.ready, node.schedulable) {
        (true, true) => "Ready",
        (true, false) => "Ready, cordoned",
        (false, true) => "NotReady",
        (false, false) => "NotReady, cordoned",
    };
    let mut facts = vec![format!("{} pods", node.pods)];
    facts.extend(node.roles.iter().cloned());
    facts.extend(node.zone.clone());
    Some(Row {
        name: format!("node/{}", node.name),
        grade: Some(if node.ready && !node.schedulable {
            Grade::Moving
        } else {
            grade(node.health)
        }),
        state: state.to_owned(),
        facts,
        ..Row::default()
    })
}

fn grade(health: Health) -> Grade {
    match health {
        Health::Good => Grade::Good,
        Health::Progressing | Health::Leaving => Grade::Moving,
        Health::Finished => Grade::Idle,
        Health::Bad => Grade::Bad,
    }
}
