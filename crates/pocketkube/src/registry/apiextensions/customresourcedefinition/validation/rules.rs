//! Rules in CEL: they must compile, fit the types of the schema, say what is wrong, and not cost
//! too much, each by itself and all together.
//!
//! Mirrors `ValidateCustomResourceDefinitionOpenAPISchema` and `CELSchemaContext` in
//! `apiextensions-apiserver/pkg/apis/apiextensions/validation` (v1.35).

use std::collections::BTreeSet;

use serde_json::Value;

use super::selectable::schema_at;
use super::structural;
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

/// What is wrong with the rules of one part of a schema, before anything is compiled.
pub(super) fn words(schema: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = path.child("x-kubernetes-validations");
    for (index, rule) in elements(&schema["x-kubernetes-validations"])
        .iter()
        .enumerate()
    {
        let path = path.index(index);
        errors.extend(message(rule, &path));
        let expression = text(rule, "messageExpression");
        if !expression.is_empty() && expression.trim().is_empty() {
            let why = "messageExpression must be non-empty if specified";
            errors.push(Error::required(path.child("messageExpression"), why));
        }
        if let Some(reason) = rule["reason"].as_str()
            && !REASONS.contains(&reason)
        {
            let path = path.child("reason");
            errors.push(Error::not_supported(path, reason, REASONS));
        }
        let field_path = text(rule, "fieldPath");
        let mut wrong = |is_so: bool, why: &str| {
            let error = || Error::invalid(path.child("fieldPath"), field_path, why);
            errors.extend((is_so && !field_path.is_empty()).then(error));
        };
        let is_blank = field_path.trim().is_empty();
        wrong(is_blank, "fieldPath must be non-empty if specified");
        let breaks = has_line_breaks(field_path);
        wrong(breaks, "fieldPath must not contain line breaks");
        let leads_nowhere = structural::unsupported(schema).is_none()
            && schema_at(schema, field_path, true).is_err();
        wrong(leads_nowhere, "fieldPath must be a valid path");
    }
    errors
}

fn message(rule: &Value, path: &Path) -> Option<Error> {
    let expression = text(rule, "rule").trim();
    let message = text(rule, "message");
    let trimmed = message.trim();
    let path = |field: &str| path.child(field);
    let invalid = |why: &str| Some(Error::invalid(path("message"), message, why));
    if expression.is_empty() {
        Some(Error::required(path("rule"), "rule is not specified"))
    } else if !message.is_empty() && trimmed.is_empty() {
        invalid("message must be non-empty if specified")
    } else if has_line_breaks(trimmed) {
        invalid("message must not contain line breaks")
    } else if has_line_breaks(expression) && trimmed.is_empty() {
        let why = "message must be specified if rule contains line breaks";
        Some(Error::required(path("message"), why))
    } else {
        None
    }
}

fn has_line_breaks(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

/// Every rule is compiled, but for those of the parts where something is wrong already.
pub(super) fn validate(schema: &Value, path: &Path, wrong: &BTreeSet<String>) -> ErrorList {
    let mut walk = Walk {
        errors: ErrorList::new(),
        wrong,
        cost: 0,
        dearest: Vec::new(),
    };
    let root = Place {
        is_object: true,
        uncorrelatable: None,
        count: Some(1),
    };
    walk.visit(schema, path, root);
    walk.total(path);
    walk.errors
}

struct Walk<'w> {
    errors: ErrorList,
    wrong: &'w BTreeSet<String>,
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

impl Walk<'_> {
    fn visit(&mut self, schema: &Value, path: &Path, place: Place<'_>) {
        let for_entries = match text(schema, "x-kubernetes-map-type") {
            "atomic" => place.uncorrelatable.or(Some(path)),
            _ => place.uncorrelatable,
        };
        let each = &schema["additionalProperties"];
        if each.is_object() {
            let bound = schema["maxProperties"].as_u64();
            let below = place.below(each, place.uncorrelatable, bound);
            self.visit(each, &path.child("additionalProperties"), below);
        }
        for (name, property) in entries(&schema["properties"]) {
            let path = path.child("properties").key(name);
            let below = place.below(property, for_entries, Some(1));
            self.visit(property, &path, below);
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
        if self.wrong.contains(path.as_str()) {
            return;
        }
        let rules = path.child("x-kubernetes-validations");
        for (index, rule) in elements(&schema["x-kubernetes-validations"])
            .iter()
            .enumerate()
        {
            self.expressions(rule, schema, &rules.index(index), place);
        }
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
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
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
