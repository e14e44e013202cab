//! Cells that several kinds show: labels, selectors, containers and images.
//!
//! Mirrors `labels.FormatLabels`, `metav1.FormatLabelSelector` and `layoutContainerCells` of
//! `pkg/printers/internalversion/printers.go` (v1.35).

use serde_json::Value;

use crate::api::selector::LabelSelector;
use crate::api::tree::{elements, entries, text};

const NONE: &str = "<none>";

/// A map of labels as `a=b,c=d`.
pub fn labels_cell(labels: &Value) -> String {
    let pairs: Vec<String> = entries(labels)
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    or_none(pairs.join(","))
}

/// A `metav1.LabelSelector` as `a=b,c in (d,e),!f`.
pub fn label_selector_cell(selector: &Value) -> String {
    match LabelSelector::from_value(selector) {
        Ok(selector) => or_none(selector.to_string()),
        Err(_) => "<error>".to_owned(),
    }
}

/// The names and the images of a list of containers, each joined by commas.
pub fn container_cells(containers: &Value) -> [String; 2] {
    ["name", "image"].map(|field| {
        let texts: Vec<&str> = elements(containers)
            .iter()
            .map(|container| text(container, field))
            .collect();
        texts.join(",")
    })
}

/// A text, or `<none>`.
pub fn or_none(text: impl Into<String>) -> String {
    let text = text.into();
    if text.is_empty() {
        NONE.to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_are_written_as_kubectl_shows_them() {
        let selector = json!({
            "matchLabels": {"b": "1"},
            "matchExpressions": [
                {"key": "c", "operator": "In", "values": ["y", "x"]},
                {"key": "a", "operator": "DoesNotExist"},
            ],
        });
        assert_eq!(label_selector_cell(&selector), "!a,b=1,c in (x,y)");
        assert_eq!(label_selector_cell(&json!(null)), "<none>");
        assert_eq!(labels_cell(&json!({"b": "1", "a": "2"})), "a=2,b=1");
    }
}
