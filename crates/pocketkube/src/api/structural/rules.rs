//! Rules in CEL (`x-kubernetes-validations`): held against values, and against what they were.
//!
//! Mirrors `apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go` (v1.35).

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::{Kind, Node};
use crate::api::cel::{self, Budget, Checked, Declaration, Expression, Failure};
use crate::api::field::{Error, ErrorList, ErrorType, Path};
use crate::api::tree::text;

/// Longest message that an expression may make.
const MOST_MESSAGE_BYTES: usize = 5 * 1024;

/// One rule of a schema.
#[derive(Debug)]
pub struct Rule {
    rule: Expression,
    message: String,
    message_expression: Option<Expression>,
    reason: String,
    field_path: String,
    optional_old_self: bool,
    is_transition: OnceLock<bool>,
}

impl Rule {
    /// Reads one entry of `x-kubernetes-validations`.
    pub fn read(rule: &Value) -> Self {
        let message_expression = text(rule, "messageExpression");
        let optional_old_self = rule["optionalOldSelf"] == true;
        let optional: &[&str] = if optional_old_self { &["oldSelf"] } else { &[] };
        Self {
            rule: Expression::with_optional(text(rule, "rule"), optional),
            message: text(rule, "message").trim().to_owned(),
            message_expression: (!message_expression.trim().is_empty())
                .then(|| Expression::with_optional(message_expression, optional)),
            reason: text(rule, "reason").to_owned(),
            field_path: text(rule, "fieldPath").to_owned(),
            optional_old_self,
            is_transition: OnceLock::new(),
        }
    }

    /// What the rule gives and costs for values of `own`; the error says what is wrong with it.
    pub fn check<'s>(&self, own: &Declaration<'s>) -> Result<Checked<'s>, String> {
        self.check_expression(&self.rule, own)
    }

    /// The same for the expression that makes the message, if there is one.
    pub fn check_message<'s>(&self, own: &Declaration<'s>) -> Option<Result<Checked<'s>, String>> {
        let expression = self.message_expression.as_ref()?;
        Some(self.check_expression(expression, own))
    }

    fn check_expression<'s>(
        &self,
        expression: &Expression,
        own: &Declaration<'s>,
    ) -> Result<Checked<'s>, String> {
        expression.compile(VARIABLES)?;
        let mut variables = vec![("self", own.clone())];
        // What may be missing is asked differently.
        if !self.optional_old_self {
            variables.push(("oldSelf", own.clone()));
        }
        cel::check(expression, &variables)
    }

    /// Whether the rule compares with the value before.
    pub fn is_transition(&self) -> bool {
        *self.is_transition.get_or_init(|| self.rule.uses("oldSelf"))
    }

    /// The rule as errors about it name it.
    fn named(&self) -> &str {
        match self.message.as_str() {
            "" => self.rule.text().trim(),
            message => message,
        }
    }
}

const VARIABLES: &[&str] = &["self", "oldSelf"];

/// Adds what the rules say to the errors there are.
pub(super) fn validate(object: &Value, old: Option<&Value>, root: &Node, errors: &mut ErrorList) {
    if !root.has_rules {
        return;
    }
    if errors.iter().any(blocks_rules) {
        errors.push(Error::invalid(
            Path::default(),
            Value::Null,
            "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
        ));
        return;
    }
    let mut walk = Walk {
        errors,
        budget: Budget::of_request(),
        is_over: false,
    };
    walk.visit(object, old, root, root, Place::root(old.is_some()));
}

/// Mistakes that would make rules fail in confusing ways.
fn blocks_rules(error: &Error) -> bool {
    matches!(
        error.error_type,
        ErrorType::NotSupported
            | ErrorType::Required
            | ErrorType::TooLong
            | ErrorType::TooMany
            | ErrorType::TypeInvalid
    )
}

struct Walk<'w> {
    errors: &'w mut ErrorList,
    /// What all rules about the object may cost.
    budget: Budget,
    /// Whether a rule cost too much: then no others are looked at.
    is_over: bool,
}

/// Where the walk is.
#[derive(Clone)]
struct Place {
    path: Path,
    /// Whether this is an object with its own metadata.
    is_object: bool,
    /// Whether the nearest part that can be compared with its former self is as it was.
    is_unchanged: bool,
    is_update: bool,
}

impl Place {
    fn root(is_update: bool) -> Self {
        Self {
            path: Path::default(),
            is_object: true,
            is_unchanged: false,
            is_update,
        }
    }

