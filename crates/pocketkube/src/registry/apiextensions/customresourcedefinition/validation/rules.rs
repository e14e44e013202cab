//! Rules in CEL: they must compile, name fields that exist, and say what is wrong.

use kube_cel::cel::common::ast::{Expr, IdedExpr};
use serde_json::Value;

use super::selectable::schema_at;
use crate::api::cel::{self, Expression};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::structural::Rule;
use crate::api::tree::{elements, entries, text};

const REASONS: &[&str] = &[
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
];

pub(super) fn validate(schema: &Value, path: &Path) -> ErrorList {
    let mut walk = Walk::default();
    walk.visit(schema, path, true, None);
    walk.errors
}

#[derive(Default)]
struct Walk {
    errors: ErrorList,
}

impl Walk {
    /// `uncorrelatable` is the part of the schema above in which values of before can't be found.
    fn visit(
        &mut self,
        schema: &Value,
        path: &Path,
        is_object: bool,
        uncorrelatable: Option<&Path>,
    ) {
        for (index, rule) in elements(&schema["x-kubernetes-validations"])
            .iter()
            .enumerate()
        {
            let path = path.child("x-kubernetes-validations").index(index);
            let before = self.errors.len();
            self.words(rule, schema, &path);
            if self.errors.len() == before {
                self.expressions(rule, schema, &path, is_object, uncorrelatable);
            }
        }
        let is_embedded = |schema: &Value| schema["x-kubernetes-embedded-resource"] == true;
        let for_entries = match text(schema, "x-kubernetes-map-type") {
            "atomic" => uncorrelatable.or(Some(path)),
            _ => uncorrelatable,
        };
        for (name, property) in entries(&schema["properties"]) {
            let path = path.child("properties").key(name);
            self.visit(property, &path, is_embedded(property), for_entries);
        }
        if schema["additionalProperties"].is_object() {
            let each = &schema["additionalProperties"];
            let path = path.child("additionalProperties");
            self.visit(each, &path, is_embedded(each), uncorrelatable);
        }
        if schema["items"].is_object() {
            let for_items = match text(schema, "x-kubernetes-list-type") {
                "map" => uncorrelatable,
                _ => uncorrelatable.or(Some(path)),
            };
            let items = &schema["items"];
            self.visit(items, &path.child("items"), is_embedded(items), for_items);
        }
    }

    fn words(&mut self, rule: &Value, schema: &Value, path: &Path) {
        let expression = text(rule, "rule").trim();
        let message = text(rule, "message");
        let trimmed = message.trim();
        let breaks = |text: &str| text.contains(['\n', '\r']);
        let message_path = path.child("message");
        if expression.is_empty() {
            let why = "rule is not specified";
            self.errors.push(Error::required(path.child("rule"), why));
        } else if !message.is_empty() && trimmed.is_empty() {
            let why = "message must be non-empty if specified";
            self.errors.push(Error::invalid(message_path, message, why));
        } else if breaks(trimmed) {
            let why = "message must not contain line breaks";
            self.errors.push(Error::invalid(message_path, message, why));
        } else if breaks(expression) && trimmed.is_empty() {
            let why = "message must be specified if rule contains line breaks";
            self.errors.push(Error::required(message_path, why));
        }
        let message_expression = text(rule, "messageExpression");
        if !message_expression.is_empty() && message_expression.trim().is_empty() {
            let why = "messageExpression must be non-empty if specified";
            let path = path.child("messageExpression");
            self.errors.push(Error::required(path, why));
        }
        if let Some(reason) = rule["reason"].as_str()
            && !REASONS.contains(&reason)
        {
            let path = path.child("reason");
            self.errors
                .push(Error::not_supported(path, reason, REASONS));
        }
        let field_path = text(rule, "fieldPath");
        let why = if field_path.is_empty() {
            return;
        } else if field_path.trim().is_empty() {
            "fieldPath must be non-empty if specified"
        } else if breaks(field_path) {
            "fieldPath must not contain line breaks"
        } else if schema_at(schema, field_path, true).is_err() {
            "fieldPath must be a valid path"
        } else {
            return;
        };
        let path = path.child("fieldPath");
        self.errors.push(Error::invalid(path, field_path, why));
    }

