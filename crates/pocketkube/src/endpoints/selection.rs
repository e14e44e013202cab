//! Label and field selectors of a request, over the fields that its kind lets be selected.

use serde_json::Value;

use super::call::Call;
use crate::api::{StatusError, meta};
use crate::registry::ResourceDef;

/// Which objects a request is about.
pub(super) struct Selection {
    name: String,
    labels: Vec<(String, String)>,
}

impl Selection {
    /// Reads the selectors of a call; fails with `BadRequest` where they are malformed or name a
    /// field that cannot be selected.
    pub fn parse(_resource: &ResourceDef, call: &Call) -> Result<Self, StatusError> {
        let labels = call
            .options
            .list
            .label_selector
            .split(',')
            .filter_map(|clause| clause.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.trim_start_matches('=').to_owned()))
            .collect();
        Ok(Self {
            name: call.name.clone(),
            labels,
        })
    }

    pub fn is_everything(&self) -> bool {
        self.name.is_empty() && self.labels.is_empty()
    }

    pub fn matches(&self, object: &Value) -> bool {
        (self.name.is_empty() || self.name == meta::name(object))
            && self
                .labels
                .iter()
                .all(|(key, value)| meta::label(object, key) == Some(value))
    }
}

/// A LabelSelector in the form of a query.
pub(super) fn label_selector_text(selector: &Value) -> String {
    let Some(labels) = selector["matchLabels"].as_object() else {
        return String::new();
    };
    let clauses: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    clauses.join(",")
}
