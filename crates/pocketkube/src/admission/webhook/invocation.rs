//! Whether a webhook is asked about a request, and in which form it sees the objects.
//!
//! Mirrors `Webhook.ShouldCallHook` in `plugin/webhook/generic/webhook.go` and
//! `plugin/webhook/matchconditions/matcher.go` (v1.35).

use std::sync::Arc;

use serde_json::Value;

use super::super::matching::{Form, name_of, webhook_form};
use super::super::{Attributes, request};
use super::source::Webhook;
use crate::api::StatusError;
use crate::api::cel::{self, Budget, Expression, Failure};
use crate::registry::{Registry, ResourceDef};

/// What a webhook is to be asked.
pub(super) struct Invocation {
    form: Form,
    /// The objects in that form; null where there is none.
    pub(super) object: Value,
    pub(super) old: Value,
}

impl Invocation {
    /// `None` where the webhook has no word in the request. Fails where its conditions cannot be
    /// evaluated and it fails closed.
    pub(super) async fn of(
        webhook: &Webhook,
        object: &Value,
        attributes: &Attributes<'_>,
        registry: &Registry,
    ) -> Result<Option<Self>, StatusError> {
        let Some(form) = webhook_form(&webhook.entry, object, attributes, registry) else {
            return Ok(None);
        };
        let row = row(&form, attributes);
        let old = attributes.old.unwrap_or(&Value::Null);
        let invocation = Self {
            object: shown(registry, row, object).await?,
            old: shown(registry, row, old).await?,
            form,
        };
        if webhook.conditions.is_empty() {
            return Ok(Some(invocation));
        }
        match invocation.meets(&webhook.conditions, attributes) {
            Ok(true) => Ok(Some(invocation)),
            Ok(false) => Ok(None),
            Err(_) if webhook.fails_open => Ok(None),
            Err(why) => {
                let resource = attributes.resource.group_resource();
                let name = name_of(object, attributes);
                Err(StatusError::forbidden(&resource, name, &why))
            }
        }
    }

    /// The resource as the webhook sees it.
    pub(super) fn row<'a>(&'a self, attributes: &Attributes<'a>) -> &'a ResourceDef {
        row(&self.form, attributes)
    }

    /// One condition that does not hold outweighs others that have no value.
    fn meets(
        &self,
        conditions: &[Expression],
        attributes: &Attributes<'_>,
    ) -> Result<bool, String> {
        let request = request::describe(attributes, self.row(attributes));
        let variables = [
            ("object", cel::from_json(&self.object)),
            ("oldObject", cel::from_json(&self.old)),
            ("request", cel::from_json(&request)),
        ];
        let mut errors = Vec::new();
        let mut budget = Budget::of_conditions();
        for condition in conditions {
            match condition.evaluate_within(&variables, &mut budget) {
                Ok(cel::Value::Bool(true)) => {}
                Ok(_) => return Ok(false),
                Err(failure @ Failure::Budget) => return Err(failure.to_string()),
                Err(failure) => errors.push(format!(
                    "expression '{}' resulted in error: {failure}",
                    condition.text()
                )),
            }
        }
        match errors.as_slice() {
            [] => Ok(true),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
    }
}

fn row<'a>(form: &'a Form, attributes: &Attributes<'a>) -> &'a ResourceDef {
    match form {
        Form::AsRequested => attributes.resource,
        Form::As(row) => Arc::as_ref(row),
    }
}

/// An object in the form of a served version.
async fn shown(
    registry: &Registry,
    row: &ResourceDef,
    object: &Value,
) -> Result<Value, StatusError> {
    if object.is_null() {
        return Ok(Value::Null);
    }
    let conversion = row.conversion.as_ref();
    match conversion.and_then(|conversion| conversion.from_storage(object)) {
        Some(converted) => Ok(converted),
        None => registry.present_value(row, object.clone()).await,
    }
}
