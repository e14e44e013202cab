//! Label and field selectors of a request, over the fields that its kind lets be selected.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::call::Call;
use crate::api::selector::{FieldSelector, LabelSelector, SelectorError};
use crate::api::{Object, StatusError};
use crate::registry::ResourceDef;

/// Which objects a request is about.
pub(super) struct Selection {
    resource: Arc<ResourceDef>,
    /// A watch of one object names it in its path.
    name: String,
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selection {
    /// Reads the selectors of a call; fails with `BadRequest` where they are malformed or name a
    /// field that cannot be selected.
    pub fn parse(resource: &Arc<ResourceDef>, call: &Call) -> Result<Self, StatusError> {
        let options = &call.options.list;
        let bad = |error: SelectorError| StatusError::bad_request(error.to_string());
        let labels = LabelSelector::parse(&options.label_selector).map_err(bad)?;
        let fields = FieldSelector::parse(&options.field_selector).map_err(bad)?;
        for term in fields.terms() {
            if !is_selectable(resource, &term.field) {
                return Err(StatusError::bad_request(unknown_field(
                    resource,
                    &term.field,
                )));
            }
        }
        Ok(Self {
            resource: resource.clone(),
            name: call.name.clone(),
            labels,
            fields,
        })
    }

    pub fn is_everything(&self) -> bool {
        self.name.is_empty() && self.labels.is_empty() && self.fields.is_empty()
    }

    pub fn matches(&self, object: &Object) -> bool {
        (self.name.is_empty() || self.name == object.name())
            && (self.fields.is_empty() || self.fields.matches(|field| self.read(object, field)))
            && (self.labels.is_empty() || self.labels.matches_object(object.value()))
    }

    fn read<'a>(&self, object: &'a Object, field: &str) -> Option<Cow<'a, str>> {
        match field {
            "metadata.name" => Some(object.name().into()),
            "metadata.namespace" => Some(object.namespace().into()),
            _ => self
                .resource
                .selectable_fields
                .iter()
                .find(|selectable| selectable.name == field)
                .map(|selectable| selectable.read(object.value())),
        }
    }
}

/// Kinds with selectable fields of their own refuse others in other words than the rest.
fn unknown_field(resource: &ResourceDef, field: &str) -> String {
    if resource.selectable_fields.is_empty() {
        format!(
            "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        )
    } else {
        format!("field label not supported: {field}")
    }
}

fn is_selectable(resource: &ResourceDef, field: &str) -> bool {
    match field {
        "metadata.name" => true,
        "metadata.namespace" => resource.is_namespaced(),
        _ => resource
            .selectable_fields
            .iter()
            .any(|selectable| selectable.name == field),
    }
}

/// A LabelSelector in the form of a query; empty where it is malformed.
pub(super) fn label_selector_text(selector: &Value) -> String {
    LabelSelector::from_value(selector)
        .map(|selector| selector.to_string())
        .unwrap_or_default()
}