    fn below(&self, path: Path, node: &Node, value: &Value, old: Option<&Value>) -> Self {
        let is_unchanged = match old {
            Some(old) => old == value,
            None => self.is_unchanged,
        };
        Self {
            path,
            is_object: node.embedded,
            is_unchanged: self.is_update && is_unchanged,
            is_update: self.is_update,
        }
    }
}

impl Walk<'_> {
    /// `node` holds the rules, `shape` says what the value is: they differ below `allOf`.
    fn visit(
        &mut self,
        value: &Value,
        old: Option<&Value>,
        node: &Node,
        shape: &Node,
        place: Place,
    ) {
        if value.is_null() || !node.has_rules || self.is_over {
            return;
        }
        self.rules(value, old, node, shape, &place);
        for nested in node.checks.iter().flat_map(|checks| &checks.all_of) {
            self.visit(value, old, nested, shape, place.clone());
        }
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let (Some(child), Some(shape_child)) = (node.entry(key), shape.entry(key))
                    else {
                        continue;
                    };
                    let old = match shape.map_is_atomic {
                        true => None,
                        false => old.and_then(|old| old.get(key)),
                    };
                    let path = match node.properties.contains_key(key) {
                        true => place.path.child(key),
                        false => place.path.key(key),
                    };
                    let below = place.below(path, shape_child, value, old);
                    self.visit(value, old, child, shape_child, below);
                }
            }
            Value::Array(list) => {
                let (Some(items), Some(shape_items)) = (&node.items, &shape.items) else {
                    return;
                };
                for (index, item) in list.iter().enumerate() {
                    let old = shape.before(item, old);
                    let below = place.below(place.path.index(index), shape_items, item, old);
                    self.visit(item, old, items, shape_items, below);
                }
            }
            _ => {}
        }
    }

    fn rules(
        &mut self,
        value: &Value,
        old: Option<&Value>,
        node: &Node,
        shape: &Node,
        place: &Place,
    ) {
        if node.rules.is_empty() {
            return;
        }
        let current = to_cel(value, shape, place.is_object);
        let former = old.map(|old| to_cel(old, shape, place.is_object));
        for rule in &node.rules {
            let is_transition = rule.is_transition();
            if is_transition && former.is_none() && !rule.optional_old_self {
                continue;
            }
            // What was wrong before and is untouched is let pass.
            if !is_transition && place.is_unchanged {
                continue;
            }
            let mut variables = vec![("self", current.clone())];
            match (&former, rule.optional_old_self) {
                (former, true) => variables.push(("oldSelf", cel::optional_value(former.clone()))),
                (Some(former), false) => variables.push(("oldSelf", former.clone())),
                (None, false) => {}
            }
            let verdict = self.judge(rule, &variables, shape, &place.path);
            self.errors.extend(verdict);
            if self.is_over {
                return;
            }
        }
    }
}

impl Walk<'_> {
    fn judge(
        &mut self,
        rule: &Rule,
        variables: &[(&str, cel::Value)],
        shape: &Node,
        path: &Path,
    ) -> Option<Error> {
        let type_name = type_name(shape);
        let failed = match rule.rule.evaluate_within(variables, &mut self.budget) {
            Ok(cel::Value::Bool(true)) => return None,
            Ok(_) => None,
            Err(failure) => Some(self.words_of(&failure, rule)),
        };
        if let Some(detail) = failed {
            return Some(Error::invalid(path.clone(), type_name, &detail));
        }
        let detail = match self.message(rule, variables) {
            Ok(message) => message,
            Err(detail) => return Some(Error::invalid(path.clone(), type_name, detail)),
        };
        let path = match rule.field_path.as_str() {
            "" => path.clone(),
            field => join(path, field),
        };
        Some(match rule.reason.as_str() {
            "FieldValueForbidden" => Error::forbidden(path, &detail),
            "FieldValueRequired" => Error::required(path, &detail),
            "FieldValueDuplicate" => Error::duplicate(path, type_name),
            _ => Error::invalid(path, type_name, &detail),
        })
    }

    /// Why a rule has no value. What costs too much is the last rule that is looked at.
    fn words_of(&mut self, failure: &Failure, rule: &Rule) -> String {
        let named = rule.named();
        match failure {
            Failure::Budget => {
                self.is_over = true;
                failure.to_string()
            }
            Failure::CallLimit => {
                self.is_over = true;
                format!(
                    "'{failure}': no further validation rules will be run due to call cost exceeds limit for rule: {named}"
                )
            }
            Failure::Evaluation(words) if words == "no such overload" => format!(
                "'{failure}': call arguments did not match a supported operator, function or macro signature for rule: {named}"
            ),
            Failure::Evaluation(_) => format!("{failure} evaluating rule: {named}"),
        }
    }

    /// What is said of a rule that does not hold. Fails where saying it costs too much.
    fn message(
        &mut self,
        rule: &Rule,
        variables: &[(&str, cel::Value)],
    ) -> Result<String, &'static str> {
        let made = rule
            .message_expression
            .as_ref()
            .map(|expression| expression.evaluate_within(variables, &mut self.budget));
        match made {
            Some(Err(Failure::Budget)) => {
                self.is_over = true;
                return Err(
                    "messageExpression evaluation failed due to running out of cost budget",
                );
            }
            Some(Ok(cel::Value::String(message))) => {
                let message = message.trim();
                let is_fit = message.len() <= MOST_MESSAGE_BYTES && !message.contains('\n');
                if !message.is_empty() && is_fit {
                    return Ok(message.to_owned());
                }
            }
            _ => {}
        }
        Ok(match rule.message.as_str() {
            "" => format!("failed rule: {}", rule.named()),
            message => message.to_owned(),
        })
    }
}

