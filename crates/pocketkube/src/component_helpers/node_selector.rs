//! Node selectors and tolerations: which nodes a Pod asks for, and which taints it bears.
//!
//! Mirrors `component-helpers/scheduling/corev1` and `.../nodeaffinity` (v1.35).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration,
};

use crate::client::Kind;

pub const NO_SCHEDULE: &str = "NoSchedule";
pub const PREFER_NO_SCHEDULE: &str = "PreferNoSchedule";
pub const NO_EXECUTE: &str = "NoExecute";

/// Whether the node meets `spec.nodeSelector` and the required node affinity.
pub fn matches_required(spec: &PodSpec, node: &Node) -> bool {
    let labels = node.labels();
    let selected = spec
        .node_selector
        .iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value));
    selected && required_affinity(spec).is_none_or(|selector| matches(selector, node))
}

pub fn required_affinity(spec: &PodSpec) -> Option<&NodeSelector> {
    spec.affinity
        .as_ref()?
        .node_affinity
        .as_ref()?
        .required_during_scheduling_ignored_during_execution
        .as_ref()
}

/// Whether any term matches the node.
pub fn matches(selector: &NodeSelector, node: &Node) -> bool {
    selector
        .node_selector_terms
        .iter()
        .any(|term| term_matches(term, node))
}

/// Whether all of a term holds for the node. An empty term matches nothing.
pub fn term_matches(term: &NodeSelectorTerm, node: &Node) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    let labels = node.labels();
    expressions.iter().all(|own| holds(own, labels))
        && fields.iter().all(|own| field_holds(own, node.name()))
}

fn holds(requirement: &NodeSelectorRequirement, labels: &BTreeMap<String, String>) -> bool {
    let value = labels.get(&requirement.key);
    let values = requirement.values.as_deref().unwrap_or_default();
    match requirement.operator.as_str() {
        "In" => value.is_some_and(|value| values.contains(value)),
        "NotIn" => value.is_none_or(|value| !values.contains(value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compares(value, values, |own, than| own > than),
        "Lt" => compares(value, values, |own, than| own < than),
        _ => false,
    }
}

fn compares(value: Option<&String>, values: &[String], test: fn(i64, i64) -> bool) -> bool {
    let own = value.and_then(|value| value.parse().ok());
    let than = values.first().and_then(|value| value.parse().ok());
    matches!((own, than), (Some(own), Some(than)) if test(own, than))
}

/// `metadata.name` is the only field there is.
fn field_holds(requirement: &NodeSelectorRequirement, name: &str) -> bool {
    let values = requirement.values.as_deref().unwrap_or_default();
    let listed = values.iter().any(|value| value == name);
    match (requirement.key.as_str(), requirement.operator.as_str()) {
        ("metadata.name", "In") => listed,
        ("metadata.name", "NotIn") => !listed,
        _ => false,
    }
}

/// The first taint with one of the effects that no toleration bears.
pub fn untolerated<'a>(
    taints: &'a [Taint],
    tolerations: &[Toleration],
    effects: &[&str],
) -> Option<&'a Taint> {
    taints
        .iter()
        .filter(|taint| effects.contains(&taint.effect.as_str()))
        .find(|taint| !tolerations.iter().any(|own| tolerates(own, taint)))
}

pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let key = toleration.key.as_deref().unwrap_or_default();
    if (!effect.is_empty() && effect != taint.effect) || (!key.is_empty() && key != taint.key) {
        return false;
    }
    match toleration.operator.as_deref().unwrap_or_default() {
        "" | "Equal" => {
            toleration.value.as_deref().unwrap_or_default()
                == taint.value.as_deref().unwrap_or_default()
        }
        "Exists" => true,
        _ => false,
    }
}

pub fn taints(node: &Node) -> &[Taint] {
    let spec = node.spec.as_ref();
    spec.and_then(|spec| spec.taints.as_deref())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_term(term: serde_json::Value, expected: bool) {
        let node: Node = serde_json::from_value(json!({
            "metadata": {"name": "n1", "labels": {"cores": "16", "disk": "ssd"}},
        }))
        .unwrap();
        let parsed: NodeSelectorTerm = serde_json::from_value(term.clone()).unwrap();
        assert_eq!(term_matches(&parsed, &node), expected, "{term}");
    }

    #[test]
    fn operators_compare_labels_and_the_name() {
        let expression = |operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": "cores", "operator": operator, "values": values}]});
        check_term(expression("Gt", &["8"]), true);
        check_term(expression("Lt", &["8"]), false);
        check_term(expression("In", &["8", "16"]), true);
        check_term(expression("NotIn", &["16"]), false);
        check_term(expression("Exists", &[]), true);
        check_term(expression("DoesNotExist", &[]), false);
        check_term(
            json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}),
            true,
        );
        check_term(json!({}), false);
    }

    #[track_caller]
    fn check_toleration(toleration: serde_json::Value, expected: bool) {
        let taint: Taint =
            serde_json::from_value(json!({"key": "a", "value": "b", "effect": "NoSchedule"}))
                .unwrap();
        let parsed: Toleration = serde_json::from_value(toleration.clone()).unwrap();
        assert_eq!(tolerates(&parsed, &taint), expected, "{toleration}");
    }

    #[test]
    fn a_toleration_bears_what_it_names() {
        check_toleration(json!({"operator": "Exists"}), true);
        check_toleration(json!({"key": "a", "operator": "Exists"}), true);
        check_toleration(json!({"key": "a", "value": "b"}), true);
        check_toleration(json!({"key": "a", "value": "c"}), false);
        check_toleration(
            json!({"key": "a", "operator": "Exists", "effect": "NoExecute"}),
            false,
        );
        check_toleration(json!({"key": "x", "operator": "Exists"}), false);
    }
}