    fn expressions(
        &mut self,
        rule: &Value,
        schema: &Value,
        path: &Path,
        is_object: bool,
        uncorrelatable: Option<&Path>,
    ) {
        let compiled = Rule::read(rule);
        let expression = Expression::new(text(rule, "rule"));
        let outcome = compiled
            .compile()
            .and_then(|()| known_fields(&expression, schema, is_object));
        if let Err(why) = outcome {
            self.errors
                .push(Error::invalid(path.child("rule"), rule.clone(), &why));
            return;
        }
        let message = text(rule, "messageExpression");
        let outcome = compiled
            .compile_message()
            .and_then(|()| known_fields(&Expression::new(message), schema, is_object));
        if !message.trim().is_empty()
            && let Err(why) = outcome
        {
            let why = format!("messageExpression {why}");
            let path = path.child("messageExpression");
            self.errors.push(Error::invalid(path, rule.clone(), &why));
        }
        match (compiled.is_transition(), uncorrelatable) {
            (true, Some(part)) => {
                let why = format!(
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within {part}"
                );
                self.errors
                    .push(Error::invalid(path.child("rule"), text(rule, "rule"), &why));
            }
            (false, _) if !rule["optionalOldSelf"].is_null() => {
                let why = "may not be set if oldSelf is not used in rule";
                let value = rule["optionalOldSelf"].clone();
                self.errors
                    .push(Error::invalid(path.child("optionalOldSelf"), value, why));
            }
            _ => {}
        }
    }
}

/// Refuses selections from `self` of fields that the schema doesn't have.
fn known_fields(expression: &Expression, schema: &Value, is_object: bool) -> Result<(), String> {
    let mut unknown = Vec::new();
    if let Ok(parsed) = expression.parsed() {
        type_of(parsed, schema, is_object, &mut unknown);
    }
    let Some(field) = unknown.first() else {
        return Ok(());
    };
    let text = expression.text();
    let at = text.find(&format!(".{field}")).unwrap_or(0);
    let line = text.lines().next().unwrap_or_default();
    Err(format!(
        "compilation failed: ERROR: <input>:1:{}: undefined field '{field}'\n | {line}\n | {}^",
        at + 1,
        ".".repeat(at)
    ))
}

/// The schema of what an expression selects; `None` where it is not a plain selection. Everything
/// below is looked at too.
fn type_of<'s>(
    expression: &IdedExpr,
    schema: &'s Value,
    is_object: bool,
    unknown: &mut Vec<String>,
) -> Option<(&'s Value, bool)> {
    match &expression.expr {
        Expr::Ident(name) if name == "self" || name == "oldSelf" => Some((schema, is_object)),
        Expr::Select(select) => {
            let (from, is_object) = type_of(&select.operand, schema, is_object, unknown)?;
            if is_object && matches!(select.field.as_str(), "metadata" | "kind" | "apiVersion") {
                return None;
            }
            if text(from, "type") != "object" {
                return None;
            }
            let mut properties = entries(&from["properties"]);
            match properties.find(|(name, _)| cel::escape(name) == select.field) {
                Some((_, property)) => {
                    let is_embedded = property["x-kubernetes-embedded-resource"] == true;
                    Some((property, is_embedded))
                }
                None if !from["additionalProperties"].is_null() => None,
                None => {
                    unknown.push(select.field.clone());
                    None
                }
            }
        }
        Expr::Call(call) => {
            let operands = call.target.iter().map(|target| &**target).chain(&call.args);
            for operand in operands {
                type_of(operand, schema, is_object, unknown);
            }
            None
        }
        Expr::Comprehension(comprehension) => {
            for part in [
                &comprehension.iter_range,
                &comprehension.loop_cond,
                &comprehension.loop_step,
                &comprehension.result,
            ] {
                type_of(part, schema, is_object, unknown);
            }
            None
        }
        Expr::List(list) => {
            for element in &list.elements {
                type_of(element, schema, is_object, unknown);
            }
            None
        }
        _ => None,
    }
}
