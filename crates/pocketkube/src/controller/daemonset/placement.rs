//! Which nodes a DaemonSet's Pod fits, and what the Pod for one of them looks like. Pure.
//!
//! Mirrors `NodeShouldRunDaemonPod` and `pkg/controller/daemon/util` (v1.35).

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{
    Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec, PodTemplateSpec,
    Toleration,
};

use super::super::history::REVISION_LABEL;
use super::super::pod;
use super::super::pod_control::pod_from_template;
use crate::client::Kind;
use crate::component_helpers::node_selector::{
    NO_EXECUTE, NO_SCHEDULE, matches_required, required_affinity, taints, untolerated,
};

/// Tells how often the template had changed when a Pod was made.
pub(super) const GENERATION_LABEL: &str = "pod-template-generation";
const GENERATION: &str = "deprecated.daemonset.template.generation";
const NODE_NAME: &str = "metadata.name";

/// Troubles of a node that no daemon shrinks from.
const TOLERATED: &[(&str, &str)] = &[
    ("node.kubernetes.io/not-ready", NO_EXECUTE),
    ("node.kubernetes.io/unreachable", NO_EXECUTE),
    ("node.kubernetes.io/disk-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/memory-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/pid-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/unschedulable", NO_SCHEDULE),
];
/// One more that Pods on the host's network bear.
const HOST_NETWORK: (&str, &str) = ("node.kubernetes.io/network-unavailable", NO_SCHEDULE);

pub(super) fn generation(set: &DaemonSet) -> Option<&str> {
    set.annotation(GENERATION)
}

/// The template of the set's Pods, with labels and tolerations that every one gets.
pub(super) fn template(set: &DaemonSet, hash: &str) -> PodTemplateSpec {
    let spec = set.spec.clone().unwrap_or_default();
    let mut template = spec.template;
    let metadata = template.metadata.get_or_insert_default();
    let labels = metadata.labels.get_or_insert_default();
    if let Some(generation) = generation(set) {
        labels.insert(GENERATION_LABEL.to_owned(), generation.to_owned());
    }
    if !hash.is_empty() {
        labels.insert(REVISION_LABEL.to_owned(), hash.to_owned());
    }
    tolerate(template.spec.get_or_insert_default());
    template
}

fn tolerate(spec: &mut PodSpec) {
    let extra = (spec.host_network == Some(true)).then_some(&HOST_NETWORK);
    let tolerations = spec.tolerations.get_or_insert_default();
    for (key, effect) in TOLERATED.iter().chain(extra) {
        let toleration = Toleration {
            key: Some((*key).to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some((*effect).to_owned()),
            ..Toleration::default()
        };
        if !tolerations.contains(&toleration) {
            tolerations.push(toleration);
        }
    }
}

/// The Pod for one node: its affinity leaves the scheduler no choice.
pub(super) fn pod_for(set: &DaemonSet, template: &PodTemplateSpec, node: &str) -> Pod {
    let mut pod = pod_from_template(set, template);
    let spec = pod.spec.get_or_insert_default();
    let affinity = spec.affinity.get_or_insert_default();
    let affinity = affinity.node_affinity.get_or_insert_default();
    affinity.required_during_scheduling_ignored_during_execution = Some(NodeSelector {
        node_selector_terms: vec![NodeSelectorTerm {
            match_expressions: None,
            match_fields: Some(vec![NodeSelectorRequirement {
                key: NODE_NAME.to_owned(),
                operator: "In".to_owned(),
                values: Some(vec![node.to_owned()]),
            }]),
        }],
    });
    pod
}

/// The node that a Pod is on, or is meant for.
pub(super) fn node_of(pod: &Pod) -> Option<String> {
    let bound = pod::node_name(pod);
    if !bound.is_empty() {
        return Some(bound.to_owned());
    }
    let selector = required_affinity(pod.spec.as_ref()?)?;
    let terms = selector.node_selector_terms.iter();
    let mut fields = terms.flat_map(|term| term.match_fields.iter().flatten());
    let field = fields.find(|field| field.key == NODE_NAME && field.operator == "In")?;
    match field.values.as_deref() {
        Some([node]) => Some(node.clone()),
        _ => None,
    }
}

/// Whether a Pod should start on a node, and whether one that is there may stay.
pub(super) fn fits(template: &PodTemplateSpec, node: &Node) -> (bool, bool) {
    let spec = template.spec.clone().unwrap_or_default();
    let named = spec.node_name.as_deref().unwrap_or_default();
    if (!named.is_empty() && named != node.name()) || !matches_required(&spec, node) {
        return (false, false);
    }
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let bears = |effects: &[&str]| untolerated(taints(node), tolerations, effects).is_none();
    let may_stay = bears(&[NO_EXECUTE]);
    (may_stay && bears(&[NO_SCHEDULE]), may_stay)
}