/// A rule's `fieldPath` (`.a.b`, `['c']`) below the path of its schema.
fn join(path: &Path, field: &str) -> Path {
    let mut path = path.clone();
    for segment in super::field_path(field) {
        path = path.child(&segment);
    }
    path
}

fn type_name(node: &Node) -> &'static str {
    match node.kind {
        Kind::Object => "object",
        Kind::Array => "array",
        Kind::String => "string",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Any | Kind::IntOrString => "",
    }
}

// === Values as rules see them ===

/// Only declared fields are seen, with the types that the schema gives them.
fn to_cel(value: &Value, node: &Node, is_object: bool) -> cel::Value {
    match value {
        Value::Object(map) => cel::map_of(map.iter().filter_map(|(key, value)| {
            if is_object && matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
                return Some((key.clone(), identity(key, value)));
            }
            match (node.properties.get(key), node.entry(key)) {
                (Some(child), _) => Some((cel::escape(key), to_cel(value, child, child.embedded))),
                (None, Some(each)) => Some((key.clone(), to_cel(value, each, each.embedded))),
                (None, None) if matches!(node.additional, super::Additional::Allowed) => {
                    Some((key.clone(), cel::from_json(value)))
                }
                (None, None) => None,
            }
        })),
        Value::Array(list) => {
            let each = list.iter().map(|item| match &node.items {
                Some(items) => to_cel(item, items, items.embedded),
                None => cel::from_json(item),
            });
            cel::Value::List(Arc::new(each.collect()))
        }
        Value::String(text) => formatted(text, node),
        Value::Number(number) => match node.kind {
            Kind::Number => cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            Kind::Integer | Kind::IntOrString if !number.is_i64() && !number.is_u64() => {
                cel::Value::Int(number.as_f64().map_or(0, |number| number as i64))
            }
            _ => cel::from_json(value),
        },
        other => cel::from_json(other),
    }
}

/// Of metadata, rules see the names only.
fn identity(key: &str, value: &Value) -> cel::Value {
    if key != "metadata" {
        return cel::from_json(value);
    }
    let names = ["name", "generateName"].into_iter();
    cel::map_of(names.filter_map(|name| {
        let value = value.get(name)?;
        Some((name.to_owned(), cel::from_json(value)))
    }))
}

/// Moments, spans and bytes are values of their own.
fn formatted(text: &str, node: &Node) -> cel::Value {
    let plain = || cel::Value::String(Arc::new(text.to_owned()));
    let Some(checks) = &node.checks else {
        return plain();
    };
    let convert = |function: &str| {
        let conversion = Expression::new(&format!("{function}(text)"));
        conversion.evaluate(&[("text", plain())])
    };
    match checks.format.as_str() {
        "date-time" => convert("timestamp").unwrap_or_else(|_| plain()),
        "date" => {
            let midnight = cel::Value::String(Arc::new(format!("{text}T00:00:00Z")));
            Expression::new("timestamp(text)")
                .evaluate(&[("text", midnight)])
                .unwrap_or_else(|_| plain())
        }
        "duration" => convert("duration").unwrap_or_else(|_| plain()),
        "byte" => {
            use base64::Engine;
            match base64::engine::general_purpose::STANDARD.decode(text) {
                Ok(bytes) => cel::Value::Bytes(Arc::new(bytes)),
                Err(_) => plain(),
            }
        }
        _ => plain(),
    }
}
