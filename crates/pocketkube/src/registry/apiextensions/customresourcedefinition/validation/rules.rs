//! Rules in CEL: they must compile, fit the types of the schema, say what is wrong, and not cost
//! too much, each by itself and all together.
//!
//! Mirrors `ValidateCustomResourceDefinitionOpenAPISchema` and `CELSchemaContext` in
//! `apiextensions-apiserver/pkg/apis/apiextensions/validation` (v1.35).

use serde_json::Value;

use super::selectable::schema_at;
use crate::api::cel::{Checked, Declaration, REQUEST, Type, shortest};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::structural::Rule;
use crate::api::tree::{elements, entries, text};

const REASONS: &[&str] = &[
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
];

/// The most that one expression may cost, for all the values that it is held against.
const MOST_OF_ONE: u64 = 10_000_000;
/// The most that all expressions of a schema may cost.
const MOST_OF_ALL: u64 = 100_000_000;
/// How many of the dearest expressions are named.
const NAMED: usize = 4;

pub(super) fn validate(schema: &Value, path: &Path) -> ErrorList {
    let mut walk = Walk::default();
    let root = Place {
        is_object: true,
        uncorrelatable: None,
        count: Some(1),
    };
    walk.visit(schema, path, root);
    walk.total(path);
    walk.errors
}

#[derive(Default)]
struct Walk {
    errors: ErrorList,
    cost: u64,
    /// The dearest expressions, the dearest first.
    dearest: Vec<(u64, Path)>,
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// Whether this is an object with its own metadata.
    is_object: bool,
    /// The part of the schema above in which values of before can't be found.
    uncorrelatable: Option<&'p Path>,
    /// How many values there may be of this part; `None` where nothing bounds them.
    count: Option<u64>,
}

impl<'p> Place<'p> {
    fn below(self, schema: &Value, uncorrelatable: Option<&'p Path>, bound: Option<u64>) -> Self {
        Self {
            is_object: schema["x-kubernetes-embedded-resource"] == true,
            uncorrelatable,
            count: self
                .count
                .zip(bound)
                .map(|(count, bound)| count.saturating_mul(bound)),
        }
    }
}

impl Walk {
    fn visit(&mut self, schema: &Value, path: &Path, place: Place<'_>) {
        for (index, rule) in elements(&schema["x-kubernetes-validations"])
            .iter()
            .enumerate()
        {
            let path = path.child("x-kubernetes-validations").index(index);
            let before = self.errors.len();
            self.words(rule, schema, &path);
            if self.errors.len() == before {
                self.expressions(rule, schema, &path, place);
            }
        }
        let for_entries = match text(schema, "x-kubernetes-map-type") {
            "atomic" => place.uncorrelatable.or(Some(path)),
            _ => place.uncorrelatable,
        };
        for (name, property) in entries(&schema["properties"]) {
            let path = path.child("properties").key(name);
            let below = place.below(property, for_entries, Some(1));
            self.visit(property, &path, below);
        }
        let each = &schema["additionalProperties"];
        if each.is_object() {
            let bound = schema["maxProperties"].as_u64();
            let below = place.below(each, place.uncorrelatable, bound);
            self.visit(each, &path.child("additionalProperties"), below);
        }
        let items = &schema["items"];
        if items.is_object() {
            let for_items = match text(schema, "x-kubernetes-list-type") {
                "map" => place.uncorrelatable,
                _ => place.uncorrelatable.or(Some(path)),
            };
            let below = place.below(items, for_items, schema["maxItems"].as_u64());
            self.visit(items, &path.child("items"), below);
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

    fn expressions(&mut self, rule: &Value, schema: &Value, path: &Path, place: Place<'_>) {
        let compiled = Rule::read(rule);
        let own = Declaration::of_schema(schema, place.is_object);
        let is_bool = |checked: Checked<'_>| match checked.result {
            Type::Bool | Type::Any => Ok(checked.most),
            _ => Err("cel expression must evaluate to a bool".to_owned()),
        };
        let at = path.child("rule");
        match compiled.check(&own).and_then(is_bool) {
            Ok(cost) => self.charge("estimated rule cost", cost, schema, &at, place),
            Err(why) => {
                self.errors.push(Error::invalid(at, rule.clone(), &why));
                return;
            }
        }
        let is_text = |checked: Checked<'_>| match checked.result {
            Type::String | Type::Any => Ok(checked.most),
            _ => Err("must evaluate to a string".to_owned()),
        };
        let at = path.child("messageExpression");
        match compiled
            .check_message(&own)
            .map(|checked| checked.and_then(is_text))
        {
            None => {}
            Some(Ok(cost)) => {
                let place = Place {
                    count: Some(1),
                    ..place
                };
                self.charge("estimated messageExpression cost", cost, schema, &at, place);
            }
            Some(Err(why)) => {
                let why = format!("messageExpression {why}");
                self.errors.push(Error::invalid(at, rule.clone(), &why));
            }
        }
        match (compiled.is_transition(), place.uncorrelatable) {
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

    /// Adds what an expression costs at most for all values that a request has room for.
    fn charge(&mut self, what: &str, cost: u64, schema: &Value, path: &Path, place: Place<'_>) {
        let count = place.count;
        let count = count.unwrap_or_else(|| REQUEST / (shortest(schema) + 1));
        let cost = cost.saturating_mul(count);
        if cost > MOST_OF_ONE {
            let why = excess(what, cost, MOST_OF_ONE);
            self.errors.push(Error::forbidden(path.clone(), &why));
        }
        self.cost = self.cost.saturating_add(cost);
        let rank = self.dearest.partition_point(|(other, _)| *other >= cost);
        self.dearest.insert(rank, (cost, path.clone()));
        self.dearest.truncate(NAMED);
    }

    fn total(&mut self, path: &Path) {
        if self.cost <= MOST_OF_ALL {
            return;
        }
        for (_, path) in &self.dearest {
            let why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            self.errors.push(Error::forbidden(path.clone(), why));
        }
        let what = "estimated rule cost total for entire OpenAPIv3 schema";
        let why = excess(what, self.cost, MOST_OF_ALL);
        self.errors.push(Error::forbidden(path.clone(), &why));
    }
}

fn excess(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        // Never "a factor of 1.0x".
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}
