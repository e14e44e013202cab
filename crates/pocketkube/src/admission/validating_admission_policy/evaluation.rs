//! One policy held against one request.

use serde_json::Value;

use super::super::matching::namespace_of;
use super::super::{Attributes, request};
use crate::api::cel::{self, Budget, Expression};
use crate::api::tree::{elements, text};
use crate::registry::Registry;

/// A policy with its expressions compiled.
pub(super) struct Policy {
    conditions: Vec<Expression>,
    variables: Vec<(String, Expression)>,
    validations: Vec<Validation>,
}

struct Validation {
    expression: Expression,
    message: String,
    message_expression: Option<Expression>,
    reason: String,
}

/// A validation that does not hold.
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) reason: String,
    /// Whether the expression had no value at all, which `failurePolicy` decides about.
    pub(super) is_error: bool,
}

impl Failure {
    pub(super) fn error(message: String) -> Self {
        Self {
            message,
            reason: String::new(),
            is_error: true,
        }
    }
}

/// The variables that every expression sees.
pub(super) struct Surroundings {
    variables: Vec<(&'static str, cel::Value)>,
}

impl Surroundings {
    pub(super) fn new(object: &Value, attributes: &Attributes<'_>, registry: &Registry) -> Self {
        let old = attributes.old.unwrap_or(&Value::Null);
        let namespace = namespace_of(attributes, registry).unwrap_or_default();
        Self {
            variables: vec![
                ("object", cel::from_json(object)),
                ("oldObject", cel::from_json(old)),
                (
                    "request",
                    cel::from_json(&request::describe(attributes, attributes.resource)),
                ),
                ("namespaceObject", cel::from_json(&namespace)),
            ],
        }
    }
}

impl Policy {
    pub(super) fn read(policy: &Value) -> Self {
        let spec = &policy["spec"];
        let expression = |entry: &Value| Expression::new(text(entry, "expression"));
        Self {
            conditions: elements(&spec["matchConditions"])
                .iter()
                .map(expression)
                .collect(),
            variables: elements(&spec["variables"])
                .iter()
                .map(|entry| (text(entry, "name").to_owned(), expression(entry)))
                .collect(),
            validations: elements(&spec["validations"])
                .iter()
                .map(|entry| {
                    let message = text(entry, "messageExpression");
                    Validation {
                        expression: expression(entry),
                        message: text(entry, "message").trim().to_owned(),
                        message_expression: (!message.is_empty()).then(|| Expression::new(message)),
                        reason: text(entry, "reason").to_owned(),
                    }
                })
                .collect(),
        }
    }

    /// What does not hold, in order.
    pub(super) fn judge(
        &self,
        surroundings: &Surroundings,
        parameter: Option<&Value>,
    ) -> Vec<Failure> {
        let mut variables = surroundings.variables.clone();
        let parameter = parameter.map_or(cel::Value::Null, cel::from_json);
        variables.push(("params", parameter));
        let mut budget = Budget::of_conditions();
        for condition in &self.conditions {
            match condition.evaluate_within(&variables, &mut budget) {
                Ok(cel::Value::Bool(true)) => {}
                Ok(_) => return Vec::new(),
                Err(failure) => {
                    let why = format!("matchCondition evaluation failed: {failure}");
                    return vec![Failure::error(why)];
                }
            }
        }
        let mut budget = Budget::of_request();
        let composed = self.composed(&variables, &mut budget);
        variables.push(("variables", composed));
        let mut failures = Vec::new();
        for validation in &self.validations {
            if let Some(failure) = validation.judge(&variables, &mut budget) {
                failures.push(failure);
            }
            // Whoever spent everything leaves one sentence about it, and nothing else.
            if budget.is_spent() {
                return vec![Failure::error(cel::Failure::Budget.to_string())];
            }
        }
        failures
    }

    /// Each variable may use those before it. One that has no value is missing, which only those
    /// notice who use it.
    fn composed(
        &self,
        variables: &[(&'static str, cel::Value)],
        budget: &mut Budget,
    ) -> cel::Value {
        let mut values: Vec<(String, cel::Value)> = Vec::new();
        for (name, expression) in &self.variables {
            let mut seen = variables.to_vec();
            seen.push(("variables", cel::map_of(values.clone())));
            if let Ok(value) = expression.evaluate_within(&seen, budget) {
                values.push((name.clone(), value));
            }
        }
        cel::map_of(values)
    }
}

impl Validation {
    fn judge(
        &self,
        variables: &[(&'static str, cel::Value)],
        budget: &mut Budget,
    ) -> Option<Failure> {
        let text = self.expression.text().trim();
        match self.expression.evaluate_within(variables, budget) {
            Ok(cel::Value::Bool(true)) => None,
            Ok(_) => Some(Failure {
                message: self.message(variables, budget),
                reason: self.reason.clone(),
                is_error: false,
            }),
            Err(failure) => Some(Failure::error(format!(
                "expression '{text}' resulted in error: {failure}"
            ))),
        }
    }

    fn message(&self, variables: &[(&'static str, cel::Value)], budget: &mut Budget) -> String {
        if let Some(expression) = &self.message_expression
            && let Ok(cel::Value::String(message)) = expression.evaluate_within(variables, budget)
            && !message.trim().is_empty()
            && !message.contains('\n')
        {
            return message.trim().to_owned();
        }
        match self.message.as_str() {
            "" => format!("failed expression: {}", self.expression.text().trim()),
            message => message.to_owned(),
        }
    }
}
