//! Labels of nodes that Kubernetes itself has given newer names, and the warnings about them.
//!
//! Mirrors `pkg/api/node/util.go` (v1.35).

use crate::api::field::Path;
use crate::api::names;
use crate::registry::validation::Field;

/// Old label, new label, and since when.
const RENAMED: &[(&str, &str, &str)] = &[
    ("beta.kubernetes.io/arch", "kubernetes.io/arch", "v1.14"),
    ("beta.kubernetes.io/os", "kubernetes.io/os", "v1.14"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "topology.kubernetes.io/region",
        "v1.17",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "topology.kubernetes.io/zone",
        "v1.17",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "v1.17",
    ),
];

/// The name that a label of old has today.
pub fn newer_label(label: &str) -> Option<&'static str> {
    RENAMED
        .iter()
        .find(|(old, ..)| *old == label)
        .map(|(_, new, _)| *new)
}

/// What to say about a label of nodes; nothing where it is fine.
pub fn deprecation(label: &str) -> Option<String> {
    if let Some((_, new, since)) = RENAMED.iter().find(|(old, ..)| *old == label) {
        return Some(format!("deprecated since {since}; use {new:?} instead"));
    }
    let words = match label {
        "app.kubernetes.io/created-by" => "deprecated since v1.9",
        "scheduler.alpha.kubernetes.io/preferAvoidPods" => {
            "deprecated since v1.22; use Taints and Tolerations instead"
        }
        "node-role.kubernetes.io/master" => "use \"node-role.kubernetes.io/control-plane\" instead",
        _ => return None,
    };
    Some(words.to_owned())
}

/// `PATH: WORDS` about a label that stands at `path`.
pub fn warning(label: &str, path: &Path) -> Option<String> {
    deprecation(label).map(|words| format!("{path}: {words}"))
}

/// `PATH: LABEL is WORDS` about a label that stands somewhere as a value.
pub fn warning_with_label(label: &str, path: &Path) -> Option<String> {
    deprecation(label).map(|words| format!("{path}: {label} is {words}"))
}

/// Whether values that no label can have are worth a warning, where they are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    Warned,
    Passed,
}

/// Warnings about a `NodeSelectorTerm`.
pub fn term_warnings(term: &Field<'_>, values: Values) -> Vec<String> {
    let mut warnings = Vec::new();
    for expression in term.child("matchExpressions").items() {
        let key = expression.child("key");
        warnings.extend(warning_with_label(key.text(), &key.path));
        if values == Values::Passed {
            continue;
        }
        for value in expression.child("values").items() {
            for fault in names::label_value(value.text()) {
                let (path, text) = (&value.path, value.text());
                warnings.push(format!("{path}: {text} is invalid, {fault}"));
            }
        }
    }
    warnings
}

/// Warnings about a label selector that picks nodes.
pub fn selector_warnings(selector: &Field<'_>) -> Vec<String> {
    let mut warnings = term_warnings(selector, Values::Passed);
    let labels = selector.child("matchLabels");
    for (label, _) in labels.entries() {
        warnings.extend(warning(label, &labels.path.child(label)));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_of_old_are_told_by_their_new_names() {
        let selector = json!({
            "matchExpressions": [{"key": "beta.kubernetes.io/instance-type", "operator": "Exists"}],
            "matchLabels": {"failure-domain.beta.kubernetes.io/zone": "a", "fine": "b"},
        });
        assert_eq!(
            selector_warnings(&Field::new(&selector, "nodeTopology")),
            [
                "nodeTopology.matchExpressions[0].key: beta.kubernetes.io/instance-type is deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
                "nodeTopology.matchLabels.failure-domain.beta.kubernetes.io/zone: deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
            ]
        );
    }

    #[test]
    fn values_that_no_label_has_are_told_where_they_are_let_through() {
        let term = json!({"matchExpressions": [{"key": "a", "operator": "In", "values": ["-"]}]});
        let term = Field::new(&term, "preference");
        assert!(term_warnings(&term, Values::Passed).is_empty());
        let warnings = term_warnings(&term, Values::Warned);
        assert!(
            warnings[0].starts_with("preference.matchExpressions[0].values[0]: - is invalid, "),
            "{warnings:?}"
        );
    }
}
